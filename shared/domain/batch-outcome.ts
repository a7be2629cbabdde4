import { batchTransitions, type BatchEvent } from './batch-transitions.ts';
import type { BatchStatus } from './batch.ts';
import type { MailboxJob } from './mailbox-job.ts';

export interface BatchOutcome {
  readonly event: Extract<BatchEvent, 'synced' | 'syncedWithErrors' | 'fail'>;
  /** The status that the event leads to. */
  readonly status: BatchStatus;
  /** One sentence for `batch show` and the mail. */
  readonly reason: string;
}

type Judged = Pick<MailboxJob, 'status' | 'green'>;

/**
 * How a pass ended: never from "nothing threw", always from the jobs. A batch with a job that is not green, Failed or
 * IncrementalFailed is SyncedWithErrors; one in which none synced is Failed. Rows that another batch holds are no error.
 * Whoever writes a mail before the batch rests asks here, too.
 */
export async function batchOutcome(jobs: AsyncIterable<Judged> | Iterable<Judged>): Promise<BatchOutcome> {
  const seen = { total: 0, synced: 0, green: 0, skipped: 0 };
  for await (const job of jobs) {
    seen.total += 1;
    if (job.status === 'Skipped') seen.skipped += 1;
    if (isSynced(job)) seen.synced += 1;
    if (isSynced(job) && job.status !== 'IncrementalFailed' && job.green === true) seen.green += 1;
  }
  const meant = seen.total - seen.skipped;
  if (seen.synced === 0) return outcome('fail', `None of ${mailboxes(seen.total)} could be migrated.`);
  if (seen.green === meant) return outcome('synced', `${mailboxes(meant)} synced, each with sums that close.`);
  return outcome(
    'syncedWithErrors',
    `${String(seen.synced)} of ${mailboxes(meant)} synced; ${String(meant - seen.green)} with a problem.`,
  );
}

function outcome(event: BatchOutcome['event'], reason: string): BatchOutcome {
  return { event, status: batchTransitions[event].to, reason };
}

function isSynced({ status }: Judged): boolean {
  return ['Synced', 'IncrementalFailed', 'Completed', 'CompletedWithWarnings'].includes(status);
}

function mailboxes(count: number): string {
  return count === 1 ? '1 mailbox' : `${String(count)} mailboxes`;
}
