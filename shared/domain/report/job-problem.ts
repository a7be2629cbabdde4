import { assertNever } from '../assert-never.ts';
import type { Batch } from '../batch.ts';
import { errorCatalogue, type CatalogueEntry, type ErrorCode } from '../error-catalogue.ts';
import type { MailboxJob } from '../mailbox-job.ts';
import { counted } from './mail/numbers-in-words.ts';

/** Why a mailbox is not migrated, or not green: one row of MigrationErrors.csv. */
export interface JobProblem {
  readonly code: string;
  readonly message: string;
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** The catalogue's entry of a stored code; one that an older or newer version wrote is shown as unexpected. */
export function catalogueEntry(code: string): CatalogueEntry {
  return errorCatalogue[isErrorCode(code) ? code : 'UNEXPECTED'];
}

/** True once nobody works for the batch any more: what has not been migrated by then is an error. */
export function hasEnded(batch: Pick<Batch, 'status'>): boolean {
  return ['Synced', 'SyncedWithErrors', 'Completed', 'CompletedWithErrors', 'Stopped', 'Failed'].includes(batch.status);
}

const sentence = (code: ErrorCode, message: string | null = null): JobProblem => ({
  code,
  message: message ?? errorCatalogue[code].text,
});

/**
 * The problem of a job; null where there is none (yet). `ended`: the batch rests, so that a mailbox which is still
 * waiting or in progress was not migrated.
 */
export function problemOf(job: MailboxJob, ended: boolean): JobProblem | null {
  const error = job.error === null ? null : { code: job.error.code, message: job.error.message };
  switch (job.status) {
    case 'Failed':
    case 'IncrementalFailed':
      return error ?? sentence('UNEXPECTED', job.reason);
    case 'Skipped':
      return error ?? sentence('MAILBOX_HELD_BY_OTHER_BATCH', job.reason);
    case 'Synced':
    case 'Completed':
    case 'CompletedWithWarnings':
      return job.green === true ? null : notGreen(job, error);
    case 'Stopped':
      return error ?? cutOff(job);
    case 'Queued':
      return ended ? (error ?? cutOff(job)) : null;
    case 'Validating':
    case 'Provisioning':
    case 'Provisioned':
    case 'Syncing':
    case 'IncrementalSyncing':
    case 'Completing':
    case 'Stopping':
      return ended ? (error ?? cutOff(job)) : null;
    default:
      return assertNever(job.status);
  }
}

/** A worker had been at it, or it had not had its turn. */
function cutOff(job: MailboxJob): JobProblem {
  return sentence(job.startedAt === null ? 'MAILBOX_NOT_STARTED' : 'MAILBOX_STOPPED', job.reason);
}

/** The copier's own words say more, but for mere counts. */
function notGreen(job: MailboxJob, error: JobProblem | null): JobProblem {
  const { failed, doubtful } = job.items;
  if (error !== null && error.code !== 'ITEMS_NOT_COPIED' && error.code !== 'DOUBTFUL_ITEM') return error;
  if (failed > 0) return sentence('ITEMS_NOT_COPIED', `${counted(failed, 'message')} could not be copied.`);
  if (doubtful > 0)
    return sentence('DOUBTFUL_ITEM', `Of ${counted(doubtful, 'message')} it cannot be told whether the target has it.`);
  const differences = job.verification?.differences ?? 0;
  if (differences > 0)
    return sentence(
      'VERIFICATION_FAILED',
      `${counted(differences, 'message')} at the target ${differences === 1 ? 'differs' : 'differ'} from the source.`,
    );
  return sentence('COUNTS_DO_NOT_CLOSE');
}

/** True for a mailbox that has been moved as a whole at least once: one row of MigrationStatistics.csv. */
export function hasMoved(job: Pick<MailboxJob, 'status' | 'syncedAt'>): boolean {
  switch (job.status) {
    case 'Synced':
    case 'Completed':
    case 'CompletedWithWarnings':
    case 'IncrementalFailed':
      return true;
    case 'Failed':
    case 'Skipped':
      return false;
    default:
      return job.syncedAt !== null;
  }
}
