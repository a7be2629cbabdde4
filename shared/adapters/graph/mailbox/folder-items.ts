import { randomBytes } from 'node:crypto';
import { formatInternalDate } from '../../../domain/internal-date.ts';
import type { SegmentStore, StoredMap } from '../../item-map/segment-store.ts';
import type { FolderState, ItemListing } from '../../../domain/mail.ts';
import type { Logger } from '../../../ports/logger.ts';
import { Turns } from '../../turns.ts';
import { lossInWords } from './loss-words.ts';
import { isUntouched, type HalfDoneItems, type ItemCollection, type ListedItem } from './item-collection.ts';
import { placeOf } from './item-mark.ts';
import type { OpenSessions } from './open-sessions.ts';
import type { NewItem, UidMap, UidSegment } from './uid-map.ts';

/**
 * A listing begins this much before what the last one saw: changes may become visible in another order than that of
 * their times, which the servers of one organisation do not count quite alike either.
 */
const overlapMs = 5 * 60_000;
/** A message that is made twice is made again within this time: what was sent first is carried out late. */
const twinsWithinMs = 60 * 60_000;
/** Up to so many items are asked for by their ids; more are found in a listing of the folder. */
const mostByIds = 40;

export interface FolderItemsServices {
  readonly maps: SegmentStore<UidSegment, UidMap>;
  readonly sessions: OpenSessions;
  readonly collectionOf: (folder: string) => ItemCollection;
  readonly log?: Logger | undefined;
}

/**
 * The items of one target folder with their UIDs. New ones get theirs when a listing first shows them or when we have
 * made them. An item of ours that needs several calls is not shown before it is whole. One that was left half done waits
 * unshown, so that the engine finds nothing of it and writes it anew: then it gets what it lacks (`halfDone`). It is
 * never deleted in between, since its user sees it and may have changed it.
 */
export class FolderItems {
  readonly collection: ItemCollection;
  readonly #services: FolderItemsServices;
  #stored: StoredMap<UidMap> | undefined;
  /** Looks and notes go one after the other: each goes on with the same map. */
  readonly #turns = new Turns();
  /** A listing of the whole folder that is asked for span by span, and the UID where the next span begins. */
  #walk: { readonly items: ReadonlyMap<string, ListedItem>; readonly next: number } | undefined;
  /** As the last look since the mailbox was opened found them; undefined before the first one. */
  #halfDone: readonly ListedItem[] | undefined;
  readonly #taken = new Set<string>();
  readonly #place: string;

  constructor(collection: ItemCollection, services: FolderItemsServices) {
    this.collection = collection;
    this.#services = services;
    this.#place = placeOf(collection.folder);
  }

  readonly halfDone: HalfDoneItems = { take: (key, version) => this.#turns.take(() => this.#take(key, version)) };

  /** `messages`: as the server counts them; undefined where it does not, then they are listed. */
  state(messages: number | undefined): Promise<FolderState> {
    return this.#turns.take(async () => {
      const { map } = await this.#map();
      const isKnown = map.listedTo !== undefined && messages !== undefined && messages === map.size;
      const listed = isKnown ? undefined : await this.#look(this.#since(map));
      return {
        uidValidity: map.uidValidity,
        uidNext: map.uidNext,
        messages: messages ?? listed?.size ?? map.size,
      };
    });
  }

  list(from: number, to: number | undefined): Promise<readonly ItemListing[]> {
    return this.#turns.take(async () => {
      const { map } = await this.#map();
      const there = to === undefined ? await this.#fresh(map, from) : await this.#bounded(map, from, to);
      return map.between(from, to ?? Infinity).flatMap(({ id, uid }) => {
        const item = there.get(id);
        return item === undefined ? [] : [listingOf(uid, item)];
      });
    });
  }

  /**
   * What became of what we had made of an item: of another version of it, since the engine wants to write this one. What
   * its user deleted is not written again. `there`: ids of what is in the folder.
   */
  async fateOf(key: string, there: () => Promise<ReadonlySet<string>>): Promise<'none' | 'here' | 'moved' | 'deleted'> {
    const { map } = await this.#map();
    const versions = map.versionsOf(key);
    if (versions.length === 0) return 'none';
    const present = await there();
    if (versions.some(({ id }) => present.has(id))) return 'here';
    const guests = versions.filter(({ home }) => home !== undefined).map(({ id }) => id);
    if ((await this.#present(guests)).length > 0) return 'here';
    for (const { id } of versions) if (await this.collection.exists(id)) return 'moved';
    return 'deleted';
  }

  async idsThere(): Promise<ReadonlySet<string>> {
    return new Set((await this.collection.list(undefined)).map(({ id }) => id));
  }

  ids(uids: readonly number[]): Promise<readonly { readonly uid: number; readonly id: string }[]> {
    return this.#turns.take(async () => {
      const { map } = await this.#map();
      return uids.flatMap((uid) => {
        const id = map.idOf(uid);
        return id === undefined ? [] : [{ uid, id }];
      });
    });
  }

  /** UIDs of items that we made here or moved here, in their order. */
  note(items: readonly NewItem[]): Promise<{ readonly uids: readonly number[]; readonly uidValidity: number }> {
    return this.#turns.take(async () => {
      await this.#add(items);
      const { map } = await this.#map();
      return { uids: items.map(({ id }) => map.uidOf(id) ?? 0), uidValidity: map.uidValidity };
    });
  }

  async #add(items: readonly NewItem[]): Promise<void> {
    this.#walk = undefined;
    await this.#write((known) => {
      const added = items.filter(({ id }) => known.uidOf(id) === undefined);
      return added.length === 0 ? undefined : { added, gone: [] };
    });
  }

  /** Items of another folder that belong here, and that stay there. */
  host(uids: readonly number[], from: FolderItems): Promise<readonly (number | undefined)[]> {
    return this.#turns.take(async () => {
      const { map } = await from.#map();
      const known = uids.map((uid) => map.between(uid, uid)[0]);
      const ids = known.flatMap((item) => (item === undefined ? [] : [item.id]));
      const there = new Set((await from.#present(ids)).map(({ id }) => id));
      const guests = known.flatMap((item): NewItem[] => {
        if (item === undefined || !there.has(item.id)) return [];
        const { id, created, changeKey, key, home = from.collection.folder } = item;
        return [{ id, created, changeKey, home, ...(key === undefined ? {} : { key }) }];
      });
      await this.#add(guests);
      const own = (await this.#map()).map;
      return known.map((item) => (item === undefined ? undefined : own.uidOf(item.id)));
    });
  }

  /** Those that are still there, here or where they lie as guests. */
  async #present(ids: readonly string[]): Promise<readonly ListedItem[]> {
    const { map } = await this.#map();
    const homes = Map.groupBy(ids, (id) => map.item(id)?.home ?? '');
    const found = await Promise.all(
      [...homes].map(([home, some]) => (home === '' ? this.collection : this.#services.collectionOf(home)).find(some)),
    );
    return found.flat();
  }

  /** Items that we deleted or moved away. */
  forget(ids: readonly string[]): Promise<void> {
    return this.#turns.take(async () => {
      this.#walk = undefined;
      await this.#write((known) => {
        const gone = ids.filter((id) => known.uidOf(id) !== undefined);
        return gone.length === 0 ? undefined : { added: [], gone };
      });
    });
  }

  /**
   * Takes an item's earlier copies away, where it was changed at the source since and nobody changed them here. Before the
   * new one is noted: a worker that is killed in between finds it as new, and comes here again. `kept`: some were changed.
   */
  replace(
    items: readonly { readonly id: string; readonly key: string }[],
  ): Promise<{ readonly kept: ReadonlySet<string> }> {
    return this.#turns.take(async () => {
      const { map } = await this.#map();
      const keyed = items.filter(
        ({ id, key }) => key !== '' && map.versionsOf(key).some((version) => version.id !== id),
      );
      if (keyed.length === 0) return { kept: new Set<string>() };
      return this.#replace(keyed, await this.collection.list(undefined));
    });
  }

  async #replace(
    items: readonly { readonly id: string; readonly key: string }[],
    listed: readonly ListedItem[],
  ): Promise<{ readonly kept: ReadonlySet<string> }> {
    const newest = new Map(items.map(({ id, key }) => [key, id]));
    const { map } = await this.#map();
    const guests = await this.#present(map.guests.filter(({ key }) => newest.has(key ?? '')).map(({ id }) => id));
    const versions = new Map(listed.map(({ id, mark }) => [id, mark?.version]));
    const kept = new Set<string>();
    const gone: string[] = [];
    for (const { id, mark, changeKey } of [...listed, ...guests]) {
      const replacement = newest.get(mark?.key ?? '');
      const known = map.item(id);
      // What the map does not name yet is of this very page.
      if (replacement === undefined || known === undefined || replacement === id) continue;
      // The same once more is a late twin, which the engine judges.
      if (versions.get(replacement) === mark?.version) continue;
      if (known.changeKey !== changeKey) {
        kept.add(replacement);
        continue;
      }
      await (known.home === undefined ? this.collection : this.#services.collectionOf(known.home)).remove(id);
      gone.push(id);
    }
    if (gone.length > 0) await this.#write(() => ({ added: [], gone }));
    return { kept };
  }

  /** From a UID on as it is now, with what came since the last look. */
  #fresh(map: UidMap, from: number): Promise<ReadonlyMap<string, ListedItem>> {
    this.#walk = undefined;
    const since = this.#since(map);
    const items = map.between(from, Infinity);
    const oldest = items.reduce((least, { created }) => Math.min(least, created), since ?? 0);
    return this.#look(from <= 1 || since === undefined ? undefined : oldest - overlapMs);
  }

  async #bounded(map: UidMap, from: number, to: number): Promise<ReadonlyMap<string, ListedItem>> {
    const wanted = map.between(from, to);
    if (wanted.length === 0) return new Map();
    if (wanted.length <= mostByIds) {
      const found = await this.#present(wanted.map(({ id }) => id));
      return new Map(found.map((item) => [item.id, item]));
    }
    const items = this.#walk?.next === from ? this.#walk.items : await this.#look(undefined);
    this.#walk = { items, next: to + 1 };
    return items;
  }

  #since({ listedTo }: UidMap): number | undefined {
    return listedTo === undefined ? undefined : Math.max(0, listedTo - overlapMs);
  }

  /** Lists what was changed since then (undefined: all), and gives what is new its UIDs. By id, those that are whole. */
  async #look(since: number | undefined): Promise<ReadonlyMap<string, ListedItem>> {
    const changed = await this.collection.list(since);
    const { map: before } = await this.#map();
    const waiting = await this.#waiting(before, changed);
    const listed = [...changed, ...waiting.items];
    const { whole, unfinished, halfDone, removed } = await this.#sorted(
      listed.filter(({ id }) => before.uidOf(id) === undefined),
      { listed, since, known: before.halfDone },
    );
    await this.#replace(
      whole.flatMap(({ id, mark }) => (mark === undefined || mark.key === '' ? [] : [{ id, key: mark.key }])),
      listed,
    );
    // What is not finished must be in the next listing too.
    const latest = changed.reduce((most, { modified }) => Math.max(most, modified), before.listedTo ?? 0);
    const listedTo = unfinished.reduce((least, { modified }) => Math.min(least, modified), latest);
    const fresh = whole.toSorted((a, b) => a.date - b.date || a.created - b.created || (a.id < b.id ? -1 : 1));
    this.#halfDone = halfDone;
    await this.#write((known) => {
      const added = fresh.filter(({ id }) => known.uidOf(id) === undefined).map(newItemOf);
      const isAhead = known.listedTo === undefined || listedTo - known.listedTo > overlapMs;
      const gone = [...waiting.gone, ...removed].filter((id) => known.halfDone.has(id));
      const isNew = (id: string): boolean => !known.halfDone.has(id) && known.uidOf(id) === undefined;
      const left = halfDone.map(({ id }) => id).filter(isNew);
      if (added.length === 0 && gone.length === 0 && left.length === 0 && !isAhead) return undefined;
      return { added, gone, listedTo, ...(left.length === 0 ? {} : { halfDone: left }) };
    });
    const { map } = await this.#map();
    const guests = await this.#present(map.guests.map(({ id }) => id));
    return new Map(
      [...listed, ...guests].filter(({ id }) => map.uidOf(id) !== undefined).map((item) => [item.id, item]),
    );
  }

  /** What is known as half done and was not changed since: by its id. */
  async #waiting(
    { halfDone }: UidMap,
    listed: readonly ListedItem[],
  ): Promise<{ readonly items: readonly ListedItem[]; readonly gone: readonly string[] }> {
    const seen = new Set(listed.map(({ id }) => id));
    const unseen = [...halfDone].filter((id) => !seen.has(id));
    const items = unseen.length === 0 ? [] : await this.collection.find(unseen);
    const found = new Set(items.map(({ id }) => id));
    return { items, gone: unseen.filter((id) => !found.has(id)) };
  }

  /** What is new: items that are whole, items of ours that somebody still works at, and those that nobody does any more. */
  async #sorted(items: readonly ListedItem[], about: Look): Promise<SortedItems> {
    const sorted: SortedItems = { whole: [], unfinished: [], halfDone: [], removed: [] };
    const left: ListedItem[] = [];
    for (const item of items) {
      const { mark } = item;
      if (mark === undefined || mark.parts === 0) sorted.whole.push(item);
      else if (this.#services.sessions.isOpen(mark.session)) sorted.unfinished.push(item);
      // Its user moved it here. Where it was made it is written once more, so it is shown as what it is: one more item.
      else if (mark.place !== this.#place) sorted.whole.push(item);
      else left.push(item);
    }
    if (left.length > 0) await this.#judge(sorted, left, about);
    return sorted;
  }

  /**
   * Half an item beside the whole one: the server carried out late what was sent first. It goes where nobody can have
   * changed it; otherwise it is shown, for the engine to tell.
   */
  async #judge(sorted: SortedItems, left: readonly ListedItem[], about: Look): Promise<void> {
    const { listed, since, known } = about;
    const newest = left.filter(({ id }) => !known.has(id)).map(({ created }) => created - twinsWithinMs);
    const earliest = Math.min(since ?? 0, ...newest);
    const siblings = since === undefined || earliest === since ? listed : await this.collection.list(earliest);
    for (const item of left) {
      const isThere = siblings.some((other) => takesPlaceOf(other, item));
      if (isThere && isUntouched(item)) {
        this.#services.log?.info('Half an item beside the whole one is deleted at the target', {});
        await this.collection.remove(item.id);
        sorted.removed.push(item.id);
      } else if (isThere && item.mark?.key !== '') {
        this.#services.log?.warn('Half an item was changed by somebody else, and stays beside the whole one', {});
        sorted.whole.push(item);
      } else {
        sorted.halfDone.push(item);
      }
    }
  }

  async #take(key: string, version: string): Promise<ListedItem | undefined> {
    const { map } = await this.#map();
    if (map.halfDone.size === 0) return undefined;
    if (this.#halfDone === undefined) await this.#look(this.#since(map));
    const known = this.#halfDone?.find(
      ({ id, mark }) => mark?.key === key && mark.version === version && !this.#taken.has(id),
    );
    if (known === undefined) return undefined;
    this.#taken.add(known.id);
    const [there] = await this.collection.find([known.id]);
    this.#services.log?.info('An item that was left half done at the target gets what it lacks', {});
    return there;
  }

  async #map(): Promise<StoredMap<UidMap>> {
    this.#stored ??= await this.#services.maps.load(this.collection.folder);
    return this.#stored;
  }

  /** Again with what others wrote meanwhile, until it is written or there is nothing to write any more. */
  async #write(
    change: (map: UidMap) => Pick<UidSegment, 'added' | 'gone' | 'listedTo' | 'halfDone'> | undefined,
  ): Promise<void> {
    for (;;) {
      const stored = await this.#map();
      const told = change(stored.map);
      if (told === undefined) return;
      const nonce = randomBytes(8).toString('hex');
      const segment: UidSegment = { schema: 1, folder: this.collection.folder, nonce, ...told };
      if (await this.#services.maps.append(stored, segment)) return;
      if (!(await this.#services.maps.catchUp(stored))) this.#stored = undefined;
    }
  }
}

interface Look {
  readonly listed: readonly ListedItem[];
  /** Undefined: all was listed. */
  readonly since: number | undefined;
  /** Ids of what was half done before. */
  readonly known: ReadonlySet<string>;
}

interface SortedItems {
  readonly whole: ListedItem[];
  readonly unfinished: ListedItem[];
  readonly halfDone: ListedItem[];
  /** Ids of what was deleted. */
  readonly removed: string[];
}

/** The same, or a later version of it. */
function takesPlaceOf(other: ListedItem, { id, created, mark }: ListedItem): boolean {
  if (mark === undefined || other.mark === undefined || other.mark.parts > 0 || other.id === id) return false;
  if (other.mark.key !== mark.key) return false;
  return other.mark.version === mark.version || (mark.key !== '' && other.created > created);
}

function newItemOf({ id, created, modified, changeKey, mark }: ListedItem): NewItem {
  if (mark === undefined || mark.key === '') return { id, created, changeKey };
  return { id, created, changeKey: isUntouched({ created, modified }) ? changeKey : '', key: mark.key };
}

function listingOf(uid: number, { date, flags, mark }: ListedItem): ItemListing {
  const losses = (mark?.losses ?? []).map(lossInWords);
  return {
    uid,
    size: mark?.size ?? 0,
    internalDate: formatInternalDate(date * 1000),
    flags,
    ...(losses.length === 0 ? {} : { losses }),
  };
}
