import { consistencyOf } from '../consistency-score.ts';
import type { MailboxJob } from '../mailbox-job.ts';
import type { Column } from './csv.ts';
import { hasMoved } from './job-problem.ts';

/** Whole seconds between two instants; null while one of them is open. */
export function secondsBetween(from: string | null, to: string | null): number | null {
  if (from === null || to === null) return null;
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
}

export const statisticsColumns: readonly Column<MailboxJob>[] = [
  { name: 'Batch', doc: 'Name of the batch.', value: (job) => job.batch },
  { name: 'EmailAddress', doc: 'EmailAddress as written in the CSV.', value: (job) => job.mailbox },
  { name: 'Status', doc: 'Status of the mailbox, such as `Synced`.', value: (job) => job.status },
  {
    name: 'Green',
    doc: '`true` when every sum and the recount of the ledger close and nothing failed or is doubtful; else `false`.',
    value: (job) => job.green === true,
  },
  {
    name: 'ItemsTotal',
    doc: 'Messages listed at the source, with those that earlier passes settled. Equal to the sum of the next five.',
    value: (job) => job.items.total,
  },
  { name: 'ItemsCopied', doc: 'Messages at the target.', value: (job) => job.items.copied },
  {
    name: 'ItemsSkipped',
    doc: 'Messages left out for a stated reason (SkippedItems.csv).',
    value: (job) => job.items.skipped,
  },
  { name: 'ItemsFailed', doc: 'Messages that could not be copied.', value: (job) => job.items.failed },
  {
    name: 'ItemsDoubtful',
    doc: 'Messages of which it cannot be told whether the target has them.',
    value: (job) => job.items.doubtful,
  },
  {
    name: 'ItemsVanished',
    doc: 'Messages that were deleted at the source after they had been listed and before they were copied.',
    value: (job) => job.items.vanished,
  },
  { name: 'BytesCopied', doc: 'Octets of the copied messages.', value: (job) => job.items.bytes },
  {
    name: 'BytesTransferred',
    doc: 'Octets sent to the target, with those sent again after an interruption.',
    value: (job) => job.bytesTransferred,
  },
  { name: 'Queued', doc: 'When the row was accepted, or asked for again last.', value: (job) => job.queuedAt },
  { name: 'Started', doc: 'When the first slice began.', value: (job) => job.startedAt },
  { name: 'Synced', doc: 'When the mailbox was synchronised last.', value: (job) => job.syncedAt },
  {
    name: 'DurationSeconds',
    doc: 'Seconds from Started to Synced.',
    value: (job) => secondsBetween(job.startedAt, job.syncedAt),
  },
  { name: 'Slices', doc: 'Slices of work it took.', value: (job) => job.slices },
  {
    name: 'ItemsVerified',
    doc: 'Messages read again at the target and compared.',
    value: (job) => job.verification?.checked ?? 0,
  },
  {
    name: 'Differences',
    doc: 'How many of them were missing or differed (VerificationDifferences.csv).',
    value: (job) => job.verification?.differences ?? null,
  },
  {
    name: 'VerificationDigest',
    doc: 'SHA-256 over the mailbox, from the digests of its copied messages.',
    value: (job) => job.verification?.digest ?? null,
  },
  {
    name: 'FoldersRenamed',
    doc: 'Folders whose name had to change at the target (VerificationReport.json names them).',
    value: (job) => job.renamedFolders.length,
  },
  {
    name: 'FoldersLeftOut',
    doc: 'Folders deliberately not copied, such as shared ones (VerificationReport.json names them).',
    value: (job) => job.leftOutFolders.length,
  },
  { name: 'Row', doc: 'Data row in the CSV, from 1.', value: (job) => job.row },
  {
    name: 'ConsistencyScore',
    doc: '`Perfect`, `Good`, `Investigate` or `Poor`, see below; empty while a pass is at work.',
    value: (job) => consistencyOf(job)?.score ?? null,
  },
  { name: 'ScoreReason', doc: 'What decided the score.', value: (job) => consistencyOf(job)?.why ?? null },
  {
    name: 'Approved',
    doc: '`true` where somebody approved all that the mailbox lacks; else `false`.',
    value: (job) => consistencyOf(job)?.approved === true,
  },
  {
    name: 'ApprovedBy',
    doc: 'Who approved last, also what no longer covers all.',
    value: (job) => job.approval?.by ?? null,
  },
  { name: 'ApprovedAt', doc: 'When.', value: (job) => job.approval?.at ?? null },
];

/** The row of a mailbox; null where it has not moved. */
export function statisticsRow(job: MailboxJob): MailboxJob | null {
  return hasMoved(job) ? job : null;
}
