import type { BadRow, BatchFileRow } from './batch-file/batch-file-row.ts';
import { badRowKind } from './due-jobs.ts';
import { noItems, type MailboxJob } from './mailbox-job.ts';
import { waitingReasons } from './waiting-reason.ts';

interface Registration {
  readonly batch: string;
  /** Object key of the copy of the batch file that the row stands in; null where none is kept. */
  readonly file?: string | null | undefined;
  readonly now: number;
}

/** A job is known by its lower-cased EmailAddress. */
export function jobIdOf(row: Pick<BatchFileRow, 'emailAddress'>): string {
  return row.emailAddress.toLowerCase();
}

const badRowPrefix = 'row-';

/** A row that cannot be identified by an address (it is invalid, or a duplicate) is known by its number. */
export function badRowId(row: Pick<BadRow, 'row'>): string {
  return `${badRowPrefix}${String(row.row)}`;
}

export function isBadRowJob(job: Pick<MailboxJob, 'id' | 'error'>): boolean {
  return job.id.startsWith(badRowPrefix) && !job.id.includes('@') && job.error?.kind === badRowKind;
}

export const waitsForItsTurn = waitingReasons.turn.say();

/** The job of a good row. */
export function queuedJob(row: BatchFileRow, registration: Registration): MailboxJob {
  return {
    ...blankJob(registration),
    id: jobIdOf(row),
    status: 'Queued',
    reason: waitsForItsTurn,
    ...valuesOf(row),
  };
}

/** What a row says of its mailbox; a later upload of the row replaces it. */
export function valuesOf(
  row: BatchFileRow,
): Pick<
  MailboxJob,
  'mailbox' | 'row' | 'line' | 'userName' | 'userRoot' | 'targetUserName' | 'forceChangePassword' | 'options'
> {
  return {
    mailbox: row.emailAddress,
    row: row.row,
    line: row.line,
    userName: row.userName ?? row.emailAddress,
    userRoot: row.userRoot ?? null,
    targetUserName: row.targetUserName ?? null,
    ...(row.forceChangePassword === undefined ? {} : { forceChangePassword: row.forceChangePassword }),
    options: { ...row.options },
  };
}

/** The Failed job of a row that is not migrated; its first error says why. */
export function badRowJob(row: BadRow, registration: Registration): MailboxJob {
  const finding = row.findings.find(({ severity }) => severity !== 'warning');
  const message = finding?.message ?? 'The row is not valid.';
  return {
    ...blankJob(registration),
    id: badRowId(row),
    mailbox: row.emailAddress ?? '',
    row: row.row,
    line: row.line,
    status: 'Failed',
    reason: message,
    error: { code: finding?.code ?? 'UNEXPECTED', message, kind: badRowKind },
    userName: '',
    userRoot: null,
    targetUserName: null,
    options: {},
  };
}

function blankJob({ batch, file = null, now }: Registration) {
  const at = new Date(now).toISOString();
  return {
    schema: 1,
    version: 0,
    batch,
    error: null,
    since: at,
    cause: 'Its row was read.',
    file,
    pairId: null,
    items: noItems,
    bytesTransferred: 0,
    bytesEstimated: 0,
    passDone: 0,
    final: false,
    copyDoubtful: false,
    approval: null,
    waiver: null,
    green: null,
    verification: null,
    slices: 0,
    itemsReport: null,
    renamedFolders: [],
    leftOutFolders: [],
    queuedAt: at,
    startedAt: null,
    syncedAt: null,
    completedAt: null,
    updatedAt: at,
  } as const satisfies Partial<MailboxJob>;
}
