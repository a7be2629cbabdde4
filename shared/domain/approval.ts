import type { MailboxJob } from './mailbox-job.ts';

type Judged = Pick<MailboxJob, 'green' | 'approval' | 'items' | 'verification'>;

/**
 * Whether somebody approved all that this mailbox lacks. An approval covers what was found before it: a later pass with
 * more failed or doubtful items, or more differences, needs a new one (so does Microsoft's ApproveSkippedItems,
 * Set-MigrationBatch).
 */
export function isApproved({ approval, items, verification }: Judged): boolean {
  if (approval === null) return false;
  return (
    items.failed <= approval.failed &&
    items.doubtful <= approval.doubtful &&
    (verification?.differences ?? 0) <= approval.differences
  );
}

/** Green, or with nothing missing that nobody approved. It stays not green: the reports go on to say what is missing. */
export function isAccepted(job: Judged): boolean {
  return job.green === true || (job.green === false && isApproved(job));
}
