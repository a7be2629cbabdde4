import { blamed, givenUp } from './blame.ts';
import { skipReason } from './item-selection.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems, type DigestedItem } from './digest-items.ts';
import type { FoldersAside } from './folders-aside.ts';
import { walkChain } from './ledger.ts';
import { isForNoPage, readMoves } from './move-journal.ts';
import { inWords } from './losses.ts';
import type { AlreadyThere, Page } from './page.ts';
import type { PassPlan, PlannedFolder } from './pass-plan.ts';
import { mostAlike, octetsOf, samenessOf } from './sameness.ts';
import { SettledFolders } from './settled-folders.ts';
import { giveFlags } from './source-changes.ts';
import { SourceReadings } from './source-readings.ts';
import { uidsOfOthers } from './uids-of-others.ts';
import type { ItemListing, TargetProfile } from '../../domain/mail.ts';
import type { PageIntent, PassState } from '../../domain/pair.ts';
import { internalDateSeconds, mayBecome } from '../../domain/internal-date.ts';

/** A wait this short is spent in the slice; a longer one costs no Lambda time. */
const shortWaitMs = 5_000;
/** After this, what is there is taken as all that comes. */
const longestSettlingMs = 10 * 60_000;
/** Times that a page may stop its worker. */
const pageFailures = 2;

export type Settlement =
  | { readonly outcome: 'settled'; readonly redo: readonly Page[] }
  | { readonly outcome: 'wait'; readonly waitMs: number };

/**
 * Finds out what of an open window reached the target. The zombie is the server: after a lost connection it may store
 * what it has already received, seconds later. So nothing is decided before `settleAfter` past the last octet, and not
 * before two looks show the same. What is there is matched as a multiset within the pages; the rest is copied again.
 *
 * Run twice (the worker was killed while settling) it looks again and comes to the same end: the intent stays as it is
 * until its pages are begun again.
 */
export async function settle(context: CopyContext, plan: PassPlan, aside: FoldersAside): Promise<Settlement> {
  const { lease, services, options } = context;
  const settled = await SettledFolders.load(services.objects, lease.pass.settled);
  const moves = (await readMoves(context)).filter(
    (move) => !isForNoPage(move) || settled.from(plan.folders[move.folder]?.target.id ?? '') === null,
  );
  if (lease.pass.intent.length === 0 && moves.length === 0) return { outcome: 'settled', redo: [] };
  // Unknown when the last octet was sent: the worker was killed. Its lease has ended, so it was before now.
  if (lease.pass.lastSentAt === 0) await lease.update({ pass: { lastSentAt: services.clock.now() } });
  const waitMs = lease.pass.lastSentAt + options.settleAfterMs - services.clock.now();
  if (waitMs > shortWaitMs) return { outcome: 'wait', waitMs };
  if (waitMs > 0) await services.clock.sleep(waitMs, context.signal);
  context.signal.throwIfAborted();

  const readings = await SourceReadings.load(context, plan);
  const byFolder = Map.groupBy(lease.pass.intent, (intent) => intent.folder);
  const redo: Page[] = [];
  for (const [folderIndex, intents] of byFolder) {
    const folder = plan.folders[folderIndex];
    if (folder === undefined) throw new Error('An intent for no folder of the plan');
    if (aside.has(folderIndex)) {
      settled.add(folder.target.id, await restAside(context, folderIndex, { folder, from: lowestUid(intents) }));
      continue;
    }
    const arrived = await restingItems(context, folderIndex, { folder, from: lowestUid(intents) });
    redo.push(...(await matchPages(context, { plan, readings, folderIndex, folder, intents, arrived })));
    settled.add(folder.target.id, lowestUid(intents));
  }
  for (const [folderIndex, begun] of Map.groupBy(moves, (move) => move.folder)) {
    const folder = plan.folders[folderIndex];
    if (folder === undefined) continue;
    const uidNext = Math.min(...begun.map((move) => move.uidNext));
    if (aside.has(folderIndex)) {
      const rests = byFolder.has(folderIndex);
      settled.add(folder.target.id, rests ? uidNext : await restAside(context, folderIndex, { folder, from: uidNext }));
      continue;
    }
    // A copy that is made late has to be there before anybody looks for it; one that comes later still is a late twin.
    if (!byFolder.has(folderIndex)) await restingItems(context, folderIndex, { folder, from: uidNext });
    settled.add(folder.target.id, uidNext);
  }
  redo.sort((a, b) => a.number - b.number);
  const names = { settled: await settled.store(plan.prefix, lease.pair.token), digested: await readings.keep() };
  if (byFolder.size > 0) return { outcome: 'settled', redo: await withBlame(context, redo, names) };
  await lease.update({ pass: names });
  return { outcome: 'settled', redo };
}

/**
 * A window of a folder that is not what it was: its pages' UIDs mean nothing any more, so nothing is matched. What
 * arrived, and no record names, is matched when the pass is planned anew; from the returned UID on there may be some.
 */
async function restAside(
  context: CopyContext,
  folderIndex: number,
  window: { readonly folder: PlannedFolder; readonly from: number },
): Promise<number> {
  const [state] = await context.target.folderStates([{ ...window.folder.target, selectable: true }]);
  if (state === undefined || state === 'missing') return 1;
  const anew = state.uidValidity !== window.folder.targetState.uidValidity;
  const from = anew ? 1 : window.from;
  await restingItems(context, folderIndex, { folder: window.folder, from });
  return from;
}

function lowestUid(intents: readonly PageIntent[]): number {
  return Math.min(...intents.map((intent) => intent.uidNext));
}

interface Window {
  readonly folder: PlannedFolder;
  readonly intents: readonly PageIntent[];
}

/** Items of the target folder that may be the window's: above its UIDNEXT, named by no segment, the same at two looks. */
async function restingItems(
  context: CopyContext,
  folderIndex: number,
  window: { readonly folder: PlannedFolder; readonly from: number },
): Promise<readonly ItemListing[]> {
  const { services, target, signal } = context;
  const folder = { ...window.folder.target, selectable: true };
  const { from } = window;
  const named = await namedUids(context, folderIndex, window.folder);
  const look = async (): Promise<readonly ItemListing[]> =>
    (await target.listItems(folder, { from })).filter((item) => !named.has(item.uid));
  const deadline = services.clock.now() + longestSettlingMs;
  let before = await look();
  for (;;) {
    await services.clock.sleep(services.settings.settleLookMs, signal);
    signal.throwIfAborted();
    const now = await look();
    const same = now.length === before.length && now.every((item, at) => item.uid === before[at]?.uid);
    if (same || services.clock.now() > deadline) return now;
    before = now;
  }
}

/**
 * Target UIDs of the folder that committed pages of this pass, or other pairs, have taken. All of them: a page of matched items has UIDs
 * from long ago, and one that was taken apart has higher ones than those behind it.
 */
export async function namedUids(
  context: CopyContext,
  folderIndex: number,
  folder: PlannedFolder,
): Promise<ReadonlySet<number>> {
  const named = new Set(await uidsOfOthers(context, folder));
  for await (const segment of walkChain(context.services.objects, context.lease.pair.ledgerHead)) {
    // Pages are committed in the plan's order: behind a segment of another folder there is none of this one.
    if (segment.folder !== folderIndex) break;
    for (const { target } of segment.items) if (target !== undefined) named.add(target);
  }
  return named;
}

interface FolderWindow extends Window {
  readonly plan: PassPlan;
  readonly readings: SourceReadings;
  readonly folderIndex: number;
  readonly arrived: readonly ItemListing[];
}

async function matchPages(context: CopyContext, window: FolderWindow): Promise<Page[]> {
  const { plan, folder, folderIndex, intents } = window;
  const { options, maxItemBytes, source } = context;
  const rules = { options, maxItemBytes, cutOff: plan.cutOff, itemClass: folder.source.itemClass };
  const pages: Page[] = [];
  for (const intent of [...intents].sort((a, b) => a.page - b.page)) {
    const range = { uidValidity: folder.state.uidValidity, from: intent.from, to: intent.to };
    const listed = await source.listItems(folder.source, range);
    pages.push({
      number: intent.page,
      folderIndex,
      folder,
      from: intent.from,
      to: intent.to,
      items: listed.map((listing) => ({ listing, skip: skipReason(listing, folderIndex, rules) })),
      uidNext: intent.uidNext,
      attempt: intent.attempt + 1,
      already: new Map(),
      stops: givenUp(context.lease.pass, folderIndex),
      oneByOne: false,
    });
  }
  const listings = pages.flatMap(({ items }) => items.map(({ listing }) => listing));
  const found = await matchArrived(context, window, listings);
  return pages.map((page) => ({
    ...page,
    already: new Map([...found].filter(([uid]) => page.from <= uid && uid <= page.to)),
  }));
}

/** Which source items of a folder are at the target: by source UID, what they are there. */
async function matchArrived(
  context: CopyContext,
  window: FolderWindow,
  listed: readonly ItemListing[],
): Promise<ReadonlyMap<number, AlreadyThere>> {
  const there = { ...window.folder.target, selectable: true };
  const arrived = new Arrived(
    { sameness: samenessOf(context), dates: context.target.profile.dates },
    await digestItems(context, { side: 'target', folder: there }, window.arrived),
  );
  const matched = new Map<DigestedItem, DigestedItem>();
  const note = (item: DigestedItem, taken: DigestedItem | undefined): void => {
    if (taken !== undefined) matched.set(item, taken);
  };
  // A window is many times what of it arrived: what has another date than all of that need not be read again.
  const dated = new Set(listed.filter((item) => arrived.mayBe(item)));
  const read = await window.readings.digest(window, [...dated]);
  for (const item of read) note(item, arrived.take(item));
  // Last, so that nothing is taken from an item whose date was kept.
  const others = listed.filter((item) => !dated.has(item) && arrived.mayBeRedated(item));
  const left = read.filter((item) => !matched.has(item));
  for (const item of [...left, ...(await window.readings.digest(window, others))])
    note(item, arrived.takeRedated(item));
  return alreadyThere(context, window, { listed, matched });
}

async function alreadyThere(
  context: CopyContext,
  { folder, arrived }: FolderWindow,
  found: { readonly listed: readonly ItemListing[]; readonly matched: ReadonlyMap<DigestedItem, DigestedItem> },
): Promise<ReadonlyMap<number, AlreadyThere>> {
  const flagsOf = new Map(found.listed.map(({ uid, flags }) => [uid, flags]));
  const listings = new Map(arrived.map((item) => [item.uid, item]));
  const items = [...found.matched].flatMap(([item, taken]) => {
    const there = listings.get(taken.uid);
    return there === undefined ? [] : [{ item, taken, there, uid: item.uid, flags: flagsOf.get(item.uid) ?? [] }];
  });
  // Written with the flags of an earlier listing: the user may have read it since.
  const carried = await giveFlags(context, folder, items);
  return new Map(
    items.map(({ item, taken, there }) => {
      const { uid, fingerprint, certain } = item;
      const known = { ...octetsOf(context, item, taken), fingerprint, certain };
      const flags = carried.get(String(uid)) ?? there.flags;
      return [uid, { ...known, target: taken.uid, flags, losses: inWords(there.losses) }];
    }),
  );
}

/** What arrived, as a multiset: true duplicates stay as many as they are. */
class Arrived {
  readonly #profile: Pick<TargetProfile, 'sameness' | 'dates'>;
  readonly #byKey: Map<string, DigestedItem[]>;
  readonly #seconds: ReadonlySet<number>;

  constructor(profile: Pick<TargetProfile, 'sameness' | 'dates'>, items: readonly DigestedItem[]) {
    this.#profile = profile;
    this.#byKey = Map.groupBy(items, (item) => this.#key(item));
    this.#seconds = new Set(items.map(({ seconds }) => seconds));
  }

  /** Whether `take` may find it, by its date alone. */
  mayBe({ internalDate }: ItemListing): boolean {
    if (this.#profile.dates === false) return this.#byKey.size > 0;
    return this.#seconds.has(internalDateSeconds(internalDate));
  }

  /** Whether `takeRedated` may find it among what was not taken. */
  mayBeRedated({ internalDate }: ItemListing): boolean {
    if (this.#profile.sameness !== 'bytes') return false;
    const seconds = internalDateSeconds(internalDate);
    return this.#byKey.values().some((left) => left.some((there) => mayBecome(seconds, there.seconds)));
  }

  take(item: DigestedItem): DigestedItem | undefined {
    const candidates = this.#byKey.get(this.#key(item)) ?? [];
    const at = mostAlike(candidates, item);
    if (at === -1) return undefined;
    return candidates.splice(at, 1)[0];
  }

  /** One with the same octets, and a date that the server gave it. A fingerprint has the date in it. */
  takeRedated(item: DigestedItem): DigestedItem | undefined {
    if (this.#profile.sameness !== 'bytes') return undefined;
    for (const candidates of this.#byKey.values()) {
      const at = candidates.findIndex(
        (there) => there.canonical === item.canonical && mayBecome(item.seconds, there.seconds),
      );
      if (at === -1) continue;
      return candidates.splice(at, 1)[0];
    }
    return undefined;
  }

  #key(item: DigestedItem): string {
    // A server that dates messages itself: what it has is ours all the same.
    const seconds = this.#profile.dates === false ? '' : String(item.seconds);
    return `${seconds} ${this.#profile.sameness === 'bytes' ? item.canonical : item.fingerprint}`;
  }
}

/**
 * A page that stopped its worker twice goes one by one; then the first item of it that is not at the target is the one
 * the worker stopped at. Being throttled or told to stop is nobody's fault.
 */
async function withBlame(
  context: CopyContext,
  redo: readonly Page[],
  names: Pick<PassState, 'settled' | 'digested'>,
): Promise<readonly Page[]> {
  const { lease } = context;
  const { excused } = lease.pass;
  const failures = lease.pass.failures + (excused ? 0 : 1);
  const [first] = redo;
  const open = first?.items.find(
    ({ listing, skip }) => skip === null && !first.already.has(listing.uid) && !first.stops.has(listing.uid),
  );
  const blame =
    !excused && failures > pageFailures && first !== undefined && open !== undefined
      ? blamed(lease.pass, { folder: first.folderIndex, uid: open.listing.uid })
      : {};
  // Marked as excused: who is killed before the pages are begun again has not tried them.
  await lease.update({ pass: { failures, ...blame, excused: true, ...names } });
  return redo.map((page, at) => ({
    ...page,
    oneByOne: at === 0 && failures >= pageFailures,
    stops: givenUp(lease.pass, page.folderIndex),
  }));
}
