import { createHash } from 'node:crypto';
import { ConflictError, TransientError } from '../../domain/errors.ts';
import { noItems, type ItemCounts, type JobError } from '../../domain/mailbox-job.ts';
import type { LedgerSegment } from '../../domain/ledger.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { FolderState } from '../../domain/mail.ts';
import { notedFolders } from '../../domain/noted-folders.ts';
import {
  ItemLine,
  mostDifferences,
  type Difference,
  type MailboxVerification,
} from '../../domain/report/mailbox-report.ts';
import { counted } from '../../domain/report/mail/numbers-in-words.ts';
import type { CopyContext } from './copy-context.ts';
import { addRecords } from './copy-pages.ts';
import { readProgress, storeProgress, type ClosedFolder, type CloseProgress } from './close-progress.ts';
import { FolderCloser, twinsOf, type FolderClosing } from './folder-closer.ts';
import { encodeObject, readObject, storeOnce, walkChain } from './ledger.ts';
import { selectionOf } from './item-cap.ts';
import { isSame, type FoldersAside } from './folders-aside.ts';
import { isAtTarget, targetNow, type PassPlan, type PlannedFolder } from './pass-plan.ts';
import { readMoves, type Move } from './move-journal.ts';
import { planAgain } from './plan-again.ts';
import { SettledFolders } from './settled-folders.ts';
import type { SourceChanges } from './source-changes.ts';
import { takenPlaces } from './taken-places.ts';

/** Version of the list of differences that servers are allowed to make (docs/verification.md). */
export const verificationRules = 4;

/**
 * Items that a sample re-reads: where 1 % of the items or more were bad, it meets at least one with 95 % probability
 * (ln 0.05 / ln 0.99 = 299).
 */
const sampleItems = 299;
const badShare = 0.01;

/** Folders closed side by side, so that their listings share round trips; beyond the first one so many items together. */
const closingAtOnce = { folders: 64, items: 20_000 };

export interface ClosedMailbox {
  readonly items: ItemCounts;
  readonly green: boolean;
  readonly error: JobError | null;
  readonly verification: {
    readonly key: string;
    readonly digest: string;
    readonly checked: number;
    readonly differences: number;
  };
  readonly itemsReport: string | null;
  readonly folders: ReturnType<typeof notedFolders>;
  /** Items that are too large: all, and those of them that count as failed. */
  readonly largeItems: number;
  readonly largeFailed: number;
}

export type CloseOutcome =
  | { readonly outcome: 'closed'; readonly closed: ClosedMailbox }
  /** The slice's time is up: the PASS item names what is done. */
  | { readonly outcome: 'budget' }
  /** Folders were set aside: the pass is planned anew. */
  | { readonly outcome: 'replan' };

/**
 * Ends a pass: the chain is compacted into one sorted index a folder, recounted and compared with the target; one commit
 * makes the index the pair's. A close may take many slices. Killed anywhere, it goes on from the folders that the PASS
 * item names as done, and does the rest again under another token: objects get other keys, a twin that was removed is
 * gone, and the comparison of what nobody touched comes to the same end.
 */
export async function closePass(context: CopyContext, plan: PassPlan, known: KnownBefore): Promise<CloseOutcome> {
  const done = await closeFolders(context, plan, known);
  if (done === null) return { outcome: 'budget' };
  const { folders, recount } = done;
  const refused = await refusedLines(context, plan);
  const missing = (known.previous?.folders ?? []).flatMap((folder, at): IndexFolder[] => {
    if (plan.folders.some(({ previous, rekey }) => previous === at || rekey === at)) return [];
    const { id, path } = targetNow(plan, at, folder);
    const former = isAtTarget(plan, at) ? [...folder.former, ...folder.parts] : [];
    return [{ ...folder, target: { id, path: [...path] }, parts: [], former, missing: true }];
  });
  const { lease, services } = context;
  const isAnew = folders.some((folder) => folder.aside);
  const index: LedgerIndex = {
    schema: 1,
    pair: lease.pair.id,
    closedAt: new Date(services.clock.now()).toISOString(),
    selection: selectionOf(context),
    capLine: plan.cutOff?.seconds ?? null,
    folders: [...folders.map((folder) => folder.entry), ...missing],
  };
  const object = encodeObject(`${plan.prefix}/index-${String(lease.pair.token)}.json`, index);
  await storeOnce(services.objects, object);
  if (isAnew) {
    // Folders that were set aside are matched item by item, by what they hold now; all others have nothing left to do.
    await planAgain(context, { counters: totalOf(index), index: object.head });
    return { outcome: 'replan' };
  }
  const items = withRefused(totalOf(index), refused);
  const recounted = sameCounts(recount, lease.pass.counters);
  const closes = recounted && folders.every((folder) => folder.closes);
  const closed = await writeMailboxReports(context, { plan, index, folders, refused, closes, items });
  await lease.update({
    index: object.head,
    ledgerHead: null,
    pass: { phase: 'done', intent: [], counters: items, settled: null, closing: null },
  });
  return { outcome: 'closed', closed };
}

/** Totals over the folders that the source has; with a plan, but for those that it goes through from the beginning. */
export function totalOf(index: LedgerIndex | null, plan?: PassPlan): ItemCounts {
  const total = { ...noItems };
  const anew = new Set(plan?.folders.map((folder) => folder.rekey));
  for (const [at, { result, missing }] of (index?.folders ?? []).entries()) {
    if (missing || anew.has(at)) continue;
    total.total += result.sourceItems;
    total.copied += result.copied;
    total.skipped += result.skipped;
    total.failed += result.failed;
    total.doubtful += result.doubtful;
    total.vanished += result.vanished;
    total.bytes += result.bytes;
  }
  return total;
}

function sameCounts(a: ItemCounts, b: ItemCounts): boolean {
  return Object.entries(a).every(([name, value]) =>
    Object.entries(b).some(([other, count]) => other === name && count === value),
  );
}

/** What earlier passes left, and what of it changed at the source. */
interface KnownBefore {
  readonly previous: LedgerIndex | null;
  readonly changes: SourceChanges;
  /** Folders that are not what they were: they do not close. */
  readonly aside: FoldersAside;
}

/** Null: the slice's time was up before the last folder. */
async function closeFolders(
  context: CopyContext,
  plan: PassPlan,
  known: KnownBefore,
): Promise<{ readonly folders: readonly ClosedFolder[]; readonly recount: ItemCounts } | null> {
  const { lease, services } = context;
  const begun = lease.pass.closing ?? null;
  let progress: CloseProgress =
    begun === null
      ? {
          next: plan.folders.length - 1,
          head: lease.pair.ledgerHead,
          recount: totalOf(known.previous, plan),
          done: {},
          samples: {},
        }
      : await readProgress(services.objects, begun);
  const round = await ClosingRound.open(context, plan, known);
  for (;;) {
    const closed = await round.close(progress);
    progress = closed.progress;
    if (closed.interruption !== null) {
      // A server that makes us wait again and again must not cost what was read between two waits.
      await storeProgress(context, plan, progress);
      throw closed.interruption;
    }
    const unfinished = Object.keys(progress.samples).length > 0;
    if (!unfinished && progress.next < 0) break;
    if (!unfinished && context.mayGoOn()) continue;
    await storeProgress(context, plan, progress);
    if (!context.mayGoOn()) return null;
  }
  const folders = plan.folders.map((_, at) => {
    const folder = progress.done[String(at)];
    if (folder === undefined) throw new Error('A folder of the plan was not closed');
    return folder;
  });
  return { folders, recount: progress.recount };
}

/** Closes folders, as many side by side as share round trips well. */
class ClosingRound {
  readonly #context: CopyContext;
  readonly #plan: PassPlan;
  readonly #known: KnownBefore;
  readonly #settled: SettledFolders;
  readonly #taken: ReadonlySet<string>;
  readonly #moves: readonly Move[];
  /** Of folders of which no listing tells it. */
  readonly #states: ReadonlyMap<PlannedFolder, FolderState | 'missing'>;

  private constructor(
    context: CopyContext,
    plan: PassPlan,
    about: {
      readonly known: KnownBefore;
      readonly settled: SettledFolders;
      readonly taken: ReadonlySet<string>;
      readonly moves: readonly Move[];
      readonly states: ReadonlyMap<PlannedFolder, FolderState | 'missing'>;
    },
  ) {
    this.#context = context;
    this.#plan = plan;
    this.#known = about.known;
    this.#settled = about.settled;
    this.#taken = about.taken;
    this.#moves = about.moves;
    this.#states = about.states;
  }

  static async open(context: CopyContext, plan: PassPlan, known: KnownBefore): Promise<ClosingRound> {
    const { target } = context;
    const toAsk = plan.folders.filter(
      (folder) =>
        target.listWithState === undefined || context.options.verify === 'none' || isUntouched(folder, context),
    );
    const [settled, taken, moves, told] = await Promise.all([
      SettledFolders.load(context.services.objects, context.lease.pass.settled),
      known.aside.size === 0 ? new Set<string>() : takenPlaces(context, plan),
      known.aside.size === 0 ? [] : readMoves(context),
      target.folderStates(toAsk.map((folder) => ({ ...folder.target, selectable: true }))),
    ]);
    const states = new Map(toAsk.map((folder, at) => [folder, told[at] ?? 'missing'] as const));
    return new ClosingRound(context, plan, { known, settled, taken, moves, states });
  }

  /**
   * What is done then; at the same place as before where a folder is not finished. `interruption`: what kept a folder
   * from it and may pass by itself.
   */
  async close(
    before: CloseProgress,
  ): Promise<{ readonly progress: CloseProgress; readonly interruption: TransientError | null }> {
    const chain = walkChain(this.#context.services.objects, before.head);
    let segment = await nextSegment(chain);
    let { head, recount, next } = before;
    const closing: { readonly at: number; readonly end: Promise<FolderClosing> }[] = [];
    for (let items = 0; this.#hasRoom(next, { folders: closing.length, items }); next -= 1) {
      items += this.#messagesOf(next);
      const done = before.done[String(next)];
      const closer = done === undefined ? this.#closer(next, before, segment?.folder === next) : null;
      if (closer instanceof FolderCloser) await closer.takeOver();
      while (segment?.folder === next) {
        recount = addRecords(recount, segment.items);
        if (closer instanceof FolderCloser) await closer.add(segment.items);
        head = segment.previous;
        segment = await nextSegment(chain);
      }
      if (closer === null) continue;
      const end = closer instanceof FolderCloser ? closer.finish() : Promise.resolve(closer);
      end.catch(() => undefined);
      closing.push({ at: next, end });
    }
    const done = { ...before.done };
    const samples: CloseProgress['samples'] = {};
    let interruption: TransientError | null = null;
    for (const { at, end } of closing) {
      try {
        const ended = await end;
        if (ended.outcome === 'closed') done[String(at)] = ended.folder;
        else samples[String(at)] = ended.sample;
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        interruption ??= error;
        const known = before.samples[String(at)];
        if (known !== undefined) samples[String(at)] = known;
      }
    }
    const isThrough = interruption === null && Object.keys(samples).length === 0;
    return {
      progress: isThrough ? { next, head, recount, done, samples } : { ...before, done, samples },
      interruption,
    };
  }

  #hasRoom(next: number, closing: { readonly folders: number; readonly items: number }): boolean {
    if (next < 0 || closing.folders === 0) return next >= 0;
    const { folders, items } = closingAtOnce;
    return closing.folders < folders && closing.items + this.#messagesOf(next) <= items;
  }

  #messagesOf(at: number): number {
    return this.#plan.folders[at]?.state.messages ?? 0;
  }

  /** What closes a folder; the folder as it was where nothing happened in it. */
  #closer(at: number, progress: CloseProgress, written: boolean): FolderCloser | FolderClosing {
    const folder = this.#plan.folders[at];
    if (folder === undefined) throw new Error('A folder that the plan does not have');
    const state = this.#states.get(folder);
    const aside = this.#known.aside.has(at) || (state !== undefined && !isSame(state, folder.targetState));
    const before = this.#known.previous?.folders[folder.previous ?? folder.rekey ?? -1];
    if (!aside && !written && isUntouched(folder, this.#context) && before !== undefined)
      return { outcome: 'closed', folder: unchanged(before, folder) };
    return new FolderCloser(this.#context, {
      plan: this.#plan,
      index: at,
      folder,
      before,
      changes: this.#known.changes.folders[String(at)],
      targetState: state === 'missing' ? folder.targetState : state,
      share: this.#share(),
      aside,
      taken: this.#taken,
      moves: this.#moves,
      settledFrom: lowest(this.#settled.from(folder.target.id), settledBefore(before, folder)),
      sample: progress.samples[String(at)],
    });
  }

  #share(): number {
    const { lease, options } = this.#context;
    if (options.verify === 'none') return 0;
    return options.verify === 'full' ? 1 : Math.min(1, sampleItems / Math.max(1, lease.pass.counters.copied));
  }
}

/** By what the plan says, nothing of the folder has to be looked at, if nothing was written either. */
function isUntouched(folder: PlannedFolder, { options }: CopyContext): boolean {
  return !folder.changed && !folder.targetChanged && options.verify !== 'full';
}

async function nextSegment(chain: AsyncGenerator<LedgerSegment, void, undefined>): Promise<LedgerSegment | undefined> {
  const next = await chain.next();
  return next.done === true ? undefined : next.value;
}

/** In a folder that was made anew a late twin may have any UID. */
function settledBefore(before: IndexFolder | undefined, folder: PlannedFolder): number | null {
  const from = before?.settledFrom ?? null;
  return from === null || before?.targetState.uidValidity === folder.targetState.uidValidity ? from : 1;
}

function lowest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function unchanged(before: IndexFolder, folder: PassPlan['folders'][number]): ClosedFolder {
  const entry: IndexFolder = {
    ...before,
    source: { ...before.source, id: folder.source.id, path: folder.source.path },
    state: folder.state,
    target: folder.target,
    targetState: folder.targetState,
    missing: false,
  };
  // Those that an earlier pass found and could not remove are there still, as far as anybody knows.
  return { entry, closes: true, twins: twinsOf(before).size, aside: false };
}

/** Items of folders that the target refused to make: each is listed as failed. */
async function refusedLines(context: CopyContext, plan: PassPlan): Promise<readonly ItemLine[]> {
  const lines: ItemLine[] = [];
  for (const { source, text } of plan.refused) {
    const [state] = await context.source.folderStates([source]);
    if (state === undefined || state === 'missing' || state.messages === 0) continue;
    const range = { uidValidity: state.uidValidity, from: 1, to: state.uidNext - 1 };
    const items = await context.source.listItems(source, range).catch((error: unknown) => {
      // Gone or made anew since its state was asked for: the next pass sees what it is.
      if (error instanceof ConflictError && error.code === 'FOLDER_CHANGED') return [];
      throw error;
    });
    for (const { uid, size, internalDate } of items) {
      lines.push({
        folder: source.path.join('/'),
        uid,
        size,
        internalDate,
        outcome: 'failed',
        code: 'FOLDER_REFUSED',
        text,
      });
    }
  }
  return lines;
}

function withRefused(items: ItemCounts, refused: readonly ItemLine[]): ItemCounts {
  return { ...items, total: items.total + refused.length, failed: items.failed + refused.length };
}

interface Results {
  readonly plan: PassPlan;
  readonly index: LedgerIndex;
  readonly folders: readonly ClosedFolder[];
  readonly refused: readonly ItemLine[];
  readonly closes: boolean;
  readonly items: ItemCounts;
}

async function writeMailboxReports(context: CopyContext, results: Results): Promise<ClosedMailbox> {
  const { plan, index, folders, refused, closes, items } = results;
  const { lease, services, options } = context;
  const base = `work/${lease.pass.batch}/mailboxes/${lease.pair.id}`;
  const present = index.folders.filter((folder) => !folder.missing);
  const digest = createHash('sha256');
  for (const { result } of present) digest.update(`${result.folder}\0${result.digest}\n`);
  const differences = present
    .flatMap((folder) => folder.differences)
    .sort((a, b) => Number(a.changedSince) - Number(b.changedSince))
    .slice(0, mostDifferences);
  const checked = present.reduce((sum, folder) => sum + folder.checked, 0);
  const verification: MailboxVerification = {
    schema: 1,
    rules: verificationRules,
    confidence: {
      mode: options.verify,
      checked,
      of: items.copied,
      level: checked >= items.copied ? 1 : 1 - (1 - badShare) ** checked,
      badShare: checked >= items.copied ? 0 : badShare,
    },
    digest: digest.digest('hex'),
    closes,
    source: context.source.description,
    target: context.target.description,
    verifiedAt: index.closedAt,
    folders: present.map((folder) => folder.result),
    differences,
    differencesTotal: present.reduce((sum, folder) => sum + folder.differencesTotal, 0),
    renamed: present.flatMap(({ result, why }) =>
      why === null ? [] : [{ source: result.folder, target: result.target, why }],
    ),
    leftOut: plan.leftOut,
  };
  await services.objects.put(
    `${base}/verification.json`,
    Buffer.from(JSON.stringify(verification)),
    'application/json',
  );
  const lines = await allLines(context, present, refused);
  const large = largeItemsOf(lines);
  if (lines !== undefined) await services.objects.put(`${base}/items.jsonl`, lines, 'application/jsonl');
  const twins = folders.reduce((sum, folder) => sum + folder.twins, 0);
  const error = whyNotGreen({ closes, twins, items, differences });
  return {
    items,
    green: error === null,
    error,
    verification: {
      key: `${base}/verification.json`,
      digest: verification.digest,
      checked,
      differences: verification.differencesTotal,
    },
    itemsReport: lines === undefined ? null : `${base}/items.jsonl`,
    folders: notedFolders(verification.renamed, plan.leftOut),
    largeItems: large.length,
    largeFailed: large.filter((line) => line.outcome === 'failed').length,
  };
}

async function allLines(
  context: CopyContext,
  folders: readonly IndexFolder[],
  refused: readonly ItemLine[],
): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  for (const folder of folders) {
    if (folder.lines !== null) parts.push(await readObject(context.services.objects, folder.lines));
  }
  if (refused.length > 0) parts.push(Buffer.from(refused.map((line) => `${JSON.stringify(line)}\n`).join('')));
  return parts.length === 0 ? undefined : Buffer.concat(parts);
}

/** Of all folders, also of those that this pass did not touch. */
function largeItemsOf(lines: Buffer | undefined): readonly ItemLine[] {
  const written = lines?.toString('utf8').split('\n') ?? [];
  return written
    .filter((line) => line.includes('"ITEM_TOO_LARGE"'))
    .map((line) => ItemLine.parse(JSON.parse(line)))
    .filter((line) => line.code === 'ITEM_TOO_LARGE');
}

/** Green: sums and recount close with nothing failed or doubtful, and the target holds what the ledger says. */
function whyNotGreen(found: {
  readonly closes: boolean;
  readonly twins: number;
  readonly items: ItemCounts;
  readonly differences: readonly Difference[];
}): JobError | null {
  const { closes, twins, items, differences } = found;
  const failing = differences.filter((difference) => !difference.changedSince).length;
  const error = (code: string, message: string): JobError => ({ code, message, kind: 'MailboxBlockedError' });
  if (!closes) return error('COUNTS_DO_NOT_CLOSE', 'The counts of source, ledger and target do not close.');
  if (items.failed > 0) return error('ITEMS_NOT_COPIED', `${counted(items.failed, 'item')} could not be copied.`);
  if (twins > 0) return error('LATE_TWIN', `${counted(twins, 'item')} at the target twice.`);
  if (items.doubtful > 0) return error('DOUBTFUL_ITEM', `${counted(items.doubtful, 'doubtful item')}.`);
  if (failing > 0) return error('VERIFICATION_FAILED', `${counted(failing, 'item')} at the target not as written.`);
  return null;
}
