import { randomBytes } from 'node:crypto';
import { formatInternalDate } from '../../imap/protocol/internal-date.ts';
import type { SegmentStore, StoredMap } from '../../item-map/segment-store.ts';
import type { FolderState, ItemListing } from '../../../domain/mail.ts';
import type { Logger } from '../../../ports/logger.ts';
import { lossInWords } from './loss-words.ts';
import type { ItemCollection, ListedItem } from './item-collection.ts';
import type { OpenSessions } from './open-sessions.ts';
import type { NewItem, UidMap, UidSegment } from './uid-map.ts';

/**
 * A listing begins this much before what the last one saw: changes may become visible in another order than that of
 * their times, which the servers of one organisation do not count quite alike either.
 */
const overlapMs = 5 * 60_000;
/**
 * Our own calls for an item follow each other within a slice. What was changed later than this after it was made, was
 * changed by somebody else.
 */
const ownCallsEndMs = 15 * 60_000;
/** Up to so many items are asked for by their ids; more are found in a listing of the folder. */
const mostByIds = 40;

export interface FolderItemsServices {
  readonly maps: SegmentStore<UidSegment, UidMap>;
  readonly sessions: OpenSessions;
  /** Whether an item has, or had, a UID in any folder of the mailbox: then it was whole once. */
  readonly wasWhole: (id: string) => Promise<boolean>;
  readonly log?: Logger | undefined;
}

/**
 * The items of one target folder with their UIDs. New ones get theirs when a listing first shows them or when we have
 * made them. An item of ours that needs several calls is not shown before it is whole; one that was left half done is
 * deleted, so that the engine finds nothing of it and writes it anew, unless somebody has changed it since: that one stays,
 * unshown, beside the new one.
 */
export class FolderItems {
  readonly collection: ItemCollection;
  readonly #services: FolderItemsServices;
  #stored: StoredMap<UidMap> | undefined;
  /** Looks and notes go one after the other: each goes on with the same map. */
  #last: Promise<unknown> = Promise.resolve();
  /** A listing of the whole folder that is asked for span by span, and the UID where the next span begins. */
  #walk: { readonly items: ReadonlyMap<string, ListedItem>; readonly next: number } | undefined;

  constructor(collection: ItemCollection, services: FolderItemsServices) {
    this.collection = collection;
    this.#services = services;
  }

  /** `messages`: as the server counts them; undefined where it does not, then they are listed. */
  state(messages: number | undefined): Promise<FolderState> {
    return this.#inTurn(async () => {
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
    return this.#inTurn(async () => {
      const { map } = await this.#map();
      const there = to === undefined ? await this.#fresh(map, from) : await this.#bounded(map, from, to);
      return map.between(from, to ?? Infinity).flatMap(({ id, uid }) => {
        const item = there.get(id);
        return item === undefined ? [] : [listingOf(uid, item)];
      });
    });
  }

  /** Not in turn: folders ask each other while they look. */
  async knows(id: string): Promise<boolean> {
    const { map } = await this.#map();
    return map.uidOf(id) !== undefined;
  }

  ids(uids: readonly number[]): Promise<readonly { readonly uid: number; readonly id: string }[]> {
    return this.#inTurn(async () => {
      const { map } = await this.#map();
      return uids.flatMap((uid) => {
        const id = map.idOf(uid);
        return id === undefined ? [] : [{ uid, id }];
      });
    });
  }

  /** UIDs of items that we made here or moved here, in their order. */
  note(items: readonly NewItem[]): Promise<{ readonly uids: readonly number[]; readonly uidValidity: number }> {
    return this.#inTurn(async () => {
      this.#walk = undefined;
      await this.#write((known) => {
        const added = items.filter(({ id }) => known.uidOf(id) === undefined);
        return added.length === 0 ? undefined : { added, gone: [] };
      });
      const { map } = await this.#map();
      return { uids: items.map(({ id }) => map.uidOf(id) ?? 0), uidValidity: map.uidValidity };
    });
  }

  /** Items that we deleted or moved away. */
  forget(ids: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
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
    return this.#inTurn(async () => {
      const keyed = items.filter(({ key }) => key !== '');
      if (keyed.length === 0) return { kept: new Set<string>() };
      return this.#replace(keyed, await this.collection.list(undefined));
    });
  }

  async #replace(
    items: readonly { readonly id: string; readonly key: string }[],
    listed: readonly ListedItem[],
  ): Promise<{ readonly kept: ReadonlySet<string> }> {
    const newest = new Map(items.map(({ id, key }) => [key, id]));
    const versions = new Map(listed.map(({ id, mark }) => [id, mark?.version]));
    const kept = new Set<string>();
    const gone: string[] = [];
    const { map } = await this.#map();
    for (const { id, mark, changeKey } of listed) {
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
      await this.collection.remove(id);
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
      const found = await this.collection.find(wanted.map(({ id }) => id));
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
    const listed = await this.collection.list(since);
    const { map: before } = await this.#map();
    const { whole, unfinished } = await this.#finished(listed.filter(({ id }) => before.uidOf(id) === undefined));
    await this.#replace(
      whole.flatMap(({ id, mark }) => (mark === undefined || mark.key === '' ? [] : [{ id, key: mark.key }])),
      listed,
    );
    // What is not finished must be in the next listing too.
    const latest = listed.reduce((most, { modified }) => Math.max(most, modified), before.listedTo ?? 0);
    const listedTo = unfinished.reduce((least, { modified }) => Math.min(least, modified), latest);
    const fresh = whole.toSorted((a, b) => a.date - b.date || a.created - b.created || (a.id < b.id ? -1 : 1));
    await this.#write((known) => {
      const added = fresh.filter(({ id }) => known.uidOf(id) === undefined).map(newItemOf);
      const isAhead = known.listedTo === undefined || listedTo - known.listedTo > overlapMs;
      return added.length === 0 && !isAhead ? undefined : { added, gone: [], listedTo };
    });
    const { map } = await this.#map();
    return new Map(listed.filter(({ id }) => map.uidOf(id) !== undefined).map((item) => [item.id, item]));
  }

  /** Sorts out what is new: items that are whole, and items of ours that somebody still works at. */
  async #finished(
    items: readonly ListedItem[],
  ): Promise<{ readonly whole: readonly ListedItem[]; readonly unfinished: readonly ListedItem[] }> {
    const whole: ListedItem[] = [];
    const unfinished: ListedItem[] = [];
    for (const item of items) {
      if (item.mark === undefined || item.mark.parts === 0) whole.push(item);
      else if (this.#services.sessions.isOpen(item.mark.session)) unfinished.push(item);
      // A user may take an attachment away from what was whole, and move it here: his change, and his only copy.
      else if (await this.collection.isWhole(item)) whole.push(item);
      else if (await this.#services.wasWhole(item.id)) whole.push(item);
      else if (item.modified - item.created <= ownCallsEndMs) await this.#clear(item);
      else this.#services.log?.warn('An item that was left half done was changed by somebody else, and stays', {});
    }
    return { whole, unfinished };
  }

  /** Whoever made it is gone, and the octets that it lacks with him: the engine writes it anew. */
  async #clear({ id }: ListedItem): Promise<void> {
    this.#services.log?.info('An item that was left half done at the target is deleted and will be written anew', {});
    await this.collection.remove(id);
  }

  async #map(): Promise<StoredMap<UidMap>> {
    this.#stored ??= await this.#services.maps.load(this.collection.folder);
    return this.#stored;
  }

  /** Again with what others wrote meanwhile, until it is written or there is nothing to write any more. */
  async #write(change: (map: UidMap) => Pick<UidSegment, 'added' | 'gone' | 'listedTo'> | undefined): Promise<void> {
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

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function newItemOf({ id, created, changeKey }: ListedItem): NewItem {
  return { id, created, changeKey };
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
