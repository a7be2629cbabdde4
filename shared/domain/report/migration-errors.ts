import type { MigrationType } from '../endpoint.ts';
import type { Actor } from '../error-catalogue.ts';
import type { MailboxJob } from '../mailbox-job.ts';
import type { Column } from './csv.ts';
import { catalogueEntry, hasMoved, problemOf, type JobProblem } from './job-problem.ts';
import { newMailOfMailbox } from './new-mail.ts';

export interface ErrorRow {
  readonly job: MailboxJob;
  readonly problem: JobProblem;
  readonly type: MigrationType;
}

/** Who must act, in words. */
export const actorNames: Record<Actor, string> = {
  admin: 'the admin of the migration',
  'source-admin': 'the admin of the source server',
  'target-admin': 'the admin of the target server',
  user: 'the user of the mailbox',
  operator: 'the operator of Stagecoach',
  nobody: 'nobody',
};

export const errorColumns: readonly Column<ErrorRow>[] = [
  { name: 'Batch', doc: 'Name of the batch.', value: ({ job }) => job.batch },
  { name: 'Row', doc: 'Data row in the CSV, from 1.', value: ({ job }) => job.row },
  {
    name: 'Line',
    doc: 'Line of the CSV, from 1; differs from Row by the header and by cells of several lines.',
    value: ({ job }) => job.line,
  },
  {
    name: 'EmailAddress',
    doc: 'EmailAddress as written in the CSV; empty where the row has none.',
    value: ({ job }) => job.mailbox,
  },
  {
    name: 'Status',
    doc: 'Status of the mailbox: `Failed`, `Skipped`, `Stopped`, or `Synced` where it is not green.',
    value: ({ job }) => job.status,
  },
  {
    name: 'ErrorCode',
    doc: 'Code of the [error catalogue](errors.md).',
    value: ({ problem }) => problem.code,
  },
  { name: 'ErrorMessage', doc: 'What happened, with its particulars.', value: ({ problem }) => problem.message },
  { name: 'Cause', doc: 'What usually causes it.', value: ({ problem }) => catalogueEntry(problem.code).cause },
  { name: 'Fix', doc: 'What to do about it.', value: ({ problem }) => catalogueEntry(problem.code).fix },
  {
    name: 'Actor',
    doc: 'Who must act.',
    value: ({ problem }) => actorNames[catalogueEntry(problem.code).actor],
  },
  {
    name: 'ItemsTotal',
    doc: 'Messages listed at the source so far.',
    value: ({ job }) => job.items.total,
  },
  { name: 'ItemsCopied', doc: 'Messages at the target: they stay there.', value: ({ job }) => job.items.copied },
  { name: 'ItemsFailed', doc: 'Messages that could not be copied.', value: ({ job }) => job.items.failed },
  {
    name: 'ItemsDoubtful',
    doc: 'Messages of which it cannot be told whether the target has them.',
    value: ({ job }) => job.items.doubtful,
  },
  { name: 'LastChange', doc: 'When the state of the mailbox changed last.', value: ({ job }) => job.updatedAt },
  {
    name: 'NewMail',
    doc: 'Where new mail of a mailbox that is not migrated goes now.',
    value: ({ job, type }) => (job.mailbox === '' || hasMoved(job) ? null : newMailOfMailbox(job, type)),
  },
];

/** The row of a mailbox; null where nothing is wrong with it. `ended`: see problemOf. */
export function errorRow(
  job: MailboxJob,
  about: { readonly ended: boolean; readonly type: MigrationType },
): ErrorRow | null {
  const problem = problemOf(job, about.ended);
  return problem === null ? null : { job, problem, type: about.type };
}
