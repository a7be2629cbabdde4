import { isSecretColumn } from '../batch-file/columns.ts';
import type { MailboxJob } from '../mailbox-job.ts';
import { withoutFormula, type Column } from './csv.ts';
import { catalogueEntry, problemOf, type JobProblem } from './job-problem.ts';

/** What a failed row says, whatever the columns of its file. */
export interface FailedRow {
  readonly job: Pick<MailboxJob, 'row' | 'line' | 'file' | 'mailbox' | 'userName' | 'userRoot' | 'targetUserName'>;
  readonly problem: JobProblem;
}

/** A row as it goes into the file: the cells of the batch file by column, '' where its file had no such column. */
export interface FailedLine {
  readonly cells: ReadonlyMap<string, string>;
  readonly failed: FailedRow;
}

const ours: readonly Column<FailedLine>[] = [
  {
    name: '_Line',
    doc: 'Line of the batch file on which the row stood.',
    value: ({ failed }) => failed.job.line,
  },
  { name: '_ErrorCode', doc: 'Code of the [error catalogue](errors.md).', value: ({ failed }) => failed.problem.code },
  {
    name: '_ErrorMessage',
    doc: 'What happened, with its particulars.',
    value: ({ failed }) => failed.problem.message,
  },
  {
    name: '_Fix',
    doc: 'What to do about it.',
    value: ({ failed }) => catalogueEntry(failed.problem.code).fix,
  },
];
export const failedRowColumns = ours;

/**
 * Failed rows, bad ones included, and rows that another batch holds: whatever the same row, mended or simply later, may
 * bring to an end. Null for all others.
 */
export function failedRow(job: MailboxJob): FailedRow | null {
  const isHeld = job.status === 'Skipped' && job.error?.code === 'MAILBOX_HELD_BY_OTHER_BATCH';
  if (job.status !== 'Failed' && job.status !== 'IncrementalFailed' && !isHeld) return null;
  const problem = problemOf(job, true);
  if (problem === null) return null;
  // Up to 50,000 of them are kept until the batch files are read: the whole jobs would take ten times the memory.
  const { row, line, file, mailbox, userName, userRoot, targetUserName } = job;
  return { job: { row, line, file, mailbox, userName, userRoot, targetUserName }, problem };
}

/** The columns of the batch files, without ours of an earlier failed-rows file, then ours. */
export function failedRowsColumns(header: readonly string[]): readonly Column<FailedLine>[] {
  return [...header.map(originalColumn), ...ours];
}

export function isOurColumn(name: string): boolean {
  return ours.some((column) => column.name === name);
}

/**
 * A cell of the batch file stands as its admin wrote it: the file is uploaded again, and an apostrophe before a user
 * name would be another user. What the upload ignores is made harmless like everything else.
 */
function originalColumn(name: string): Column<FailedLine> {
  const cell = ({ cells }: FailedLine) => cells.get(name) ?? '';
  const asWritten = { name, doc: '', asWritten: true } as const;
  if (isSecretColumn({ kind: 'unused', name })) return { ...asWritten, value: () => '' };
  if (!name.startsWith('_')) return { ...asWritten, value: cell };
  // An apostrophe that is there already stays the only one, however often the file goes round.
  return { ...asWritten, value: (line) => (cell(line).startsWith("'") ? cell(line) : withoutFormula(cell(line))) };
}

/** The cells of a row of which no batch file was kept. */
export function cellsOf({ job }: FailedRow): ReadonlyMap<string, string> {
  const cells: readonly (readonly [string, string])[] = [
    ['EmailAddress', job.mailbox],
    ['UserName', job.userName],
    ['Password', ''],
    ['UserRoot', job.userRoot ?? ''],
    ['TargetUserName', job.targetUserName ?? ''],
  ];
  return new Map(cells.filter(([name, cell]) => cell !== '' || name === 'EmailAddress' || name === 'Password'));
}
