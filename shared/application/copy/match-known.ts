import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems, type DigestedItem } from './digest-items.ts';
import { FormerItems } from './former-items.ts';
import { readParts } from './index-parts.ts';
import { kindOf, kindOfRecord } from './item-kind.ts';
import type { KnownItem } from './known-item.ts';
import { LeftBehind } from './left-behind.ts';
import { lossesOf } from './losses.ts';
import { MoveJournal, readMoves } from './move-journal.ts';
import type { AlreadyThere, Page } from './page.ts';
import { walkChain } from './ledger.ts';
import { targetNow, type PassPlan, type PlannedFolder } from './pass-plan.ts';
import { RenumberedFolders } from './renumbered-folders.ts';
import { namedUids } from './settle.ts';
import { settledMoves } from './settled-moves.ts';
import { carryFlags, sameFlags, type SourceChanges } from './source-changes.ts';
import { placeOf } from './taken-places.ts';
import { uidsThere } from './uid-span.ts';

/** Says which items of a page are at the target already, though they are new by UID. */
export type MatchKnown = (page: Page) => Promise<ReadonlyMap<number, AlreadyThere>>;

/**
 * Items may be new by UID only: the folder's UIDVALIDITY changed, or the item was moved from another folder. They are
 * matched by fingerprint and date; where that leaves a doubt (no Message-ID, another size), the octets decide.
 */
export async function matchKnown(
  context: CopyContext,
  plan: PassPlan,
  known: {
    readonly previous: LedgerIndex | null;
    readonly changes: SourceChanges;
    /** Pages that were settled and are not committed yet: what they found at the target is theirs. */
    readonly redo: readonly Page[];
  },
): Promise<MatchKnown> {
  const moved = await movedItems(context, plan, known);
  const rekeyed = new Map<number, Pool>();
  for (const [at, folder] of plan.folders.entries()) {
    const before = folder.rekey === null ? undefined : known.previous?.folders[folder.rekey];
    const gone = new Set(known.changes.folders[String(at)]?.gone ?? []);
    if (before !== undefined) rekeyed.set(at, await rekeyedPool(context, folder, { before, gone }));
  }
  const left = await LeftBehind.open(context, plan, known.previous);
  await withoutCommitted(context, { plan, pools: rekeyed, moved });
  const renumbered = new RenumberedFolders(context, plan);
  const former = new FormerItems(context, plan, { previous: known.previous, renumbered });
  const settled = await settledMoves(context, known.redo);
  for (const page of known.redo) {
    for (const item of settled.get(page.number)?.values() ?? [])
      if (rekeyed.get(page.folderIndex)?.discardMoved(item) !== true)
        moved.poolFor(page.folder.target).discardMoved(item);
  }
  if (moved.size === 0 && rekeyed.size === 0 && settled.size === 0 && left.isEmpty && former.isEmpty)
    return () => Promise.resolve(new Map());
  const moving: Moving = { journal: await MoveJournal.open(context, plan), claimed: claimedBy(known.redo), renumbered };
  const match: MatchKnown = async (page) => {
    // What is at the target already takes no room: the cap is for what would be copied.
    const copied = page.items
      .filter(({ skip }) => skip === null || skip === 'OVER_ITEM_CAP')
      // What settling found needs no other: that is for an equal one.
      .filter(({ listing }) => !page.already.has(listing.uid))
      .map((item) => item.listing);
    if (copied.length === 0) return new Map();
    const seconds = new Set(copied.map(secondOf));
    for (const item of await left.ofSeconds(seconds)) moved.addAll([item.record], item);
    for (const item of await former.ofSeconds(seconds, page.folder.target)) moved.addAll([item.record], item);
    const own = rekeyed.get(page.folderIndex);
    const pools = [...(own === undefined ? [] : [own]), moved.poolFor(page.folder.target)];
    const wanted = copied.filter((item) => pools.some((pool) => pool.mayHave(secondOf(item))));
    if (wanted.length === 0) return new Map();
    const place = { side: 'source', folder: page.folder.source, uidValidity: page.folder.state.uidValidity } as const;
    const found = new Map<DigestedItem, KnownItem>();
    for (const item of await digestItems(context, place, wanted, true)) {
      const listing = wanted.find((candidate) => candidate.uid === item.uid);
      for (const pool of pools) {
        if (found.has(item)) break;
        const match = await pool.take(item, {
          listedSize: context.source.stableOctets ? listing?.size : undefined,
          isStable: context.source.stableOctets,
          read: async () => {
            const { uid } = item;
            const [whole] = await digestItems(context, place, [{ uid, internalDate: listing?.internalDate ?? '' }]);
            return whole;
          },
        });
        if (match !== undefined) found.set(item, match);
      }
    }
    return bringHere(context, { page, moving }, found);
  };
  return async (page) => new Map([...withPlaces(page, settled.get(page.number)), ...(await match(page))]);
}

/** What settling found, with the place that it was moved from. */
function withPlaces(page: Page, moved: ReadonlyMap<number, KnownItem> = new Map()): Map<number, AlreadyThere> {
  const places = new Map<number, AlreadyThere>();
  for (const [uid, { record, target }] of moved) {
    const there = page.already.get(uid);
    if (there === undefined || record.target === undefined) continue;
    places.set(uid, { ...there, from: { folder: target.id, uid: record.target } });
  }
  return places;
}

/**
 * What the ledger has of a folder that is matched anew. Where the folder is gone at the target with what an unfinished
 * pass had written there, and nobody works there who could have deleted it, that is written again; what earlier passes
 * had brought to its end was deleted, and is not.
 */
async function rekeyedPool(
  context: CopyContext,
  folder: PlannedFolder,
  { before, gone }: { readonly before: IndexFolder; readonly gone: ReadonlySet<number> },
): Promise<Pool> {
  const pool = new Pool();
  const { uidValidity } = before.targetState;
  const anew = uidValidity !== folder.targetState.uidValidity;
  const lost = anew && !context.options.usersAtWork ? before.fresh : undefined;
  for await (const records of readParts(context.services.objects, before.parts.slice(0, lost))) {
    const some = records.filter((record) => !gone.has(record.uid));
    pool.addAll(some, { target: { ...folder.target, selectable: true }, uidValidity });
  }
  return pool;
}

/** Takes out what pages of this pass that are committed have used up: an earlier slice had the same pools. */
async function withoutCommitted(
  context: CopyContext,
  {
    plan,
    pools,
    moved,
  }: { readonly plan: PassPlan; readonly pools: ReadonlyMap<number, Pool>; readonly moved: MovedItems },
): Promise<void> {
  if (pools.size === 0 && moved.size === 0) return;
  for await (const segment of walkChain(context.services.objects, context.lease.pair.ledgerHead)) {
    const own = pools.get(segment.folder);
    const target = plan.folders[segment.folder]?.target;
    for (const record of segment.items) {
      if (record.outcome !== 'copied' || target === undefined) continue;
      if (own?.discard(record) !== true) moved.poolFor(target).discard(record);
    }
  }
}

/**
 * Items that vanished from their folder since the previous pass, those of folders that vanished, and what a killed worker
 * began to move though no record names it.
 */
async function movedItems(
  context: CopyContext,
  plan: PassPlan,
  { previous, changes }: { readonly previous: LedgerIndex | null; readonly changes: SourceChanges },
): Promise<MovedItems> {
  const moved = new MovedItems(context.target.profile.uidPlus);
  for (const [at, before] of (previous?.folders ?? []).entries()) {
    if (before.missing) continue;
    const index = plan.folders.findIndex((folder) => folder.previous === at || folder.rekey === at);
    const gone = index === -1 ? undefined : new Set(changes.folders[String(index)]?.gone ?? []);
    if (gone?.size === 0) continue;
    for await (const records of readParts(context.services.objects, before.parts)) {
      const some = gone === undefined ? records : records.filter((record) => gone.has(record.uid));
      moved.addAll(some, { target: targetNow(plan, at, before), uidValidity: before.targetState.uidValidity });
    }
  }
  for (const { items } of await readMoves(context)) {
    for (const { record, ...where } of items) if (where.unnamed === true) moved.addAll([record], where);
  }
  return moved;
}

/** What is known of the octets of an item of which only the header was read. */
interface Reading {
  /** undefined: the source lists other sizes than it delivers. */
  readonly listedSize: number | undefined;
  /** False: the octets differ from one reading to the next. */
  readonly isStable: boolean;
  readonly read: () => Promise<DigestedItem | undefined>;
}

/**
 * Which of the records with the same fingerprint and date is the item's; -1: none. Where octets are not stable they can
 * tell one record from another but not that none is: what is left is a doubt over mail that went from one place to another
 * of the same mailbox in the same pass, and is taken for the same.
 */
async function whichOf(candidates: readonly KnownItem[], item: DigestedItem, reading: Reading): Promise<number> {
  const { listedSize, isStable } = reading;
  if (!isStable && candidates.length === 1) return 0;
  const bySize = item.certain ? candidates.findIndex(({ record }) => record.size === listedSize) : -1;
  if (bySize !== -1) return bySize;
  const whole = await reading.read();
  const byOctets = candidates.findIndex(({ record }) => record.sha256 === whole?.sha256);
  if (byOctets !== -1) return byOctets;
  // What was left behind is known as the target keeps it.
  const byForm = candidates.findIndex(({ record }) => (record.canonical ?? record.sha256) === whole?.canonical);
  if (byForm !== -1 || isStable) return byForm;
  return Math.max(
    0,
    candidates.findIndex(({ record }) => record.size === whole?.size),
  );
}

class Pool {
  readonly #byKey = new Map<string, KnownItem[]>();
  readonly #seconds = new Set<number>();
  /** An item at the target stands for one item of the source, whatever an unsound ledger says. */
  readonly #targets = new Set<string>();
  /** Keys of records that name no item at the target for sure: another version of a message may stand behind them. */
  readonly #unsure = new Set<string>();
  size = 0;

  addAll(records: readonly ItemRecord[], where: Omit<KnownItem, 'record'>): void {
    for (const record of records) {
      if (record.fingerprint === undefined) continue;
      const key = kindOfRecord(record);
      if (record.outcome !== 'copied') {
        this.#unsure.add(key);
        continue;
      }
      this.#seconds.add(secondOf(record));
      const place = placeOf(where.target.id, record.target);
      if (record.target !== undefined && this.#targets.has(place)) continue;
      this.#targets.add(place);
      const items = this.#byKey.get(key);
      if (items === undefined) this.#byKey.set(key, [{ record, ...where }]);
      else items.push({ record, ...where });
      this.size += 1;
    }
  }

  /** False: nothing in it was received in that second. */
  mayHave(second: number): boolean {
    return this.#seconds.has(second);
  }

  /** What a record was matched with: one of equal ones may be gone from its place since. False: it is not in here. */
  discard(record: ItemRecord): boolean {
    const { from } = record;
    return this.#discard(record, ({ record: known, target }) =>
      from === undefined
        ? known.target === undefined && known.sha256 === record.sha256
        : known.target === from.uid && target.id === from.folder,
    );
  }

  /** What was moved. False: it is not in here. Under another UIDVALIDITY it had another UID before it was found. */
  discardMoved({ record, target, uidValidity }: KnownItem): boolean {
    return (
      this.#discard(record, (known) => known.target.id === target.id && known.record.target === record.target) ||
      this.#discard(
        record,
        (known) =>
          known.target.id === target.id && known.uidValidity !== uidValidity && known.record.sha256 === record.sha256,
      )
    );
  }

  #discard(record: ItemRecord, isOne: (known: KnownItem) => boolean): boolean {
    const candidates = this.#byKey.get(kindOfRecord(record)) ?? [];
    const at = candidates.findIndex(isOne);
    if (at === -1) return false;
    candidates.splice(at, 1);
    this.size -= 1;
    return true;
  }

  async take(item: DigestedItem, reading: Reading): Promise<KnownItem | undefined> {
    const key = kindOf(item);
    const candidates = this.#byKey.get(key);
    if (candidates === undefined || candidates.length === 0) return undefined;
    // Versions of a message may be of equal size.
    const versions = new Set(candidates.map(({ record }) => record.sha256)).size > 1 || this.#unsure.has(key);
    const at = await whichOf(candidates, item, versions ? { ...reading, listedSize: undefined } : reading);
    if (at === -1) return undefined;
    this.size -= 1;
    return candidates.splice(at, 1)[0];
  }
}

/**
 * What may stand for an item that is new by UID. Without UIDPLUS nothing can be moved safely: there it stands for one of its
 * own folder alone, and an item that was moved is copied to its new folder as well.
 */
class MovedItems {
  readonly #mayMove: boolean;
  readonly #pools = new Map<string, Pool>();

  constructor(mayMove: boolean) {
    this.#mayMove = mayMove;
  }

  addAll(records: readonly ItemRecord[], where: Omit<KnownItem, 'record'>): void {
    this.poolFor(where.target).addAll(records, where);
  }

  /** Of the items of that target folder. */
  poolFor({ id }: { readonly id: string }): Pool {
    const key = this.#mayMove ? '' : id;
    const pool = this.#pools.get(key) ?? new Pool();
    this.#pools.set(key, pool);
    return pool;
  }

  get size(): number {
    return this.#pools.values().reduce((sum, pool) => sum + pool.size, 0);
  }
}

function secondOf({ internalDate }: Pick<ItemRecord, 'internalDate'>): number {
  return internalDateSeconds(internalDate);
}

/** What is known of moves that other workers began, or that other pages have a claim to. */
interface Moving {
  readonly journal: MoveJournal;
  /** By folder of the plan: UIDs at the target. */
  readonly claimed: ReadonlyMap<number, ReadonlySet<number>>;
  readonly renumbered: RenumberedFolders;
}

function claimedBy(redo: readonly Page[]): ReadonlyMap<number, ReadonlySet<number>> {
  const byFolder = Map.groupBy(redo, (page) => page.folderIndex);
  const targets = (page: Page): number[] =>
    [...page.already.values()].flatMap(({ target }) => (target === undefined ? [] : [target]));
  return new Map([...byFolder].map(([folder, pages]) => [folder, new Set(pages.flatMap(targets))]));
}

/**
 * Moves matched items at the target where they are still where we put them. Where they are not, a killed worker (or the
 * user) may have moved them here already; else the user deleted them, and what a user deleted is never written again.
 */
async function bringHere(
  context: CopyContext,
  { page, moving }: { readonly page: Page; readonly moving: Moving },
  found: ReadonlyMap<DigestedItem, KnownItem>,
): Promise<ReadonlyMap<number, AlreadyThere>> {
  const here: TargetFolder = { ...page.folder.target, selectable: true };
  const already = new Map<number, AlreadyThere>();
  const brought: ItemRecord[] = [];
  const claimed = moving.claimed.get(page.folderIndex) ?? new Set();
  const arrivals = found.size === 0 ? new Arrivals([]) : await Arrivals.look(context, page, claimed);
  // As its ledger has it: under another UIDVALIDITY it is somewhere else in that folder now.
  const recordedAt = new Map(
    [...found].flatMap(([item, { record, target }]) =>
      record.target === undefined ? [] : [[item, { folder: target.id, uid: record.target }] as const],
    ),
  );
  const byPlace = Map.groupBy(found, ([, { target, uidValidity, record }]) =>
    JSON.stringify([target.id, uidValidity, record.target === undefined]),
  );
  for (const recorded of byPlace.values()) {
    const first = recorded[0]?.[1];
    if (first === undefined) continue;
    const { id } = first.target;
    const [state] = await context.target.folderStates([first.target]);
    const isSame = state !== undefined && state !== 'missing' && state.uidValidity === first.uidValidity;
    const still = isSame && first.record.target !== undefined;
    // Its items have other UIDs now: those that are to leave it are looked for by what they are.
    const anew = !still && id !== here.id && state !== undefined && state !== 'missing';
    const matches = anew ? await moving.renumbered.locate(first.target, state, recorded) : recorded;
    const uids = matches.flatMap(([, { record }]) => (record.target === undefined ? [] : [record.target]));
    const places =
      id === here.id
        ? new Map(still ? uids.map((uid) => [uid, uid]) : [])
        : await moveAll(context, { from: first.target, page, matches: still || anew ? matches : [], arrivals, moving });
    // Servers need not tell the new UIDs.
    const later = places.size < matches.length ? await Arrivals.look(context, page, claimed) : arrivals;
    for (const place of places.values()) later.leave(place);
    for (const [item, { record }] of matches) {
      const target = (record.target === undefined ? undefined : places.get(record.target)) ?? later.take(item, record);
      if (target !== undefined) arrivals.leave(target);
      // Moved for a folder that is set aside: the equal item of that folder finds it there, and this one has none.
      else if (moving.journal.begunElsewhere(id, record.target ?? 0, page.folderIndex)) continue;
      const { sha256, canonical, fingerprint, certain, flags } = record;
      const losses = lossesOf(record);
      const from = recordedAt.get(item);
      already.set(item.uid, { target, from, sha256, canonical, fingerprint, certain, flags, losses });
      brought.push({ ...record, uid: item.uid, target });
    }
  }
  return withFlags(context, page, { already, brought });
}

/** What was moved may have been read or answered before: its flags carry over like those of what stayed. */
async function withFlags(
  context: CopyContext,
  page: Page,
  { already, brought }: { readonly already: Map<number, AlreadyThere>; readonly brought: readonly ItemRecord[] },
): Promise<ReadonlyMap<number, AlreadyThere>> {
  const listed = new Map(page.items.map(({ listing }) => [listing.uid, listing.flags]));
  const changes = brought.flatMap((record) => {
    const flags = listed.get(record.uid);
    return flags === undefined || sameFlags(record.flags, flags) ? [] : [{ record, flags }];
  });
  const carried = await carryFlags(context, page.folder, changes);
  for (const [uid, flags] of carried)
    already.set(Number(uid), { target: undefined, ...already.get(Number(uid)), flags });
  return already;
}

/**
 * Old UIDs to new ones. An item of which a killed worker began to make a copy, and that is here and there, is removed
 * there; all others are moved, once that is noted.
 */
async function moveAll(
  context: CopyContext,
  move: {
    readonly from: TargetFolder;
    readonly page: Page;
    readonly matches: readonly (readonly [DigestedItem, KnownItem])[];
    readonly arrivals: Arrivals;
    readonly moving: Moving;
  },
): Promise<ReadonlyMap<number, number>> {
  const { from, page, matches, arrivals, moving } = move;
  const uids = matches.flatMap(([, { record }]) => (record.target === undefined ? [] : [record.target]));
  if (uids.length === 0) return new Map();
  const there = await uidsThere(context.target, from, uids);
  const places = new Map<number, number>();
  for (const [item, { record }] of matches) {
    if (record.target === undefined || !there.has(record.target)) continue;
    const begun = moving.journal.begunBefore(from.id, record.target, page.folderIndex);
    const copy = begun === undefined ? undefined : arrivals.take(item, record, begun);
    if (copy !== undefined) places.set(record.target, copy);
  }
  if (places.size > 0) await context.target.expunge(from, [...places.keys()]);
  const left = uids.filter((uid) => there.has(uid) && !places.has(uid));
  if (left.length === 0) return places;
  const here: TargetFolder = { ...page.folder.target, selectable: true };
  const [state] = await context.target.folderStates([here]);
  const { uidNext } = state === undefined || state === 'missing' ? page.folder.targetState : state;
  await moving.journal.begin({
    page: page.number,
    folder: page.folderIndex,
    uidNext,
    from: from.id,
    items: matches.flatMap(([, known]) => (left.includes(known.record.target ?? 0) ? [known] : [])),
  });
  const moved = await context.target.moveItems(from, here, left);
  for (const { from: uid, to } of moved) if (to !== undefined) places.set(uid, to);
  return places;
}

/** What came into a page's target folder in this pass and no committed record names. */
class Arrivals {
  #items: DigestedItem[];

  constructor(items: DigestedItem[]) {
    this.#items = items;
  }

  static async look(context: CopyContext, page: Page, claimed: ReadonlySet<number>): Promise<Arrivals> {
    const folder = { ...page.folder.target, selectable: true };
    const named = await namedUids(context, page.folderIndex, page.folder);
    const listed = await context.target.listItems(folder, { from: page.folder.targetState.uidNext });
    const dates = new Set(page.items.map(({ listing }) => internalDateSeconds(listing.internalDate)));
    const candidates = listed.filter(
      ({ uid, internalDate }) => !named.has(uid) && !claimed.has(uid) && dates.has(internalDateSeconds(internalDate)),
    );
    const digested = await digestItems(context, { side: 'target', folder }, candidates);
    if (context.target.profile.sameness === 'bytes') return new Arrivals(digested);
    // A server that makes messages of its own gives them other octets every time.
    return new Arrivals(digested.map((item) => ({ ...item, canonical: '' })));
  }

  /** Two versions of a message may have the same fingerprint and come in the same second: the octets tell them apart. */
  take({ fingerprint, seconds }: DigestedItem, record: ItemRecord, from = 0): number | undefined {
    const octets = record.canonical ?? record.sha256;
    const found = this.#items.find(
      (item) =>
        item.uid >= from &&
        item.fingerprint === fingerprint &&
        item.seconds === seconds &&
        (item.canonical === '' || octets === undefined || item.canonical === octets),
    );
    if (found !== undefined) this.leave(found.uid);
    return found?.uid;
  }

  leave(uid: number): void {
    this.#items = this.#items.filter((item) => item.uid !== uid);
  }
}
