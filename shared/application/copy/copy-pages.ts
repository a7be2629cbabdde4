import { isKnownError } from '../../domain/errors.ts';
import { internalDateSeconds, mayBecome } from '../../domain/internal-date.ts';
import { canonicalDigest } from '../../domain/item-digest.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { ItemListing } from '../../domain/mail.ts';
import { noItems, type ItemCounts } from '../../domain/mailbox-job.ts';
import type { PageIntent } from '../../domain/pair.ts';
import type { SourceMailbox } from '../../ports/mail-source.ts';
import type { CopyContext, PhaseEnd } from './copy-context.ts';
import { acquitted, givenUp } from './blame.ts';
import { findTargetUids, lookFor } from './find-target-uids.ts';
import { encodeSegment, storeOnce } from './ledger.ts';
import { limitsOverLines, Lines, type Line } from './lines.ts';
import type { MatchKnown } from './match-known.ts';
import {
  copyPage,
  otherWays,
  refusedAsWhole,
  SliceEndsError,
  wasRefusedWithOthers,
  writeAgain,
  type CopiedPage,
} from './page-copy.ts';
import { PagePlanner, type PlannedPage } from './page-planner.ts';
import type { AlreadyThere, Page } from './page.ts';
import type { PassPlan } from './pass-plan.ts';
import { digestItems } from './digest-items.ts';
import { namedUids } from './settle.ts';

interface OpenPage extends Route {
  readonly run: Promise<WrittenPage>;
  finished: boolean;
  failed: boolean;
}

interface RoutedPage {
  readonly page: Page;
  readonly line: Line;
}

/** How a page gets to the target. */
interface Route extends RoutedPage {
  /** Pages of the same folder that were in flight at the same time. */
  readonly beside: RoutedPage[];
  /** The first UID that an item of it, written from now on, can have at the target. */
  readonly since: number;
}

interface WrittenPage extends CopiedPage {
  /** What the target folder held when it was written, where only that tells its UIDs. */
  readonly listed?: readonly ItemListing[] | undefined;
}

interface Completion extends Route {
  /** Pages in front of it that are complete and not committed yet. */
  readonly before: readonly CopiedPage[];
}

/**
 * Pages in flight where they are as large as pages get, in items or in octets: what a slice whose time is up has still to
 * bring to its end, and what is held of it meanwhile. Of smaller ones, those of many small folders, there may be more
 * (`PageLimits.inFlight`).
 */
const fullPagesInFlight = 8;

/** Of the PASS item's 4 KB: the rest has names of servers and accounts, and keys of objects. */
const mostIntentOctets = 1_500;

interface Work {
  readonly plan: PassPlan;
  /** Pages that an earlier worker left open, settled. */
  readonly redo: readonly Page[];
  readonly match: MatchKnown;
  /** Where the source's listings come from. */
  readonly listings: Pick<SourceMailbox, 'listItems'>;
}

/**
 * Copies what is left of the pass: intent first, then octets, then the ledger segment, then the commit, in order. Up to
 * `limits.inFlight` pages are in flight, over as many connections as the endpoint allows a mailbox; whatever is killed, the
 * PASS item names every page that may be partly at the target.
 */
export async function copyPages(context: CopyContext, work: Work): Promise<PhaseEnd> {
  const lane = await Lane.open(context, work);
  try {
    return await lane.run();
  } catch (error) {
    await lane.abandon(error);
    throw error;
  }
}

class Lane {
  readonly #context: CopyContext;
  readonly #work: Work;
  readonly #planner: PagePlanner;
  readonly #redo: Page[];
  readonly #lines: Lines;
  /** Numbers of the pages of which something was sent. */
  readonly #sent = new Set<number>();
  #open: OpenPage[] = [];
  /** The planner has no more pages. */
  #exhausted = false;
  #nextNumber: number;
  /** Per folder: the first UID at the target that no committed page of this pass has taken. */
  readonly #uidNext = new Map<number, number>();
  /** Per folder: UIDs of committed pages that may stand among those of pages in flight. */
  readonly #taken = new Map<number, Set<number>>();

  private constructor(context: CopyContext, work: Work) {
    const { cursor } = context.lease.pass;
    const last = work.redo.at(-1);
    this.#context = context;
    this.#lines = new Lines(context);
    this.#work = work;
    this.#redo = [...work.redo];
    this.#nextNumber = (last?.number ?? cursor.page - 1) + 1;
    this.#planner = new PagePlanner({
      source: work.listings,
      plan: work.plan,
      rules: { options: context.options, maxItemBytes: context.maxItemBytes },
      limits: limitsOverLines(context),
      cursor: last === undefined ? cursor : { folder: last.folderIndex, below: last.from, page: last.number },
    });
  }

  static async open(context: CopyContext, work: Work): Promise<Lane> {
    const lane = new Lane(context, work);
    await lane.#lookWhereItStands();
    return lane;
  }

  /**
   * Nothing is on its way to the target yet: what this slice writes comes at or above the UIDNEXT that a folder has now.
   * Of folders that are begun later the plan tells.
   */
  async #lookWhereItStands(): Promise<void> {
    const { lease, target } = this.#context;
    if (lease.pair.ledgerHead === null && this.#redo.length === 0) return;
    const numbers = [...new Set([lease.pass.cursor.folder, ...this.#redo.map((page) => page.folderIndex)])];
    const begun = numbers.flatMap((number) => {
      const folder = this.#work.plan.folders[number];
      return folder === undefined ? [] : [{ number, target: { ...folder.target, selectable: true } }];
    });
    const states = await target.folderStates(begun.map((folder) => folder.target));
    for (const [at, { number }] of begun.entries()) {
      const state = states[at];
      if (state !== undefined && state !== 'missing') this.#uidNext.set(number, state.uidNext);
    }
  }

  async run(): Promise<PhaseEnd> {
    for (;;) {
      if (this.#open.length === 0 && !this.#begin(await this.#plan(0))) return this.#exhausted ? 'done' : 'budget';
      const finished = await this.#finishedPages();
      await this.#commit(finished, await this.#plan(finished.length));
    }
  }

  /**
   * Ends what is in flight. What is known by now is committed; the rest stays in the intent, for a successor to settle
   * not before `settleAfter` from now on.
   */
  async abandon(error: unknown): Promise<void> {
    const { lease, services } = this.#context;
    await Promise.allSettled(this.#open.map((open) => open.run));
    if (lease.lost.aborted) return;
    if (error instanceof SliceEndsError) {
      await this.#leave();
      return;
    }
    const excused =
      this.#context.signal.aborted ||
      (isKnownError(error) && ['TARGET_THROTTLED', 'SOURCE_THROTTLED', 'FOLDER_CHANGED'].includes(error.code));
    services.log.info('A window of pages was left open', { pages: this.#open.length, excused });
    await lease.update({ pass: { lastSentAt: services.clock.now(), excused } });
  }

  /**
   * Told to end: the last pages, of which nothing was sent by this worker or an earlier one, leave the intent, so that
   * whoever goes on has nothing to settle. One in front of a page that stays, stays too: a successor plans on behind the
   * last page of the intent. Items that were looked for at the target may have been moved there.
   */
  async #leave(): Promise<void> {
    const { lease, services } = this.#context;
    const last = this.#open.findLastIndex(
      ({ page }) => this.#sent.has(page.number) || page.attempt > 1 || page.already.size > 0,
    );
    this.#open = this.#open.slice(0, last + 1);
    const intent = this.#intent([]);
    const lastSentAt = intent.length === 0 ? 0 : services.clock.now();
    await lease.update({ pass: { intent, lastSentAt, excused: true } });
  }

  /**
   * The next pages, as many as the window holds beside what is not finished; none when the slice's time is up, or when a
   * connection is lost: others may end what they have begun.
   */
  async #plan(finished: number): Promise<readonly Page[]> {
    const pages: Page[] = [];
    const unfinished = this.#open.slice(finished).map((open) => open.page);
    while (
      this.#hasRoom([...unfinished, ...pages]) &&
      this.#context.mayGoOn() &&
      !this.#open.some((open) => open.failed)
    ) {
      const again = this.#redo.shift();
      const planned = again === undefined ? await this.#planner.next() : undefined;
      if (again === undefined && planned === undefined) {
        this.#exhausted = true;
        break;
      }
      if (again !== undefined) pages.push(await this.#matched(again));
      if (planned !== undefined) pages.push(await this.#number(planned));
    }
    await this.#lines.widen([...unfinished, ...pages]);
    return pages;
  }

  #hasRoom(window: readonly Page[]): boolean {
    const { lease, limits } = this.#context;
    if (window.length === 0) return true;
    // A window that stopped its worker is begun again page by page, so that the page to blame is known.
    if (lease.pass.failures > 0 || window.length >= limits.inFlight) return false;
    const items = window.reduce((sum, page) => sum + page.items.length, 0);
    const octets = window.reduce((sum, page) => sum + octetsOf(page), 0);
    if (items >= fullPagesInFlight * limits.items || octets >= fullPagesInFlight * limits.octets) return false;
    return JSON.stringify(window.map(intentOf)).length < mostIntentOctets;
  }

  async #number(planned: PlannedPage): Promise<Page> {
    const page: Page = {
      ...planned,
      number: this.#nextNumber,
      uidNext: this.#uidNext.get(planned.folderIndex) ?? planned.folder.targetState.uidNext,
      attempt: 1,
      already: new Map<number, AlreadyThere>(),
      stops: givenUp(this.#context.lease.pass, planned.folderIndex),
      oneByOne: false,
    };
    this.#nextNumber += 1;
    return this.#matched(page);
  }

  /** Also for pages that are begun again: of what settling found at the target only where it was before can be new. */
  async #matched(page: Page): Promise<Page> {
    const known = await this.#work.match(page);
    return known.size === 0 ? page : { ...page, already: new Map([...page.already, ...known]) };
  }

  #begin(pages: readonly Page[]): boolean {
    if (pages.length === 0) return false;
    const intent = this.#intent(pages);
    this.#start(pages, this.#context.lease.update({ pass: { intent, lastSentAt: 0, excused: false } }));
    return true;
  }

  /**
   * Every page that may be partly at the target: those in flight, those about to be, and those that an earlier worker
   * left and that wait for their turn.
   */
  #intent(additions: readonly Page[]): PageIntent[] {
    return [...this.#open.map((open) => open.page), ...additions, ...this.#redo].map(intentOf);
  }

  #start(pages: readonly Page[], begun: Promise<void>): void {
    // Whoever waits for `begun` meets its rejection; a window of pages that send nothing must not leave it unhandled.
    begun.catch(() => undefined);
    for (const page of pages) {
      const line = this.#lines.choose();
      const since = Math.max(page.uidNext, this.#uidNext.get(page.folderIndex) ?? 0);
      const ofFolder = this.#open.filter((open) => open.page.folderIndex === page.folderIndex);
      const route: Route = {
        page,
        line,
        since,
        beside: ofFolder.map((open) => ({ page: open.page, line: open.line })),
      };
      for (const { beside } of ofFolder) beside.push({ page, line });
      const run = line.carry(page, () => this.#copy(route, begun));
      const open: OpenPage = { ...route, run, finished: false, failed: false };
      open.run.then(
        () => {
          open.finished = true;
        },
        // Those in front of it that are through are committed first.
        () => {
          open.failed = true;
        },
      );
      this.#open.push(open);
    }
  }

  /** Where only a listing tells the UIDs of a page, it is made before the same connection writes anything else. */
  #copy(route: Route, begun: Promise<void>): Promise<WrittenPage> {
    const { page, line } = route;
    const sending = { begun, baton: line.baton, sends: () => this.#sent.add(page.number) };
    const copying = async (): Promise<WrittenPage> => {
      if (page.oneByOne) {
        await begun;
        return this.#oneByOne(page, { ...route, before: [] });
      }
      const copied = await copyPage(line.context, page, sending);
      return this.#hasUnknown(copied.records)
        ? { ...copied, listed: await lookFor(line.context, page, route.since) }
        : copied;
    };
    return this.#context.target.profile.uidPlus ? copying() : line.behind(copying);
  }

  /**
   * Whether items were written of which the target does not tell where: without UIDPLUS, and of a folder whose UIDs do not
   * last or that we may not read with it (RFC 4315 section 3).
   */
  #hasUnknown(records: readonly ItemRecord[]): boolean {
    return records.some((record) => record.outcome === 'copied' && record.target === undefined);
  }

  /** The oldest page and those behind it that are through as well: one commit serves them all. */
  async #finishedPages(): Promise<readonly CopiedPage[]> {
    const oldest = this.#open[0];
    if (oldest === undefined) return [];
    const finished = [await this.#complete(await oldest.run, { ...oldest, before: [] })];
    for (const open of this.#open.slice(1)) {
      if (!open.finished) break;
      const copied = await open.run;
      if (refusedAsWhole(copied)) break;
      finished.push(await this.#complete(copied, { ...open, before: finished }));
    }
    return finished;
  }

  /** Refused pages are taken apart; items without a known UID at the target are looked up. */
  async #complete(written: WrittenPage, completion: Completion): Promise<CopiedPage> {
    if (refusedAsWhole(written)) return this.#takeApart(written, completion);
    if (written.page.oneByOne) return written;
    return this.#withSecondChance(written, completion);
  }

  /**
   * The server refused a whole page (MULTIAPPEND is atomic, RFC 3502; expected, not trusted): what of it is there after
   * all is taken as written, the rest goes one by one, so that only the item to blame is refused. A page that gave way to
   * another one was written by several commands: what the others stored stays as it is.
   */
  async #takeApart(copied: CopiedPage, completion: Completion): Promise<CopiedPage> {
    const refused = new Map(copied.records.filter(wasRefusedWithOthers).map((record) => [record.uid, record]));
    const stored = await this.#storedAllTheSame(copied, [...refused.values()], completion);
    const already = new Map(copied.page.already);
    for (const { uid, sha256, canonical, fingerprint, certain } of refused.values()) {
      const target = stored.get(uid);
      if (target !== undefined) already.set(uid, { target, sha256, canonical, fingerprint, certain });
    }
    const items = copied.page.items.filter(({ listing }) => refused.has(listing.uid));
    const singles = await this.#singly({ ...copied.page, items, already }, completion);
    const anew = new Map(singles.map((record) => [record.uid, record]));
    const records = copied.records.map((record) => anew.get(record.uid) ?? record);
    // What was written before is in front of the singles, whatever its UID.
    const inOrder = refused.size === records.length;
    return this.#withSecondChance({ page: { ...copied.page, already, oneByOne: true }, records, inOrder }, completion);
  }

  async #oneByOne(page: Page, completion: Completion): Promise<CopiedPage> {
    const records = await this.#singly(page, completion);
    return this.#withSecondChance({ page, records, inOrder: true }, completion);
  }

  async #singly(page: Page, { line }: Completion): Promise<readonly ItemRecord[]> {
    const records: ItemRecord[] = [];
    for (const item of page.items) {
      const single: Page = { ...page, items: [item], oneByOne: true };
      const sends = () => this.#sent.add(page.number);
      const copied = await copyPage(line.context, single, { begun: Promise.resolve(), baton: line.baton, sends });
      records.push(...copied.records);
    }
    return records;
  }

  /** What was refused is there all the same, or is accepted in another way; a server's NO is not trusted either. */
  async #withSecondChance(written: WrittenPage, completion: Completion): Promise<CopiedPage> {
    const { page } = written;
    let copied: CopiedPage = {
      page,
      records: await this.#withTargetUids(written, completion),
      inOrder: written.inOrder,
    };
    for (const way of otherWays) {
      const refused = copied.records.filter((record) => record.code === 'ITEM_REFUSED');
      if (refused.length === 0) break;
      const stored = await this.#storedAllTheSame(copied, refused, completion);
      const tried: ItemRecord[] = [];
      for (const record of copied.records) {
        const target = stored.get(record.uid);
        if (record.code !== 'ITEM_REFUSED') tried.push(record);
        else if (target === undefined) tried.push(await writeAgain(completion.line.context, page, { record, way }));
        else tried.push(this.#asCopied(record, target));
      }
      // What was refused first comes behind the rest.
      const records = await this.#withTargetUids({ page, records: tried, inOrder: false }, completion);
      copied = { page, records, inOrder: false };
    }
    return copied;
  }

  #asCopied(record: ItemRecord, target: number): ItemRecord {
    const { code, text, ...kept } = record;
    this.#context.services.log.info('An item is at the target although it was refused', { uid: kept.uid, code, text });
    return { ...kept, outcome: 'copied', target };
  }

  /**
   * Which of a page's items are at the target although the server refused them: by source UID, the UID at the target.
   * Pages of one window have the same uidNext: what the others took of the folder is not this page's.
   */
  async #storedAllTheSame(
    { page, records }: CopiedPage,
    refused: readonly ItemRecord[],
    { before, line }: Completion,
  ): Promise<ReadonlyMap<number, number>> {
    const later = this.#open.filter((open) => open.page.number > page.number);
    const runs = await Promise.allSettled(later.map((open) => open.run));
    const copied = [...before, ...runs.flatMap((run) => (run.status === 'fulfilled' ? [run.value] : []))];
    const ofFolder = copied.filter((other) => other.page.folderIndex === page.folderIndex);
    const others = [...records, ...ofFolder.flatMap((other) => other.records)];
    const named = new Set(await namedUids(this.#context, page.folderIndex, page.folder));
    for (const { target } of others) if (target !== undefined) named.add(target);
    const folder = { ...page.folder.target, selectable: true };
    const listed = await line.context.target.listItems(folder, { from: page.uidNext });
    const unnamed = listed.filter((item) => !named.has(item.uid));
    const there = await digestItems(line.context, { side: 'target', folder }, unnamed);
    const take = ({ sha256, canonical, internalDate }: ItemRecord): number | undefined => {
      if (sha256 === undefined) return undefined;
      const digest = canonicalDigest({ sha256, ...(canonical === undefined ? {} : { canonical }) });
      const seconds = internalDateSeconds(internalDate);
      const same = there.flatMap((item, at) => (item.canonical === digest ? [{ at, seconds: item.seconds }] : []));
      const kept = same.find((item) => item.seconds === seconds);
      const at = (kept ?? same.find((item) => mayBecome(seconds, item.seconds)))?.at ?? -1;
      const [found] = at === -1 ? [] : there.splice(at, 1);
      return found?.uid;
    };
    // Items that were written are there, too, where their UIDs are not known yet: each stands for itself first.
    for (const record of others) if (record.outcome === 'copied' && record.target === undefined) take(record);
    const stored = new Map<number, number>();
    for (const record of refused) {
      const target = take(record);
      if (target !== undefined) stored.set(record.uid, target);
    }
    return stored;
  }

  async #withTargetUids(
    { page, records, listed, inOrder }: WrittenPage,
    completion: Completion,
  ): Promise<readonly ItemRecord[]> {
    if (!this.#hasUnknown(records)) return records;
    const { line, since, before, beside } = completion;
    const ofFolder = before.filter((other) => other.page.folderIndex === page.folderIndex);
    const targets = ofFolder.flatMap((other) => other.records.map(({ target }) => target ?? 0));
    // Without UIDPLUS what comes behind on the same connection was not written yet when the folder was listed at once.
    const waited = listed !== undefined && !this.#context.target.profile.uidPlus;
    // Those in front of it may have taken items of this page for equal ones of theirs, which then are behind its others.
    const rivals = beside.filter((other) => !(waited && other.line === line));
    const seconds = rivals.flatMap((other) =>
      other.page.items.map(({ listing }) => internalDateSeconds(listing.internalDate)),
    );
    return findTargetUids(line.context, {
      page,
      records,
      listed: listed ?? (await lookFor(line.context, page, since)),
      taken: new Set([...targets, ...(this.#taken.get(page.folderIndex) ?? [])]),
      rivals: new Set(seconds),
      inOrder,
    });
  }

  /** Segments, then one update: cursor, counters, ledgerHead and the intent of the pages that come next. */
  async #commit(finished: readonly CopiedPage[], additions: readonly Page[]): Promise<void> {
    const { lease, services } = this.#context;
    const pass = lease.pass;
    let head = lease.pair.ledgerHead;
    let counters = pass.counters;
    const stored: Promise<void>[] = [];
    for (const { page, records } of finished) {
      counters = addRecords(counters, records);
      this.#took(page.folderIndex, records);
      if (records.length === 0) continue;
      const segment = encodeSegment({
        schema: 1,
        pair: lease.pair.id,
        plan: this.#work.plan.prefix,
        page: page.number,
        token: lease.pair.token,
        previous: head,
        folder: page.folderIndex,
        folderId: page.folder.source.id,
        range: { from: page.from, to: page.to },
        targetUidValidity: page.folder.targetState.uidValidity,
        items: [...records],
      });
      head = segment.head;
      stored.push(storeOnce(services.objects, segment));
    }
    await Promise.all(stored);
    const last = finished.at(-1)?.page;
    this.#open = this.#open.slice(finished.length);
    if (last !== undefined) this.#forgetTaken();
    const intent = this.#intent(additions);
    const committed = lease.update({
      ledgerHead: head,
      pass: {
        ...(last === undefined
          ? {}
          : { cursor: { folder: last.folderIndex, below: last.from, page: last.number + 1 } }),
        counters,
        intent,
        lastSentAt: 0,
        failures: 0,
        ...acquitted(
          pass,
          finished.map(({ page }) => page),
        ),
        digested: null,
        excused: false,
      },
    });
    this.#start(additions, committed);
    await committed;
    this.#context.onProgress({ items: counters });
  }

  /** Pages in flight have UIDs from their `since` on; those that are begun later have higher ones than all of these. */
  #forgetTaken(): void {
    for (const [folder, taken] of this.#taken) {
      const open = this.#open.filter(({ page }) => page.folderIndex === folder);
      const since = Math.min(...open.map((page) => page.since));
      for (const uid of taken) if (uid < since) taken.delete(uid);
      if (taken.size === 0) this.#taken.delete(folder);
    }
  }

  #took(folder: number, records: readonly ItemRecord[]): void {
    const taken = this.#taken.get(folder) ?? new Set();
    for (const { target } of records) if (target !== undefined) taken.add(target);
    this.#taken.set(folder, taken);
    const highest = records.reduce((most, record) => Math.max(most, record.target ?? 0), 0);
    if (highest >= (this.#uidNext.get(folder) ?? 0))
      this.#uidNext.set(folder, Math.max(highest + 1, this.#work.plan.folders[folder]?.targetState.uidNext ?? 1));
  }
}

function octetsOf({ items }: Page): number {
  return items.reduce((sum, { listing, skip }) => sum + (skip === null ? listing.size : 0), 0);
}

function intentOf(page: Page): PageIntent {
  return {
    page: page.number,
    folder: page.folderIndex,
    from: page.from,
    to: page.to,
    uidNext: page.uidNext,
    attempt: page.attempt,
  };
}

/** Absolute counters: a commit that is repeated sets the same values. */
export function addRecords(counters: ItemCounts, records: readonly ItemRecord[]): ItemCounts {
  const next = { ...noItems, ...counters };
  for (const record of records) {
    if (record.outcome === 'gone') continue;
    next.total += 1;
    next[record.outcome] += 1;
    if (record.outcome === 'copied') next.bytes += record.size;
  }
  return next;
}
