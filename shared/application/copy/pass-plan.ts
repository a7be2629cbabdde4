import { z } from 'zod';
import { ItemClass } from '../../domain/items/item-class.ts';
import type { IndexFolder } from '../../domain/ledger-index.ts';
import { LeftOut } from '../../domain/report/mailbox-report.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';

const Path = z.array(z.string());

const State = z.object({
  uidValidity: z.int(),
  uidNext: z.int(),
  messages: z.int(),
  highestModSeq: z.string().optional(),
});

const Source = z.object({
  id: z.string(),
  path: Path,
  role: z
    .enum([
      'inbox',
      'sent',
      'drafts',
      'trash',
      'junk',
      'archive',
      'all',
      'flagged',
      'important',
      'calendar',
      'contacts',
      'tasks',
      'notes',
    ])
    .optional(),
  selectable: z.boolean(),
  mailboxId: z.string().optional(),
  itemClass: ItemClass.optional(),
});

/** One folder of a pass, as decided when the pass began: every slice works by the same plan. */
export const PlannedFolder = z.object({
  source: Source,
  /** State at the pass's start: uidNext is the exclusive upper bound of what this pass copies. */
  state: State,
  /** Items with from <= uid < state.uidNext are copied; from = state.uidNext: nothing new. */
  from: z.int(),
  target: z.object({ id: z.string(), path: Path }),
  /** The target folder's state at the pass's start. */
  targetState: State,
  /** First target UID that may be ours, from the pair's first pass over this folder. */
  baseline: z.int(),
  /** Why the name differs at the target; null where it does not. */
  why: z.string().nullable(),
  /** Position in the previous index; null: new to us. */
  previous: z.int().nullable(),
  /** Position in the previous index of what this folder was under another UIDVALIDITY; null: it was nothing. */
  rekey: z.int().nullable(),
  /** True when the source folder changed since the previous pass (flags, deletions). */
  changed: z.boolean(),
  /** True when the target folder is not as the previous pass left it. */
  targetChanged: z.boolean(),
});
export type PlannedFolder = z.infer<typeof PlannedFolder>;

export const PassPlan = z.object({
  schema: z.literal(1),
  pair: z.string(),
  /** Key prefix of the pass's segments. */
  prefix: z.string(),
  startedAt: z.iso.datetime(),
  folders: z.array(PlannedFolder),
  /** Source folders that could not be made at the target: their items fail with FOLDER_REFUSED. */
  refused: z.array(z.object({ source: Source, messages: z.int(), text: z.string() })),
  /**
   * Where the target folders are now that the previous index has, by position, and this plan has not, if they are not where
   * they were: they went along when a folder above them was renamed, or their users renamed them. Null: they are nowhere.
   */
  elsewhere: z
    .array(z.object({ previous: z.int(), target: z.object({ id: z.string(), path: Path }).nullable() }))
    .default([]),
  leftOut: z.array(LeftOut),
  /**
   * Newest-first cap over the mailbox: an item is kept when (date, folder, uid) is not below this triple; null: no cap.
   */
  cutOff: z.object({ seconds: z.int(), folder: z.int(), uid: z.int() }).nullable(),
});
export type PassPlan = z.infer<typeof PassPlan>;

/** Where the target folder of a folder of the previous index is in this pass. */
export function targetNow(plan: PassPlan, previous: number, { target }: Pick<IndexFolder, 'target'>): TargetFolder {
  const planned =
    plan.folders.find((folder) => folder.previous === previous || folder.rekey === previous) ??
    plan.elsewhere.find((folder) => folder.previous === previous);
  return { ...(planned?.target ?? target), selectable: true };
}

/** False: the target folder of a folder of the previous index was looked for, and is nowhere. */
export function isAtTarget(plan: PassPlan, previous: number): boolean {
  return !plan.elsewhere.some((folder) => folder.previous === previous && folder.target === null);
}
