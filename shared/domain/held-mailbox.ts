import { errorNames } from './errors.ts';
import type { JobError, MailboxJob } from './mailbox-job.ts';

/** Why a mailbox is left to another batch. */
export function heldByOther(batch: string): JobError {
  return {
    code: 'MAILBOX_HELD_BY_OTHER_BATCH',
    message: `The batch ${batch} holds this mailbox.`,
    kind: errorNames.mailboxBlocked,
  };
}

/** The batch that holds the mailbox of a skipped job; undefined: it is not skipped for that. */
export function holderOf(job: Pick<MailboxJob, 'status' | 'error'>): string | undefined {
  if (job.status !== 'Skipped' || job.error?.code !== 'MAILBOX_HELD_BY_OTHER_BATCH') return undefined;
  return /^The batch (\S+) holds/.exec(job.error.message)?.[1];
}
