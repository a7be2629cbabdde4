import { jobTransitions, mayMoveJob, moveJob } from './job-transitions.ts';
import type { MailboxJob } from './mailbox-job.ts';
import { waitingReasons } from './waiting-reason.ts';

/** What the time-line says of a mailbox that somebody stopped. */
export function stopCause(who: string): string {
  return `Stopped by ${who}.`;
}

/** The job once no worker is at it any more: one that was stopped by itself says by whom. */
export function stoppedJob(job: MailboxJob, now: number, cause: string = jobTransitions.stopped.when): MailboxJob {
  if (!mayMoveJob(job, 'stopped')) return job;
  if (job.status !== 'Stopping') return moveJob(job, 'stopped', { reason: waitingReasons.stopped.say(), cause, now });
  const who = /^Stopped by (.+)\.$/.exec(job.cause)?.[1] ?? 'somebody';
  return moveJob(job, 'stopped', { reason: waitingReasons.mailboxStopped.say(who), cause: job.cause, now });
}
