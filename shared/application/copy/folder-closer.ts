import { createHash } from 'node:crypto';
import { ConflictError, TransientError } from '../../domain/errors.ts';
import { internalDateSeconds, mayBecome } from '../../domain/internal-date.ts';
import { canonicalDigest } from '../../domain/item-digest.ts';
import { isCopy, type ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder } from '../../domain/ledger-index.ts';
import type { FolderState, ItemListing } from '../../domain/mail.ts';
import type { LedgerHead } from '../../domain/pair.ts';
import { mostDifferences, type Difference, type ItemLine } from '../../domain/report/mailbox-report.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems, type DigestedItem } from './digest-items.ts';
import type { ClosedFolder, SampleProgress } from './close-progress.ts';
import { ExpectedItems, type ExpectedItem } from './expected-items.ts';
import { encodeLines, PartWriter, readParts } from './index-parts.ts';
import { findTwins } from './find-twins.ts';
import { compareFlags } from './flag-differences.ts';
import { isSame } from './folders-aside.ts';
import { kindOfRecord } from './item-kind.ts';
import { storeOnce } from './ledger.ts';
import { lossesOf } from './losses.ts';
import type { Move } from './move-journal.ts';
import { shownFlags } from './page-copy.ts';
import type { PassPlan, PlannedFolder } from './pass-plan.ts';
import { stateOf } from './plan-pass.ts';
import { samenessOf } from './sameness.ts';
import type { SourceChanges } from './source-changes.ts';
import { placeOf } from './taken-places.ts';
import { uidsOfOthers } from './uids-of-others.ts';

/** UIDs of one listing request at the target. */
const listingSpan = 10_000;

export interface ClosingFolder {
  readonly plan: PassPlan;
  readonly index: number;
  readonly folder: PlannedFolder;
  readonly before: IndexFolder | undefined;
  readonly changes: SourceChanges['folders'][string] | undefined;
  /** The target folder's state after the last page; undefined where the listing is to tell it. */
  readonly targetState: FolderState | undefined;
  /** Share of the copied items that is re-read: 0 to 1. */
  readonly share: number;
  readonly settledFrom: number | null;
  /** The folder is not what it was when the pass began: what the ledger has is kept, and not compared with anything. */
  readonly aside: boolean;
  /** What this pass has taken for its items, where folders are set aside. */
  readonly taken: ReadonlySet<string>;
  /** What it began to move and has no record of, where folders are set aside. */
  readonly moves: readonly Move[];
  /** How far an earlier slice came with the sample. */
  readonly sample: SampleProgress | undefined;
}

export type FolderClosing =
  | { readonly outcome: 'closed'; readonly folder: ClosedFolder }
  /** The slice's time is up. The listing is compared anew in the next one; what was read is not read again. */
  | { readonly outcome: 'unfinished'; readonly sample: SampleProgress };

interface SampleItem {
  readonly uid: number;
  readonly target: number;
  readonly digest: string;
  readonly size: number;
}

/** A part of the sample, asked for. */
interface ChunkReading {
  readonly items: readonly SampleItem[];
  readonly digests: Promise<readonly DigestedItem[]>;
}

/** Looks at a folder of the source that seems to have more than it lists: messages may just have gone. */
const mostLooks = 3;

const redatedDetail = 'its INTERNALDATE lay in the future: the target put another in its place';

/** Items and octets of the sample that are read between two looks at the clock. */
const chunkItems = 200;
const chunkOctets = 32 * 1024 * 1024;

/**
 * Compacts one folder's part of the ledger into its sorted index and compares it with the target. Records stream
 * through; what stays in memory per item is what a listing is compared with.
 */
export class FolderCloser {
  readonly #context: CopyContext;
  readonly #closing: ClosingFolder;
  readonly #writer: PartWriter;
  readonly #digest = createHash('sha256');
  readonly #expected = new ExpectedItems();
  /** Target UIDs of items that the source no longer has: ours, but no longer counted. Those of them that were listed. */
  readonly #former = new Set<number>();
  readonly #formerSeen = new Set<number>();
  /** How many of them are of earlier passes. */
  #formerBefore = 0;
  /** Where the target folder was made anew: how many of a kind the source may no longer have. */
  readonly #formerKinds = new Map<string, number>();
  /** Source UIDs of items whose UID at the target is not known, by date. */
  readonly #unplaced = new Map<number, number[]>();
  /** Target UIDs that stand for such items. */
  readonly #placedByDate = new Map<number, number[]>();
  readonly #sample: SampleItem[] = [];
  readonly #lines: ItemLine[] = [];
  readonly #counts = { copied: 0, skipped: 0, failed: 0, doubtful: 0, vanished: 0, bytes: 0, sourceBytes: 0 };
  readonly #differences: Difference[] = [];
  #differencesTotal = 0;
  #sampleDebt = 0;
  #kept: IndexFolder['parts'] | undefined;
  readonly #prefix: string;
  #targetState: FolderState;
  /** Source UIDs of items that an earlier pass found with a date that the target gave them. */
  readonly #knownRedated: ReadonlySet<number>;
  /** Of a folder that is set aside: parts that were taken over and written anew, what this pass wrote, and the rest. */
  #earlier: IndexFolder['parts'] = [];
  readonly #written: ItemRecord[] = [];
  readonly #rest: ItemRecord[] = [];

  constructor(context: CopyContext, closing: ClosingFolder) {
    this.#context = context;
    this.#closing = closing;
    this.#targetState = closing.targetState ?? closing.folder.targetState;
    const token = String(context.lease.pair.token);
    this.#prefix = `${closing.plan.prefix}/index-${token}-${String(closing.index)}`;
    this.#writer = new PartWriter(context.services.objects, this.#prefix);
    const known = closing.before?.differences.filter(({ detail }) => detail === redatedDetail) ?? [];
    this.#knownRedated = new Set(known.flatMap(({ uid }) => uid ?? []));
  }

  /** Takes over what earlier passes knew; their parts stay as they are unless something in them changed. */
  async takeOver(): Promise<void> {
    const { before, changes, folder } = this.#closing;
    if (before === undefined) return;
    const { objects } = this.#context.services;
    const rekeyed = folder.rekey !== null;
    if (changes === undefined && !rekeyed) this.#kept = before.parts;
    const left = new Set(changes?.gone ?? []);
    for await (const records of readParts(objects, before.parts)) {
      if (rekeyed) {
        this.#takeOverRekeyed(records);
        continue;
      }
      const now: ItemRecord[] = [];
      for (const record of records) {
        const flags = changes?.flags[String(record.uid)];
        if (left.has(record.uid)) this.#noteFormer(record);
        else now.push(flags === undefined ? record : { ...record, flags });
      }
      if (this.#kept === undefined) await this.#writer.add(now);
      for (const record of now) this.#count(record);
    }
    const gone = this.#former.size;
    for await (const records of readParts(objects, before.former))
      records.forEach((record) => this.#noteFormer(record));
    this.#formerBefore = this.#former.size - gone;
  }

  #noteFormer({ target }: ItemRecord): void {
    if (target !== undefined && this.#sameTarget()) this.#former.add(target);
  }

  /** False: the target's UIDs are other ones than those of the earlier records. */
  #sameTarget(): boolean {
    const { before, folder } = this.#closing;
    return before?.targetState.uidValidity === folder.targetState.uidValidity;
  }

  /** Records of a folder that is matched anew count no more; what this pass did not come to is kept if it is given up. */
  #takeOverRekeyed(records: readonly ItemRecord[]): void {
    const sameTarget = this.#sameTarget();
    for (const record of records) {
      this.#noteFormer(record);
      if (record.outcome !== 'copied') continue;
      if (this.#closing.aside) this.#keepAside(record);
      else if (!sameTarget)
        this.#formerKinds.set(kindOfRecord(record), (this.#formerKinds.get(kindOfRecord(record)) ?? 0) + 1);
    }
  }

  /**
   * What this pass took for an item of another folder is not here any more, and what it took for one of this has its record.
   * What it began to move is here or there.
   */
  #keepAside(record: ItemRecord): void {
    const { folder, taken } = this.#closing;
    if (record.target !== undefined && taken.has(placeOf(folder.target.id, record.target))) return;
    if (this.#isMoving(record)) return;
    this.#rest.push(this.#sameTarget() ? record : withoutTarget(record));
  }

  #isMoving({ target }: ItemRecord): boolean {
    const { folder, moves } = this.#closing;
    return moves.some(
      ({ from, items }) => from === folder.target.id && items.some(({ record }) => record.target === target),
    );
  }

  /** Adds records of this pass, ascending by UID, above all that was taken over. */
  async add(records: readonly ItemRecord[]): Promise<void> {
    if (this.#closing.aside && this.#written.length === 0) {
      await this.#writer.flush();
      this.#earlier = [...this.#writer.parts];
    }
    if (this.#closing.aside) this.#written.push(...records);
    await this.#writer.add(records);
    for (const record of records) {
      this.#count(record);
      // What stands for an item of the source is none that it no longer has.
      if (record.target !== undefined) this.#former.delete(record.target);
      const left = record.outcome === 'copied' ? this.#formerKinds.get(kindOfRecord(record)) : undefined;
      if (left !== undefined) this.#formerKinds.set(kindOfRecord(record), left - 1);
    }
  }

  async finish(): Promise<FolderClosing> {
    if (this.#closing.aside) return this.#finishAside();
    await this.#writer.flush();
    const { settledFrom } = this.#closing;
    const parts = [...(this.#kept ?? []), ...this.#writer.parts];
    let twins = 0;
    if (this.#context.options.verify !== 'none' || settledFrom !== null) {
      // Side by side: the sample is asked for behind the listing, and judged by it.
      const comparing = this.#compareWithTarget();
      const first = this.#readChunk(this.#closing.sample?.checked ?? 0);
      first.digests.catch(() => undefined);
      const extras = await comparing;
      const sample = await this.#compareSample(first);
      if (sample !== null) return { outcome: 'unfinished', sample };
      twins = await this.#judgeExtras(extras, parts);
    }
    // Of two records that name the same item at the target, one item is not there.
    const closes = this.#expected.namedTwice() === 0 && (await this.#closes(parts));
    const entry = await this.#entry(parts, closes);
    return { outcome: 'closed', folder: { entry, closes, twins, aside: false } };
  }

  /** Earlier parts first: what this pass wrote may be gone with the folder. */
  async #finishAside(): Promise<FolderClosing> {
    await this.#writer.flush();
    if (this.#written.length === 0) this.#earlier = [...this.#writer.parts];
    const earlier = [...(this.#kept ?? []), ...this.#earlier];
    const written = this.#writer.parts.slice(this.#earlier.length);
    const rest = new PartWriter(this.#context.services.objects, `${this.#prefix}-rest`);
    await rest.add(unmatched(this.#rest, this.#written));
    await rest.flush();
    const parts = [...earlier, ...rest.parts, ...written];
    const entry = { ...(await this.#entry(parts, false)), fresh: earlier.length + rest.parts.length };
    const { before, folder } = this.#closing;
    const { targetState } = folder;
    // What the earlier records do not know yet, the changes since their state tell: also under another UIDVALIDITY.
    const state = before?.state ?? folder.state;
    return {
      outcome: 'closed',
      folder: { entry: { ...entry, state, targetState }, closes: false, twins: 0, aside: true },
    };
  }

  async #entry(parts: IndexFolder['parts'], closes: boolean): Promise<IndexFolder> {
    const { folder, settledFrom } = this.#closing;
    const { sourceBytes, ...counts } = this.#counts;
    const sourceItems = counts.copied + counts.skipped + counts.failed + counts.doubtful + counts.vanished;
    return {
      source: {
        id: folder.source.id,
        path: folder.source.path,
        ...(folder.source.mailboxId === undefined ? {} : { mailboxId: folder.source.mailboxId }),
      },
      state: folder.state,
      target: folder.target,
      targetState: stateOf(this.#targetState),
      baseline: folder.baseline,
      why: folder.why,
      parts,
      former: await this.#formerParts(),
      result: {
        folder: folder.source.path.join('/'),
        target: folder.target.path.join('/'),
        sourceItems,
        sourceBytes,
        ...counts,
        digest: this.#digest.digest('hex'),
      },
      differences: this.#differences,
      differencesTotal: this.#differencesTotal,
      lines: await this.#storeLines(),
      checked: this.#sample.length,
      missing: false,
      closes,
      settledFrom,
    };
  }

  #count(record: ItemRecord): void {
    if (record.outcome === 'gone') return;
    this.#counts[record.outcome] += 1;
    this.#counts.sourceBytes += record.size;
    if (record.outcome !== 'copied') {
      this.#line(record.outcome, record);
      return;
    }
    if (lossesOf(record) !== undefined) this.#line('partial', record);
    this.#counts.bytes += record.size;
    const digest = canonicalOf(record);
    const seconds = internalDateSeconds(record.internalDate);
    this.#digest.update(`${digest ?? record.fingerprint ?? ''}\n`);
    if (record.target === undefined) {
      this.#unplaced.set(seconds, [...(this.#unplaced.get(seconds) ?? []), record.uid]);
      return;
    }
    this.#expected.add({ uid: record.uid, target: record.target, seconds, flags: record.flags });
    if (digest === undefined) return;
    this.#sampleDebt += this.#closing.share;
    if (this.#sampleDebt >= 1 || (this.#sample.length === 0 && this.#closing.share > 0)) {
      this.#sampleDebt = Math.max(0, this.#sampleDebt - 1);
      this.#sample.push({ uid: record.uid, target: record.target, digest, size: record.size });
    }
  }

  /** What the source no longer has here, of earlier passes and of this one; not what a listing has shown to be gone. */
  async #formerParts(): Promise<IndexFolder['former']> {
    const { before, changes, folder, aside } = this.#closing;
    const { objects } = this.#context.services;
    const gone = new Set(changes?.gone ?? []);
    const rekeyed = folder.rekey !== null;
    const arriving = aside ? this.#arriving() : [];
    const noneLeft = !rekeyed && gone.size === 0 && this.#former.size === this.#formerBefore;
    if (arriving.length === 0 && (before === undefined || noneLeft)) return before?.former ?? [];
    const writer = new PartWriter(objects, `${this.#prefix}-former`);
    const sameTarget = this.#sameTarget();
    const isLeft = (record: ItemRecord): boolean =>
      sameTarget ? record.target !== undefined && this.#former.has(record.target) : this.#takeKind(record);
    const add = (records: readonly ItemRecord[]): Promise<void> =>
      writer.add(records.map((record) => ({ ...(sameTarget ? record : withoutTarget(record)), outcome: 'gone' })));
    for await (const records of readParts(objects, before?.former ?? []))
      await add(
        records.filter(isCopy).filter((record) => record.target === undefined || !sameTarget || isLeft(record)),
      );
    // One that is set aside keeps all its records but those of what may be elsewhere.
    const isFormer = (record: ItemRecord): boolean => {
      if (!rekeyed) return gone.has(record.uid);
      return !aside || this.#isMoving(record);
    };
    if (rekeyed || gone.size > 0) {
      for await (const records of readParts(objects, before?.parts ?? []))
        await add(records.filter(isCopy).filter((record) => isFormer(record) && isLeft(record)));
    }
    await writer.add(arriving);
    await writer.flush();
    return writer.parts;
  }

  /** What this pass began to move here: it is looked for by what it is. */
  #arriving(): readonly ItemRecord[] {
    const { index, moves } = this.#closing;
    return moves
      .filter((move) => move.folder === index)
      .flatMap(({ items }) => items.map(({ record }) => ({ ...withoutTarget(record), outcome: 'gone' })));
  }

  /** False: as many of its kind as there are stand for items of the source. */
  #takeKind(record: ItemRecord): boolean {
    const left = this.#formerKinds.get(kindOfRecord(record)) ?? 0;
    if (left > 0) this.#formerKinds.set(kindOfRecord(record), left - 1);
    return left > 0;
  }

  #line(
    outcome: ItemLine['outcome'],
    record: Pick<ItemRecord, 'uid' | 'size' | 'internalDate' | 'code' | 'text'>,
  ): void {
    this.#lines.push({
      folder: this.#closing.folder.source.path.join('/'),
      uid: record.uid,
      size: record.size,
      internalDate: record.internalDate,
      outcome,
      code: record.code ?? 'UNEXPECTED',
      text: record.text ?? '',
    });
  }

  #differ(difference: Pick<Difference, 'uid' | 'targetUid' | 'kind' | 'detail' | 'changedSince'>): void {
    this.#differencesTotal += 1;
    const named = { folder: this.#closing.folder.source.path.join('/'), messageIdHash: null, ...difference };
    if (this.#differences.length < mostDifferences) {
      this.#differences.push(named);
      return;
    }
    // A failure is never hidden behind the many changes that are none.
    const at = difference.changedSince ? -1 : this.#differences.findIndex((other) => other.changedSince);
    if (at !== -1) this.#differences[at] = named;
  }

  /** Returns what is there and no record names. */
  async #compareWithTarget(): Promise<readonly ItemListing[]> {
    const { folder } = this.#closing;
    const place = { ...folder.target, selectable: true };
    const extras: ItemListing[] = [];
    // Items that were there before the first pass may stand for items of the source; the others are not our business.
    const first = Math.min(folder.baseline, this.#expected.lowest());
    let listed = await this.#beginListing(first);
    for (let from = first + listingSpan; ; from += listingSpan) {
      for (const item of listed) {
        if (!this.#compareItem(item) && item.uid >= folder.baseline) extras.push(item);
      }
      if (from >= this.#targetState.uidNext) break;
      const to = Math.min(from + listingSpan, this.#targetState.uidNext) - 1;
      listed = await this.#context.target.listItems(place, { from, to });
    }
    for (const target of this.#former) {
      if (target >= first && !this.#formerSeen.has(target)) this.#former.delete(target);
    }
    for (const expected of this.#expected.unseen()) {
      this.#differ({
        uid: expected.uid,
        targetUid: expected.target,
        kind: 'missing',
        detail: 'no longer at the target',
        changedSince: this.#usersAtWork(),
      });
    }
    for (const uid of [...this.#unplaced.values()].flat()) {
      this.#differ({
        uid,
        targetUid: null,
        kind: 'missing',
        detail: 'not at the target',
        changedSince: this.#usersAtWork(),
      });
    }
    return extras;
  }

  /** The first part, and with it the folder's state where that is not known yet. */
  async #beginListing(from: number): Promise<readonly ItemListing[]> {
    const { folder, targetState } = this.#closing;
    const { target } = this.#context;
    const place = { ...folder.target, selectable: true };
    const to = from + listingSpan - 1;
    const listed = targetState === undefined ? await target.listWithState?.(place, { from, to }) : undefined;
    if (listed === undefined) return target.listItems(place, { from, to: Math.min(to, this.#targetState.uidNext - 1) });
    this.#targetState = listed.state;
    if (isSame(listed.state, folder.targetState)) return listed.items;
    throw new ConflictError({
      code: 'FOLDER_CHANGED',
      message: 'A folder of the target was made anew (its UIDVALIDITY changed).',
    });
  }

  #usersAtWork(): boolean {
    return this.#context.options.usersAtWork;
  }

  /** A late twin is removed by its UID alone, and only where nobody else can have put it there. */
  #mayRemove(): boolean {
    return !this.#usersAtWork() && this.#context.target.profile.uidPlus;
  }

  /** False: not one of ours. */
  #compareItem(item: ItemListing): boolean {
    const expected = this.#expected.see(item.uid);
    const seconds = internalDateSeconds(item.internalDate);
    if (expected === undefined) {
      if (this.#former.has(item.uid)) this.#formerSeen.add(item.uid);
      if (this.#former.has(item.uid)) return true;
      if (this.#unplaced.get(seconds)?.shift() === undefined) return false;
      this.#placedByDate.set(seconds, [...(this.#placedByDate.get(seconds) ?? []), item.uid]);
      return true;
    }
    const changedSince = this.#usersAtWork();
    const wanted = shownFlags(expected.flags, this.#context.target.profile);
    const flags = compareFlags(wanted, item.flags);
    if (flags !== null) {
      this.#differ({
        uid: expected.uid,
        targetUid: item.uid,
        kind: 'flags',
        detail: flags.detail,
        changedSince: changedSince || flags.ofAReader,
      });
    }
    if (expected.seconds !== seconds) {
      const redated = this.#isRedated(expected, seconds);
      this.#differ({
        uid: expected.uid,
        targetUid: item.uid,
        kind: 'date',
        detail: redated ? redatedDetail : 'another INTERNALDATE than was written',
        changedSince: changedSince || redated,
      });
    }
    return true;
  }

  /** In the future when it was written; also long after, when that is past. */
  #isRedated({ uid, seconds }: ExpectedItem, there: number): boolean {
    return mayBecome(seconds, there) && (this.#isFuture(seconds) || this.#knownRedated.has(uid));
  }

  #isFuture(seconds: number): boolean {
    return seconds * 1000 > Date.parse(this.#closing.plan.startedAt);
  }

  /** Null: through. A chunk at a time, so that a folder of any size is read in as many slices as it takes. */
  async #compareSample(firstChunk: ChunkReading): Promise<SampleProgress | null> {
    const { sample: before } = this.#closing;
    const altered = [...(before?.altered ?? [])];
    let alteredTotal = before?.alteredTotal ?? 0;
    let from = before?.checked ?? 0;
    for (let chunk = firstChunk; chunk.items.length > 0; chunk = this.#readChunk(from)) {
      const alteredNow = await this.#alteredOf(chunk).catch((error: unknown) => {
        // What was compared is kept; beginning with this chunk, the next attempt waits as the server asks.
        if (chunk !== firstChunk && error instanceof TransientError) return null;
        throw error;
      });
      if (alteredNow === null) return { checked: from, altered, alteredTotal };
      for (const item of alteredNow) {
        alteredTotal += 1;
        if (altered.length < mostDifferences) altered.push(this.#altered(item));
      }
      from += chunk.items.length;
      // At least one chunk a slice: a slice that begins late gets on all the same.
      if (from < this.#sample.length && !this.#context.mayGoOn()) return { checked: from, altered, alteredTotal };
    }
    for (const difference of altered) this.#differ(difference);
    this.#differencesTotal += alteredTotal - altered.length;
    return null;
  }

  /** Asks the target for the next items of the sample; none: the sample is through. */
  #readChunk(from: number): ChunkReading {
    let to = from;
    for (let octets = 0; to < this.#sample.length && to - from < chunkItems && octets < chunkOctets; to += 1) {
      octets += this.#sample[to]?.size ?? 0;
    }
    const items = this.#sample.slice(from, to);
    const place = { side: 'target', folder: { ...this.#closing.folder.target, selectable: true } } as const;
    const uids = items.map((item) => ({ uid: item.target, internalDate: '' }));
    return { items, digests: digestItems(this.#context, place, uids) };
  }

  /** Those that the listing has and that are other than they were written; what it does not have is missing. */
  async #alteredOf({ items, digests }: ChunkReading): Promise<readonly SampleItem[]> {
    const digested = new Map((await digests).map((item) => [item.uid, item]));
    return items.filter((item) => {
      const found = digested.get(item.target);
      return found !== undefined && this.#expected.wasSeen(item.target) && !this.#alike(item, found);
    });
  }

  #altered(item: SampleItem): Difference {
    return {
      folder: this.#closing.folder.source.path.join('/'),
      messageIdHash: null,
      uid: item.uid,
      targetUid: item.target,
      kind: 'altered',
      detail: 'its octets are not those that were written',
      changedSince: this.#usersAtWork(),
    };
  }

  /** Where a server alters octets, presence, date and flags are what can be compared; its listing did that. */
  #alike(item: { readonly digest: string }, found: DigestedItem): boolean {
    return this.#context.target.profile.sameness === 'fingerprint' || found.canonical === item.digest;
  }

  /**
   * Items above the baseline that no record names. Where the target holds more of a kind than the ledger names, they are
   * twins. One is removed only in a folder with a settlement, where it may be a late one, only by UID EXPUNGE, only while
   * the ledger's own copy is there, and only where users cannot be at work yet. All others came from elsewhere and stay.
   */
  async #judgeExtras(extras: readonly ItemListing[], parts: IndexFolder['parts']): Promise<number> {
    const { folder, settledFrom } = this.#closing;
    const { before } = this.#closing;
    const twins = await findTwins(this.#context, {
      target: { ...folder.target, selectable: true },
      extras: await this.#mayBeTwins(extras),
      parts,
      earlier: before === undefined || !this.#sameTarget() ? [] : [...before.parts, ...before.former],
      former: this.#formerSeen,
      isSeen: (target) => this.#isSeen(target),
      placedByDate: this.#placedByDate,
      isFuture: (seconds) => this.#isFuture(seconds),
    });
    const mayRemove = settledFrom !== null && this.#mayRemove();
    const removable = extras.filter(({ uid }) => mayRemove && uid >= settledFrom && twins.get(uid) === 'sure');
    for (const extra of extras.filter((one) => !removable.includes(one))) {
      if (twins.has(extra.uid)) this.#twin(extra);
      else
        this.#differ({
          uid: null,
          targetUid: extra.uid,
          kind: 'extra',
          detail: 'not from the source: it arrived or was written there by others',
          changedSince: true,
        });
    }
    if (removable.length > 0) {
      this.#context.services.log.warn('Late twins were removed', { items: removable.length });
      const uids = removable.map(({ uid }) => uid);
      await this.#context.target.expunge({ ...folder.target, selectable: true }, uids);
    }
    return twins.size - removable.length;
  }

  #isSeen(target: number): boolean {
    return this.#expected.wasSeen(target) || this.#formerSeen.has(target);
  }

  #twin({ uid, size, internalDate }: ItemListing): void {
    const text = `UID at the target: ${String(uid)}`;
    this.#line('twin', { uid, size, internalDate, code: 'LATE_TWIN', text });
    this.#differ({
      uid: null,
      targetUid: uid,
      kind: 'extra',
      detail: 'a second copy of an item of ours',
      changedSince: false,
    });
  }

  /**
   * What came into the folder while we wrote there, or is known for a twin from earlier passes. Without a settlement only
   * equal octets under the same date count, and only where nobody else is at work: a message that was delivered twice has
   * other Received fields.
   */
  async #mayBeTwins(extras: readonly ItemListing[]): Promise<readonly ItemListing[]> {
    const { before, folder, settledFrom } = this.#closing;
    const isWatched = !this.#usersAtWork() && samenessOf(this.#context) === 'bytes';
    const since = this.#sameTarget() ? before?.targetState.uidNext : undefined;
    const watchedFrom = isWatched ? (since ?? folder.targetState.uidNext) : Infinity;
    const from = Math.min(settledFrom ?? Infinity, watchedFrom);
    const known = this.#sameTarget() ? twinsOf(before) : new Set<number>();
    const some = extras.filter(({ uid }) => uid >= from || known.has(uid));
    const others = some.length === 0 ? new Set() : await uidsOfOthers(this.#context, folder);
    return some.filter(({ uid }) => !others.has(uid));
  }

  /**
   * The ledger against the source's own count at the pass's start. Where they differ, items vanished in between or were
   * never listed: a listing decides, and an item that is there and in no record leaves the mailbox not green.
   */
  async #closes(parts: IndexFolder['parts']): Promise<boolean> {
    const { folder } = this.#closing;
    const { copied, skipped, failed, doubtful, vanished } = this.#counts;
    if (copied + skipped + failed + doubtful + vanished === folder.state.messages) return true;
    const known = new Set<number>();
    for await (const records of readParts(this.#context.services.objects, parts)) {
      for (const record of records) known.add(record.uid);
    }
    for (let look = 1; look <= mostLooks; look += 1) {
      const listed = await this.#listedAtSource();
      if (listed.uids.some((uid) => uid < folder.state.uidNext && !known.has(uid))) return false;
      // A server that counts what it does not list (it cannot read it, say) has something that we never saw.
      if (listed.uids.length >= listed.messages) return true;
    }
    return false;
  }

  /** The folder's count, and then its UIDs: what comes in between is listed; what goes makes the next look necessary. */
  async #listedAtSource(): Promise<{ readonly messages: number; readonly uids: readonly number[] }> {
    const { source } = this.#context;
    const { folder } = this.#closing;
    const [now] = await source.folderStates([folder.source]);
    const state = now === undefined || now === 'missing' ? folder.state : now;
    const uids: number[] = [];
    for (let from = 1; from < state.uidNext; from += listingSpan) {
      const range = {
        uidValidity: folder.state.uidValidity,
        from,
        to: Math.min(from + listingSpan, state.uidNext) - 1,
      };
      for (const { uid } of await source.listItems(folder.source, range)) uids.push(uid);
    }
    return { messages: state.messages, uids };
  }

  async #storeLines(): Promise<LedgerHead | null> {
    if (this.#lines.length === 0) return null;
    const { plan, index } = this.#closing;
    const object = encodeLines(
      `${plan.prefix}/lines-${String(this.#context.lease.pair.token)}-${String(index)}.jsonl`,
      this.#lines,
    );
    await storeOnce(this.#context.services.objects, object);
    return object.head;
  }
}

/** UIDs at the target of twins that a pass found there and left. */
export function twinsOf(before: IndexFolder | undefined): ReadonlySet<number> {
  const twins = before?.differences.filter(({ kind, changedSince }) => kind === 'extra' && !changedSince) ?? [];
  return new Set(twins.flatMap(({ targetUid }) => targetUid ?? []));
}

/** Earlier records that none of this pass stands for; as a multiset, by the item that they name or else by what it is. */
function unmatched(earlier: readonly ItemRecord[], written: readonly ItemRecord[]): readonly ItemRecord[] {
  const targets = new Set(written.flatMap(({ target }) => (target === undefined ? [] : [target])));
  const placed = earlier.filter(({ target }) => target !== undefined);
  const byKind = Map.groupBy(written, kindOfRecord);
  for (const record of placed.filter(({ target }) => targets.has(target ?? 0))) byKind.get(kindOfRecord(record))?.pop();
  return earlier.filter((record) => {
    if (record.target !== undefined) return !targets.has(record.target);
    return byKind.get(kindOfRecord(record))?.pop() === undefined;
  });
}

function withoutTarget(record: ItemRecord): ItemRecord {
  const { target, ...rest } = record;
  return target === undefined ? record : rest;
}

function canonicalOf(record: ItemRecord): string | undefined {
  if (record.sha256 === undefined) return undefined;
  return canonicalDigest({
    sha256: record.sha256,
    ...(record.canonical === undefined ? {} : { canonical: record.canonical }),
  });
}
