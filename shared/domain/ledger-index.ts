import { z } from 'zod';
import { LedgerHead } from './pair.ts';
import { Difference, FolderResult } from './report/mailbox-report.ts';

const State = z.object({
  uidValidity: z.int(),
  uidNext: z.int(),
  messages: z.int(),
  highestModSeq: z.string().optional(),
});

/** A run of item records of one folder, ascending by UID; one object of JSON lines. */
export const IndexPart = z.object({ head: LedgerHead, first: z.int(), last: z.int(), items: z.int() });
export type IndexPart = z.infer<typeof IndexPart>;

/** What the pair knows of one folder after a pass. */
export const IndexFolder = z.object({
  source: z.object({ id: z.string(), path: z.array(z.string()), mailboxId: z.string().optional() }),
  /** The source's state that this index covers: nothing at or above uidNext is in it. */
  state: State,
  target: z.object({ id: z.string(), path: z.array(z.string()) }),
  /** The target's state when the pass closed. */
  targetState: State,
  /** First target UID that may be ours. */
  baseline: z.int(),
  why: z.string().nullable(),
  parts: z.array(IndexPart),
  /**
   * What was copied and the source no longer has here (`gone`). The copy is where it was put, unless it stood for an equal
   * item since, or its user deleted it: nothing is believed without looking. Without a target UID where the target folder
   * was made anew.
   */
  former: z.array(IndexPart).default([]),
  result: FolderResult,
  differences: z.array(Difference),
  differencesTotal: z.int(),
  /** Object of ItemLine lines for the reports; null where every item was copied. */
  lines: LedgerHead.nullable(),
  /** Re-read and compared at the last verification of this folder. */
  checked: z.int(),
  /** The source had no such folder in the last pass: its items count no more, but are remembered. */
  missing: z.boolean(),
  /** False: the source had items that no record names; the next pass matches the folder anew. */
  closes: z.boolean(),
  /**
   * Number of the first part that a pass wrote in which the folder was lost: nobody looked yet whether the items are at
   * the target. Absent where the folder was compared since.
   */
  fresh: z.int().optional(),
  /** Target UIDNEXT from which a settlement leaves twins possible; null where nothing was ever settled. */
  settledFrom: z.int().nullable(),
});
export type IndexFolder = z.infer<typeof IndexFolder>;

/** The compacted ledger of a pair: one sorted index a folder. Named by the pair's PASS item. */
export const LedgerIndex = z.object({
  schema: z.literal(1),
  pair: z.string(),
  closedAt: z.iso.datetime(),
  /** The options by which items were skipped, as text to compare: while it stays, what was skipped stays skipped. */
  selection: z.string().optional(),
  /** Items received before this second were over the cap (`maxItems`); null: none were. */
  capLine: z.int().nullable().optional(),
  folders: z.array(IndexFolder),
});
export type LedgerIndex = z.infer<typeof LedgerIndex>;
