import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { ItemListing } from '../../domain/mail.ts';
import { ItemLine } from '../../domain/report/mailbox-report.ts';
import type { CopyContext } from './copy-context.ts';
import { readParts } from './index-parts.ts';
import { findCutOff, isWithin, skipReason, type Place } from './item-selection.ts';
import { readObject } from './ledger.ts';
import type { PassPlan, PlannedFolder } from './pass-plan.ts';
import { spanOf } from './uid-span.ts';

/** UIDs of one listing request while the cap over the mailbox is drawn. */
const listingSpan = 10_000;

type CutOff = PassPlan['cutOff'];

export interface Selection {
  readonly cutOff: CutOff;
  readonly folders: readonly PlannedFolder[];
}

/**
 * What the batch's options leave of the mailbox: the line that the cap draws, and the folders in which earlier passes
 * skipped something that is to be copied now, since an option says otherwise. Those are matched anew: what is at the
 * target stays as it is.
 */
export async function selectItems(
  context: CopyContext,
  folders: readonly PlannedFolder[],
  previous: LedgerIndex | null,
): Promise<Selection> {
  const skipped = await earlierSkipped(context, folders, previous);
  const cutOff = await findLine(context, folders, { previous, skipped });
  const again = folders.map((folder, at) => {
    const items = skipped.get(at) ?? [];
    const wanted = items.some((item) => cutOff === null || isWithin(placeOf(item, at), cutOff));
    return wanted ? { ...folder, from: 1, previous: null, rekey: folder.previous, changed: true } : folder;
  });
  return { cutOff, folders: again };
}

/** The options that decide what is skipped, as the index keeps them: while they stay, what was skipped stays skipped. */
export function selectionOf({ options, maxItemBytes }: Pick<CopyContext, 'options' | 'maxItemBytes'>): string {
  const { maxItems, receivedAfter, receivedBefore, skipDeleted } = options;
  return JSON.stringify({ maxItems, receivedAfter, receivedBefore, skipDeleted, maxItemBytes: maxItemBytes ?? null });
}

/** Items that earlier passes skipped and that no option but the cap leaves out any more, by folder of the plan. */
async function earlierSkipped(
  context: CopyContext,
  folders: readonly PlannedFolder[],
  previous: LedgerIndex | null,
): Promise<ReadonlyMap<number, readonly ItemListing[]>> {
  const skipped = new Map<number, readonly ItemListing[]>();
  const same = previous?.selection === selectionOf(context);
  for (const [at, folder] of folders.entries()) {
    const before = previous?.folders[folder.previous ?? -1];
    if (before === undefined || before.lines === null || before.result.skipped === 0) continue;
    const mayBeUndeleted = folder.changed && context.options.skipDeleted;
    if (same && !mayBeUndeleted) continue;
    const lines = await skippedLines(context, before);
    const undeleted = mayBeUndeleted ? await noLongerDeleted(context, folder, lines) : [];
    const others = same ? [] : lines.filter(({ code }) => code !== 'DELETED_SKIPPED' || !context.options.skipDeleted);
    const items = [...undeleted, ...others].filter((item) => otherReason(context, folder, item) === null);
    if (items.length > 0) skipped.set(at, items);
  }
  return skipped;
}

type SkippedLine = ItemListing & { readonly code: string };

async function skippedLines(context: CopyContext, before: IndexFolder): Promise<readonly SkippedLine[]> {
  if (before.lines === null) return [];
  const text = (await readObject(context.services.objects, before.lines)).toString('utf8');
  return (
    text
      .split('\n')
      .filter((line) => line.includes('"skipped"'))
      .map((line) => ItemLine.parse(JSON.parse(line)))
      // What is no mail is none whatever the options say.
      .filter((line) => line.outcome === 'skipped' && line.code !== 'ITEM_NOT_MAIL')
      .map(({ uid, size, internalDate, code }) => ({ uid, size, internalDate, code, flags: [] }))
  );
}

/** A message that was marked as deleted and is not any more was meant to stay. */
async function noLongerDeleted(
  context: CopyContext,
  folder: PlannedFolder,
  lines: readonly SkippedLine[],
): Promise<readonly ItemListing[]> {
  const deleted = new Set(lines.filter(({ code }) => code === 'DELETED_SKIPPED').map(({ uid }) => uid));
  if (deleted.size === 0) return [];
  const range = { uidValidity: folder.state.uidValidity, ...spanOf([...deleted]) };
  return (await context.source.listItems(folder.source, range)).filter(({ uid }) => deleted.has(uid));
}

/** Why an item is left out, whatever the cap says. */
function otherReason(context: CopyContext, folder: PlannedFolder, item: ItemListing): string | null {
  const { options, maxItemBytes } = context;
  return skipReason(item, 0, { options, maxItemBytes, cutOff: null, itemClass: folder.source.itemClass });
}

/**
 * The newest items of the whole mailbox, by INTERNALDATE over all folders. The line is drawn in the first pass; what comes
 * after it is newer and is copied, since a user who waits for new mail must not lose it to a cap that old mail has used up.
 * It moves when options say otherwise, and only towards older items: what was copied stays.
 */
async function findLine(
  context: CopyContext,
  folders: readonly PlannedFolder[],
  known: { readonly previous: LedgerIndex | null; readonly skipped: ReadonlyMap<number, readonly ItemListing[]> },
): Promise<CutOff> {
  const { previous } = known;
  if (previous === null) return drawCutOff(context, folders, known);
  const line = previous.capLine ?? null;
  if (line === null) return null;
  // Every plan numbers its folders anew: of the second itself all items are within.
  const before = { seconds: line, folder: Number.MAX_SAFE_INTEGER, uid: 0 };
  if (previous.selection === selectionOf(context)) return before;
  const drawn = await drawCutOff(context, folders, known);
  return drawn === null || drawn.seconds <= line ? drawn : before;
}

/** Counts what earlier passes copied. Only where the mailbox holds more items than the cap are all dates needed. */
async function drawCutOff(
  context: CopyContext,
  folders: readonly PlannedFolder[],
  known: { readonly previous: LedgerIndex | null; readonly skipped: ReadonlyMap<number, readonly ItemListing[]> },
): Promise<CutOff> {
  const most = context.options.maxItems;
  const total = folders.reduce((sum, folder) => sum + folder.state.messages, 0);
  if (most === 'unlimited' || total <= most) return null;
  let room = most;
  const places: Place[] = [];
  for (const [at, folder] of folders.entries()) {
    const before = known.previous?.folders[folder.previous ?? folder.rekey ?? -1];
    const copied = folder.previous === null ? await copiedBefore(context, before) : new Copied(context);
    if (folder.previous !== null) room -= before?.result.copied ?? 0;
    for (let from = folder.from; from < folder.state.uidNext; from += listingSpan) {
      const to = Math.min(from + listingSpan, folder.state.uidNext) - 1;
      const items = await context.source.listItems(folder.source, { uidValidity: folder.state.uidValidity, from, to });
      for (const item of items) {
        if (copied.take(item)) room -= 1;
        else if (otherReason(context, folder, item) === null) places.push(placeOf(item, at));
      }
    }
    for (const item of known.skipped.get(at) ?? []) places.push(placeOf(item, at));
  }
  return findCutOff(places, Math.max(0, room));
}

function placeOf(item: Pick<ItemListing, 'uid' | 'internalDate'>, folder: number): Place {
  return { seconds: internalDateSeconds(item.internalDate), folder, uid: item.uid };
}

/** Items that were copied out of a folder that is matched anew: whatever their UIDs are now, by date and size. */
class Copied {
  readonly #left = new Map<string, number>();
  readonly #source: CopyContext['source'];

  constructor({ source }: Pick<CopyContext, 'source'>) {
    this.#source = source;
  }

  add(item: Pick<ItemListing, 'internalDate' | 'size'>): void {
    const key = this.#keyOf(item);
    this.#left.set(key, (this.#left.get(key) ?? 0) + 1);
  }

  take(item: Pick<ItemListing, 'internalDate' | 'size'>): boolean {
    const key = this.#keyOf(item);
    const left = this.#left.get(key) ?? 0;
    if (left > 0) this.#left.set(key, left - 1);
    return left > 0;
  }

  /** A source that makes its messages anew lists other sizes than it delivers. */
  #keyOf({ internalDate, size }: Pick<ItemListing, 'internalDate' | 'size'>): string {
    const seconds = String(internalDateSeconds(internalDate));
    return this.#source.stableOctets ? `${seconds} ${String(size)}` : seconds;
  }
}

async function copiedBefore(context: CopyContext, before: IndexFolder | undefined): Promise<Copied> {
  const copied = new Copied(context);
  for await (const records of readParts(context.services.objects, before?.parts ?? [])) {
    for (const record of records) if (record.outcome === 'copied') copied.add(record);
  }
  return copied;
}
