import type { Batch, PassKind } from './batch.ts';
import type { JobStatus, MailboxJob } from './mailbox-job.ts';

const resting: readonly JobStatus[] = [
  'IncrementalFailed',
  'Completed',
  'CompletedWithWarnings',
  'Skipped',
  'Failed',
  'Stopping',
  'Stopped',
];

const moving: readonly JobStatus[] = [
  'Validating',
  'Provisioning',
  'Provisioned',
  'Syncing',
  'IncrementalSyncing',
  'Completing',
];

/** Whether nobody works at the mailbox until somebody asks for it, whatever pass the batch is in. */
export function isAtRest(job: Pick<MailboxJob, 'status'>): boolean {
  return resting.includes(job.status);
}

/** Whether a worker has begun with the mailbox and is not through. */
export function isUnderWay(job: Pick<MailboxJob, 'status'>): boolean {
  return moving.includes(job.status);
}

/** Whether the batch's present pass still has to go through this mailbox. */
export function isDue(job: Pick<MailboxJob, 'status' | 'passDone'>, batch: Pick<Batch, 'passNumber'>): boolean {
  return job.passDone < batch.passNumber && !isAtRest(job);
}

/** Whether preparation is through with it: its target mailbox is there, and its forwarding is as it should be. */
export function isPrepared({ preparation }: Pick<MailboxJob, 'preparation'>): boolean {
  return preparation !== undefined && preparation.preparedAt !== null;
}

/** Whether mailboxes of the batch are being prepared: the only time at which a step of theirs does anything. */
export function isBeingPrepared({ status }: Pick<Batch, 'status'>): boolean {
  return status === 'Provisioning' || status === 'Completing';
}

type Preparing = Pick<MailboxJob, 'status' | 'passDone' | 'syncedAt' | 'preparation'>;

/** Whether the mailbox has to be prepared before it is copied for the first time (staged). */
export function isToBePrepared(job: Preparing, batch: Pick<Batch, 'type' | 'passNumber'>): boolean {
  return batch.type === 'staged' && isDue(job, batch) && job.syncedAt === null && !isPrepared(job);
}

/** Whether a worker may copy it in the present pass: due, and prepared where its type wants it. */
export function isToBeCopied(job: Preparing, batch: Pick<Batch, 'type' | 'passNumber'>): boolean {
  return isDue(job, batch) && !isToBePrepared(job, batch);
}

/** What the next pass of this mailbox is, in whatever pass its batch is: rows come late, single mailboxes go ahead. */
export function passKindOf(batch: Pick<Batch, 'pass'>, job: Pick<MailboxJob, 'syncedAt' | 'final'>): PassKind {
  if (job.syncedAt === null) return 'initial';
  return job.final || batch.pass === 'final' ? 'final' : 'incremental';
}

/** Kind of error of a row that could not be read; a restart does not help it, only a corrected file. */
export const badRowKind = 'BadRow';

/** A row that never became a mailbox. */
export function isBadRow(job: Pick<MailboxJob, 'error'>): boolean {
  return job.error?.kind === badRowKind;
}

/** Whether starting the batch again gives this mailbox another try. */
export function isWorthAnotherTry(job: Pick<MailboxJob, 'status' | 'error'>): boolean {
  return !isBadRow(job) && ['Failed', 'IncrementalFailed', 'Stopped'].includes(job.status);
}
