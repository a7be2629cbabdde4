import type { Batch } from '../domain/batch.ts';
import { holderOf } from '../domain/held-mailbox.ts';
import { moveJob } from '../domain/job-transitions.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { waitingReasons } from '../domain/waiting-reason.ts';
import { claimMailbox } from './mailbox-claim.ts';
import type { Services } from './services.ts';

/** The job, waiting for its turn to go on where it stood. */
export function requeued(job: MailboxJob, cause: string, now: number): MailboxJob {
  return moveJob(job, 'requeue', { reason: waitingReasons.turn.say(), cause, now });
}

/** The job, waiting for another go at the batch's present pass. */
export function queuedAgain(
  job: MailboxJob,
  about: { readonly batch: Pick<Batch, 'passNumber'>; readonly cause: string; readonly now: number },
): MailboxJob {
  const { batch, cause, now } = about;
  const passDone = Math.min(job.passDone, Math.max(1, batch.passNumber) - 1);
  if (job.status !== 'Synced') return { ...requeued(job, cause, now), passDone };
  return { ...moveJob(job, 'again', { reason: waitingReasons.turn.say(), cause, now }), passDone };
}

/** Whether a mailbox that another batch held is ours now. */
export async function isReleased(store: Services['store'], batch: Batch, job: MailboxJob): Promise<boolean> {
  if (holderOf(job) === undefined) return false;
  return (await claimMailbox(store, { batch: batch.name, endpoint: batch.endpoint, job: job.id })) === undefined;
}
