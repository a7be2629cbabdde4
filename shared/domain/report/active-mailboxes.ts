import { classOfStatus, percentComplete, type MailboxJob } from '../mailbox-job.ts';
import type { Column } from './csv.ts';

export const activeColumns: readonly Column<MailboxJob>[] = [
  { name: 'Batch', doc: 'Name of the batch.', value: (job) => job.batch },
  { name: 'EmailAddress', doc: 'EmailAddress as written in the CSV.', value: (job) => job.mailbox },
  { name: 'Status', doc: 'Status of the mailbox, such as `Syncing`.', value: (job) => job.status },
  { name: 'Reason', doc: 'Why it does not move; empty while it moves.', value: (job) => job.reason },
  {
    name: 'PercentComplete',
    doc: 'Settled share of the listed messages, whole per cent.',
    value: (job) => percentComplete(job),
  },
  { name: 'ItemsTotal', doc: 'Messages listed at the source so far.', value: (job) => job.items.total },
  { name: 'ItemsCopied', doc: 'Messages at the target.', value: (job) => job.items.copied },
  { name: 'ItemsSkipped', doc: 'Messages left out for a stated reason.', value: (job) => job.items.skipped },
  { name: 'ItemsFailed', doc: 'Messages that could not be copied.', value: (job) => job.items.failed },
  { name: 'BytesTransferred', doc: 'Octets sent to the target.', value: (job) => job.bytesTransferred },
  {
    name: 'BytesEstimated',
    doc: 'Octets that the source claims the mailbox to hold; 0 before it was listed.',
    value: (job) => job.bytesEstimated,
  },
  { name: 'Queued', doc: 'When the row was accepted, or asked for again last.', value: (job) => job.queuedAt },
  { name: 'Started', doc: 'When the first slice began.', value: (job) => job.startedAt },
  { name: 'LastProgress', doc: 'When the state of the mailbox changed last.', value: (job) => job.updatedAt },
  { name: 'Slices', doc: 'Slices of work so far.', value: (job) => job.slices },
];

/** The row of a mailbox; null where it is not being worked on. */
export function activeRow(job: MailboxJob): MailboxJob | null {
  return classOfStatus(job.status) === 'active' ? job : null;
}
