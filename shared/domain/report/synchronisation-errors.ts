import type { Batch } from '../batch.ts';
import type { MailboxJob } from '../mailbox-job.ts';
import type { Column } from './csv.ts';
import { catalogueEntry, problemOf } from './job-problem.ts';
import type { ItemLine } from './mailbox-report.ts';
import { actorNames } from './migration-errors.ts';

/** A mailbox whose later pass failed, or a message that one could not copy. */
export interface SyncErrorRow {
  readonly job: MailboxJob;
  /** Null where the mailbox as a whole failed. */
  readonly item: Pick<ItemLine, 'folder' | 'uid' | 'outcome'> | null;
  readonly code: string;
  readonly message: string;
}

export const syncErrorColumns: readonly Column<SyncErrorRow>[] = [
  { name: 'Batch', doc: 'Name of the batch.', value: ({ job }) => job.batch },
  { name: 'EmailAddress', doc: 'EmailAddress as written in the CSV.', value: ({ job }) => job.mailbox },
  { name: 'Row', doc: 'Data row in the CSV, from 1.', value: ({ job }) => job.row },
  { name: 'Status', doc: 'Status of the mailbox.', value: ({ job }) => job.status },
  {
    name: 'Folder',
    doc: 'Folder of the message at the source; empty where the mailbox as a whole failed.',
    value: ({ item }) => item?.folder ?? null,
  },
  { name: 'Uid', doc: 'UID of the message in that folder.', value: ({ item }) => item?.uid ?? null },
  {
    name: 'Outcome',
    doc: '`failed` or `doubtful` for a message; empty for a mailbox.',
    value: ({ item }) => item?.outcome ?? null,
  },
  { name: 'ErrorCode', doc: 'Code of the [error catalogue](errors.md).', value: ({ code }) => code },
  { name: 'ErrorMessage', doc: 'What happened, with its particulars.', value: ({ message }) => message },
  { name: 'Cause', doc: 'What usually causes it.', value: ({ code }) => catalogueEntry(code).cause },
  { name: 'Fix', doc: 'What to do about it.', value: ({ code }) => catalogueEntry(code).fix },
  { name: 'Actor', doc: 'Who must act.', value: ({ code }) => actorNames[catalogueEntry(code).actor] },
  {
    name: 'LastSynced',
    doc: 'When the mailbox was synchronised last: what came since may be missing.',
    value: ({ job }) => job.syncedAt,
  },
  { name: 'LastChange', doc: 'When the state of the mailbox changed last.', value: ({ job }) => job.updatedAt },
];

/** The row of a mailbox whose later pass failed as a whole; null for all others. */
export function syncErrorRow(job: MailboxJob): SyncErrorRow | null {
  if (job.status !== 'IncrementalFailed') return null;
  const problem = problemOf(job, true);
  return problem === null ? null : { job, item: null, ...problem };
}

/** The row of a message that the last pass of the mailbox, not its first, could not copy. */
export function syncErrorItemRow(job: MailboxJob, item: ItemLine): SyncErrorRow | null {
  if (item.outcome !== 'failed' && item.outcome !== 'doubtful') return null;
  const message = item.text === '' ? catalogueEntry(item.code).text : item.text;
  return { job, item, code: item.code, message };
}

/** Rows may come in any pass of a batch: a mailbox that a worker first saw in the present one has made no later pass. */
export function hadLaterPass(job: MailboxJob, { passStartedAt }: Pick<Batch, 'passStartedAt'>): boolean {
  if (job.syncedAt === null || job.startedAt === null || job.passDone < 2) return false;
  return passStartedAt === null || Date.parse(job.startedAt) < Date.parse(passStartedAt);
}
