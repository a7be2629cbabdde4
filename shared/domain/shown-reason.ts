import type { Batch } from './batch.ts';
import { isAtRest, isDue, isUnderWay } from './due-jobs.ts';
import type { MailboxJob } from './mailbox-job.ts';
import { stalledAfterMs } from './batch-life.ts';
import { isOrdinaryWait, waitingReasons } from './waiting-reason.ts';

type Shown = Pick<MailboxJob, 'status' | 'reason' | 'passDone'>;

/**
 * Why a mailbox does not move, for screens and reports; null while it moves, or where it is through. What holds the
 * whole batch is not written on each of its jobs: it is said here.
 */
export function shownReason(job: Shown, batch: Pick<Batch, 'status' | 'passNumber' | 'reason'>): string | null {
  // Its worker ended because the batch was paused.
  const isPaused = batch.status === 'Paused' && job.reason === waitingReasons.stopped.say();
  if (isPaused) return waitingReasons.breaker.say();
  if (isAtRest(job) || (job.status === 'Synced' && !isDue(job, batch))) return job.reason;
  switch (batch.status) {
    case 'Created':
      return waitingReasons.notStarted.say();
    case 'Waiting':
      return startOf(batch.reason) ?? waitingReasons.notStarted.say();
    case 'Paused':
      return waitingReasons.breaker.say();
    case 'Stopping':
    case 'Stopped':
      return isUnderWay(job) && batch.status === 'Stopping'
        ? waitingReasons.stopping.say()
        : waitingReasons.stopped.say();
    default:
      return job.reason ?? (isUnderWay(job) ? null : waitingReasons.turn.say());
  }
}

/** `Starts at ...` on the batch is `starts at ...` on its mailboxes. */
function startOf(reason: string | null): string | undefined {
  const time = /^Starts at (.+?)\.?$/.exec(reason ?? '')?.[1];
  return time === undefined ? undefined : waitingReasons.startsAt.say(time);
}

type Watched = Shown & Pick<MailboxJob, 'progressAt' | 'queuedAt'>;

/** A mailbox that should move and has not for eight hours. Whoever waits in a line is not stalled. */
export function isStalled(job: Watched, batch: Pick<Batch, 'status' | 'passNumber' | 'reason'>, now: number): boolean {
  if (!isDue(job, batch)) return false;
  const reason = shownReason(job, batch);
  if (reason !== null && isOrdinaryWait(reason)) return false;
  return now - Date.parse(job.progressAt ?? job.queuedAt) > stalledAfterMs;
}
