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
  next: z.enum([
    'read',
    'check',
    'prepare',
    'synchronise',
    'settle',
    'put-back',
    'report',
    'rest',
    'remove',
    'leave',
    'fail',
  ]),
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

/** Output of "See how far the preparation is": what to do next, and for which mailboxes. */
export const PreparationStep = RoundPlan.extend({
  /**
   * `provision`, `forward`: a Map over the manifest; `wait`: target mailboxes are still being made; `tell`: mail 1;
   * `over`: on with the phase that `next` names.
   */
  step: z.enum(['provision', 'forward', 'wait', 'tell', 'over']),
  /** Seconds until the next look; 0 unless `wait`. */
  waitSeconds: z.int().min(0),
});
export type PreparationStep = z.infer<typeof PreparationStep>;

/** Input of a child that prepares one mailbox. */
export const PrepareInput = z.object({
  mailbox: z.string(),
  row: z.int(),
  batch: Name,
  run: z.int(),
});
export type PrepareInput = z.infer<typeof PrepareInput>;

/** What came of it; what there is to know stands in the job. */
export const PrepareOutput = z.object({
  mailbox: z.string(),
  outcome: z.enum(['done', 'waiting', 'stopped', 'failed']),
  status: z.string(),
  reason: z.string(),
});
export type PrepareOutput = z.infer<typeof PrepareOutput>;

/** Input of a state that sends a mail. */
export const MailInput = BatchPosition.extend({ kind: z.enum([...ClosingMail.options, 'prepared']) });
export type MailInput = z.infer<typeof MailInput>;

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
  prepare: 'See how far the preparation is',
  whichStep: 'What does the preparation need?',
  provision: 'Provision the target mailboxes',
  provisionOne: 'Provision a target mailbox',
  provisioned: 'The mailbox is provisioned',
  provisionLost: 'Provisioning was lost',
  forward: 'Forward the new mail',
  forwardOne: 'Forward the mail of a mailbox',
  forwarded: 'The mail is forwarded',
  forwardLost: 'Forwarding was lost',
  prepareWait: 'Wait for the target mailboxes',
  mail1: 'Send mail 1',
  putBack: 'Put forwarding back',
  isPutBack: 'Is forwarding put back?',
  putBackWait: 'Wait before putting back goes on',
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
