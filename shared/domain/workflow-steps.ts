import { z } from 'zod';
import { ClosingMail, PassKind, UploadReference } from './batch.ts';
import { Name } from './endpoint.ts';

/**
 * What travels between the states of `migrate-batch`: ids, counters and outcomes, never a password, never a list that
 * grows with the batch. Each state's input is an earlier state's output; operators read these in the console, so the
 * batch (in a child: the mailbox) comes first.
 */

/** Input of an execution. */
export const MigrateBatchInput = z.object({
  batch: Name,
  pass: PassKind,
  upload: UploadReference.optional(),
});

/** Output of "Find where the batch stands", and what every later state of the parent gets and returns. */
export const BatchPosition = z.object({
  batch: Name,
  pass: PassKind,
  /** Number of the batch's run that this execution holds; 0 with next `leave`. */
  run: z.int().min(0),
  /**
   * Where the Choice goes. `leave`: another execution runs the batch, our rows are noted for it, or the batch is removed;
   * end quietly.
   */
  next: z.enum(['read', 'check', 'synchronise', 'settle', 'report', 'rest', 'remove', 'leave', 'fail']),
  /** For people: why. */
  reason: z.string(),
  /** The mail that the run ends with. */
  mail: ClosingMail,
});
export type BatchPosition = z.infer<typeof BatchPosition>;

/** Output of "List the mailboxes that are due": the manifest for the Map. */
export const RoundPlan = BatchPosition.extend({
  /** Round number, counted up. */
  round: z.int(),
  /** Mailboxes in the manifest; 0: nothing is due. */
  due: z.int(),
  /** N of the endpoint (M for incremental passes): the Map's MaxConcurrencyPath. Never 0. */
  concurrency: z.int().min(1),
  /** JSON array of ManifestEntry. */
  manifest: z.object({ bucket: z.string(), key: z.string() }),
});
export type RoundPlan = z.infer<typeof RoundPlan>;

/** One element of the manifest, and so the beginning of a child's input. */
export const ManifestEntry = z.object({
  mailbox: z.string(),
  row: z.int(),
});
export type ManifestEntry = z.infer<typeof ManifestEntry>;

/** Input of "Copy a slice of the mailbox". `slice` and `waits` count within this child execution. */
export const SliceInput = z.object({
  mailbox: z.string(),
  row: z.int(),
  batch: Name,
  pass: PassKind,
  run: z.int(),
  slice: z.int(),
  /** Waits in a row so far: waits double from 15 s to 5 min. */
  waits: z.int(),
});
export type SliceInput = z.infer<typeof SliceInput>;

/** Output of "Copy a slice of the mailbox": the next slice's input, and what operators read. */
export const SliceOutput = SliceInput.extend({
  outcome: z.enum(['more', 'done', 'waiting', 'stopped', 'failed', 'unfinished']),
  status: z.string(),
  reason: z.string(),
  items: z.int(),
  bytes: z.int(),
  /** Seconds until the next slice; 0 unless `waiting`. */
  waitSeconds: z.int().min(0),
});
export type SliceOutput = z.infer<typeof SliceOutput>;

/** Loops after which a child ends `unfinished`: an execution holds 25,000 events (AWS Step Functions quotas). */
export const maxSlicesPerChild = 1000;

/** Rounds without progress after which the unfinished jobs fail with WORKER_LOST. */
export const maxIdleRounds = 3;

/** Names of the states, shared by the definition, the local runner's overrides and the tests. */
export const stateNames = {
  find: 'Find where the batch stands',
  whichPhase: 'Which phase is next?',
  read: 'Read the batch file',
  check: 'Check the prerequisites',
  plan: 'List the mailboxes that are due',
  anyDue: 'Is any mailbox due?',
  synchronise: 'Synchronise the mailboxes',
  slice: 'Copy a slice of the mailbox',
  sliceOutcome: 'What came of the slice?',
  wait: 'Wait before the next slice',
  childDone: 'The mailbox rests',
  childLost: 'The worker was lost',
  review: 'Who is unfinished?',
  anotherRound: 'Is another round needed?',
  settle: 'See that no worker is left',
  workerLeft: 'Is a worker left?',
  settleWait: 'Wait for the last workers',
  report: 'Write the reports',
  mail: 'Send the status mail',
  rest: 'The batch rests',
  remove: 'Delete what is left of the batch',
  removed: 'Is the batch removed?',
  removeWait: 'Wait before deleting goes on',
  leave: 'Another execution runs the batch',
  recordFailure: 'Record why the batch could not go on',
  failed: 'The batch failed',
} as const;
