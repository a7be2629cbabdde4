import { z } from 'zod';
import { MigrationType, Name } from './endpoint.ts';
import { RequeueOrder } from './requeue-order.ts';
import { Rollback } from './job-preparation.ts';

export const BatchStatus = z.enum([
  'Created',
  'Waiting',
  'Validating',
  'Provisioning',
  'Syncing',
  'Synced',
  'SyncedWithErrors',
  'IncrementalSyncing',
  'Completing',
  'Completed',
  'CompletedWithErrors',
  'Paused',
  'Stopping',
  'Stopped',
  'Failed',
  'Removing',
]);
export type BatchStatus = z.infer<typeof BatchStatus>;

export const PassKind = z.enum(['initial', 'incremental', 'final']);
export type PassKind = z.infer<typeof PassKind>;

/** A bucket object (embedded: a file) at one version. */
export const UploadReference = z.object({ key: z.string(), version: z.string() });
export type UploadReference = z.infer<typeof UploadReference>;

/** The mails that a run may end with. */
export const ClosingMail = z.enum(['finished', 'paused', 'stopped', 'completed']);
export type ClosingMail = z.infer<typeof ClosingMail>;

/**
 * The batch's one run: the execution that may act for it. A slice whose run number is not the batch's does nothing, so
 * that an execution that was believed lost cannot work beside its successor.
 */
export const BatchRun = z.object({
  number: z.int().min(1),
  execution: z.string(),
  startedAt: z.iso.datetime(),
  /** Phase to enter when an execution finds the batch (states are safe to enter again). */
  phase: z.enum(['read', 'check', 'prepare', 'synchronise', 'settle', 'put-back', 'report', 'rest', 'remove']),
  /** Synchronising rounds so far, and how many of the last ones brought no progress. */
  round: z.int().min(0),
  idleRounds: z.int().min(0),
  /** The mail that the run ends with, once the last worker is gone; absent: finished. */
  mail: ClosingMail.optional(),
});
export type BatchRun = z.infer<typeof BatchRun>;

/**
 * Nothing of any mailbox was due: as long as nobody wrote the batch since, and the times that its mailboxes have from it
 * and its endpoint are the same, nothing is before `until`.
 */
export const LookedThrough = z.object({
  version: z.int(),
  until: z.iso.datetime(),
  completeAfter: z.iso.datetime().nullable(),
  rollbackAfterMs: z.int().nullable(),
});
export type LookedThrough = z.infer<typeof LookedThrough>;

export const Batch = z.object({
  schema: z.literal(1),
  /** Raised by every write; a write names the version it read. */
  version: z.int().min(0),
  name: Name,
  type: MigrationType,
  endpoint: Name,
  status: BatchStatus,
  /** Why the batch is where it is, in words; always set when it does not move. */
  reason: z.string().nullable(),
  /** Code of the catalogue when the status is Failed or Paused. */
  errorCode: z.string().nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  /** When the present pass ended: Synced, SyncedWithErrors, Failed, Stopped, Completed... */
  finishedAt: z.iso.datetime().nullable(),
  /** OS user, IAM principal, or what `<batch>.json` says. */
  startedBy: z.string(),
  /** When an admin last asked for something: Synced batches nobody cares for are stopped after 60 days. */
  lastActivityAt: z.iso.datetime(),
  /** When the present pass began; the next incremental one is due 24 hours later. */
  passStartedAt: z.iso.datetime().nullable(),
  /** Batch-level options as written (section 9 of the design), merged over the endpoint's defaults when used. */
  options: z.record(z.string(), z.unknown()),
  pass: PassKind,
  /** Number of the present pass, 1 for the initial one. */
  passNumber: z.int().min(0),
  /** Number of the last pass that every mailbox has gone through; absent: none. What goes on in it concerns some of them. */
  passThrough: z.int().min(1).optional(),
  /** Uploads not read yet, oldest first: the running execution takes them in its next round. */
  uploads: z.array(UploadReference),
  /** Number of runs ever taken; the next one is this + 1. */
  runs: z.int().min(0),
  run: BatchRun.nullable(),
  /** Executions lost in a row, and what was done by then: equal marks are losses without progress. */
  losses: z
    .object({
      times: z.int().min(1),
      mark: z.string(),
      /** Which run was lost last, and when that was counted. */
      run: z.int().optional(),
      at: z.iso.datetime().optional(),
    })
    .optional(),
  /** Findings of the CSV that concern the file, for mails and screens; no password, at most 100. */
  fileFindings: z.array(
    z.object({ severity: z.string(), code: z.string(), line: z.int(), message: z.string(), suggestion: z.string() }),
  ),
  /** Since when mailboxes are prepared after the last start; absent: none had to be. Mail 1 counts from here. */
  preparingSince: z.iso.datetime().optional(),
  /** Forwarding that is to be put back; absent: none. */
  rollback: Rollback.optional(),
  /** What the tick found when it last looked through the mailboxes; absent: something was due, or it never did. */
  looked: LookedThrough.optional(),
  /** Mailboxes that its execution is to try again before the next round; absent: none. */
  requeue: RequeueOrder.optional(),
  /** Set once completion was asked for; `ignoreErrors` completes the batch with errors left. */
  completion: z.object({ ignoreErrors: z.boolean(), by: z.string(), at: z.iso.datetime() }).nullable(),
  /** Set once removal was asked for. */
  removal: z.object({ forget: z.boolean(), by: z.string(), at: z.iso.datetime() }).nullable(),
  /** Prerequisites that somebody decided to do without. */
  overrides: z.array(z.object({ check: z.string(), why: z.string(), by: z.string(), at: z.iso.datetime() })),
  /** Object keys of the copies of its batch files, without passwords, in the order they were read. */
  files: z.array(z.string()),
  /** Results of the prerequisite checks of the present pass. */
  checks: z.array(
    z.object({
      check: z.string(),
      result: z.enum(['pass', 'warn', 'fail', 'cannot-check']),
      evidence: z.string(),
      fix: z.string(),
    }),
  ),
});
export type Batch = z.infer<typeof Batch>;

/** Statuses in which an execution may be running. */
export const runningStatuses: readonly BatchStatus[] = [
  'Validating',
  'Provisioning',
  'Syncing',
  'IncrementalSyncing',
  'Completing',
  'Stopping',
  'Removing',
];

export function isRunning(batch: Pick<Batch, 'status'>): boolean {
  return runningStatuses.includes(batch.status);
}
