import type { Batch } from './batch.ts';
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

/** Whether nobody works at the mailbox until somebody asks for it, whatever pass the batch is in. */
export function isAtRest(job: Pick<MailboxJob, 'status'>): boolean {
  return resting.includes(job.status);
}

/** Whether the batch's present pass still has to go through this mailbox. */
export function isDue(job: Pick<MailboxJob, 'status' | 'passDone'>, batch: Pick<Batch, 'passNumber'>): boolean {
  return job.passDone < batch.passNumber && !isAtRest(job);
}

/** Kind of error of a row that could not be read; a restart does not help it, only a corrected file. */
export const badRowKind = 'BadRow';

/** Whether starting the batch again gives this mailbox another try. */
export function isWorthAnotherTry(job: Pick<MailboxJob, 'status' | 'error'>): boolean {
  if (job.error?.kind === badRowKind) return false;
  return ['Failed', 'IncrementalFailed', 'Stopped'].includes(job.status);
}
