import type { Batch } from '../../domain/batch.ts';
import { isBeingPrepared, isToBePrepared } from '../../domain/due-jobs.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import { errorCatalogue, type ErrorCode } from '../../domain/error-catalogue.ts';
import {
  ConfigurationError,
  ConflictError,
  errorNames,
  isKnownError,
  TransientError,
  type KnownError,
} from '../../domain/errors.ts';
import { mayMoveJob, moveJob } from '../../domain/job-transitions.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import type { ResolvedOptions } from '../../domain/options.ts';
import { clockTime, waitingReasons } from '../../domain/waiting-reason.ts';
import type { PrepareInput, PrepareOutput } from '../../domain/workflow-steps.ts';
import { changeJob } from '../change-job.ts';
import { optionsOf } from '../effective-options.ts';
import { pauseOnCommonFault } from '../pause-on-common-fault.ts';
import { endpointOf } from '../endpoint-of.ts';
import type { Services } from '../services.ts';

export type PrepareServices = Pick<
  Services,
  'store' | 'clock' | 'log' | 'settings' | 'sourceDirectory' | 'targetDirectory'
>;

/** One mailbox that is being prepared, and what it takes. */
export interface Preparing {
  readonly batch: Batch;
  readonly endpoint: Endpoint;
  readonly job: MailboxJob;
  readonly options: ResolvedOptions;
  readonly signal: AbortSignal;
}

/** The row's own trouble: no later try helps before a person has done something. */
export class RowError extends Error {
  override readonly name = 'RowError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A worker that vanishes so often in a row at one mailbox will vanish again. */
const mostLosses = 20;
/** Directories answer within seconds; who waits longer has lost the connection and does not know. */
const stepMs = 120_000;

/**
 * Takes one step of one mailbox's preparation. Whatever the far side does ends as a fact in the job: trouble that passes
 * is tried again later, everything else fails the row. A step of a run that is not the batch's does nothing.
 */
export async function prepareMailbox(
  services: PrepareServices,
  input: PrepareInput,
  signal: AbortSignal,
  step: (preparing: Preparing) => Promise<MailboxJob>,
): Promise<PrepareOutput> {
  const { store } = services;
  const batch = await store.getBatch(input.batch);
  const job = await store.getJob(input.batch, input.mailbox.toLowerCase());
  const isOurs = batch?.run?.number === input.run && isBeingPrepared(batch);
  if (!isOurs || job === undefined || !isToBePrepared(job, batch)) return outputOf(input, job, 'stopped');
  const counted = await countAttempt(services, job);
  if (counted === undefined) return outputOf(input, await store.getJob(batch.name, job.id), 'stopped');
  const timeOut = new AbortController();
  const timer = setTimeout(() => timeOut.abort(new Error('The directory did not answer in time.')), stepMs);
  let options: ResolvedOptions | undefined;
  try {
    const endpoint = await endpointOf(services.store, batch);
    options = optionsOf(batch.type, [endpoint.defaults, batch.options, job.options]);
    const both = AbortSignal.any([signal, timeOut.signal]);
    const after = await step({ batch, endpoint, job: counted, options, signal: both });
    return outputOf(input, after, 'done');
  } catch (error) {
    const after = await recordTrouble(services, { job: counted, error, timeZone: options?.timeZone ?? 'UTC' });
    if (error instanceof ConfigurationError) await pauseOnCommonFault(services, { batch: batch.name, run: input.run });
    return outputOf(input, after, after.status === 'Failed' ? 'failed' : 'waiting');
  } finally {
    clearTimeout(timer);
  }
}

/** A worker that dies leaves nothing but this count. undefined: the mailbox was stopped meanwhile, or failed just now. */
async function countAttempt({ store, clock }: PrepareServices, job: MailboxJob): Promise<MailboxJob | undefined> {
  const place = 'preparation';
  const counted = await changeJob(store, job, (known) => {
    if (!['Queued', 'Validating', 'Provisioning'].includes(known.status)) return undefined;
    const times = known.trouble?.place === place ? known.trouble.times + 1 : 1;
    const now = clock.now();
    if (times > mostLosses) {
      const reason = errorCatalogue.WORKER_LOST.text;
      const error = { code: 'WORKER_LOST', message: reason, kind: errorNames.mailboxBlocked };
      return { ...moveJob(known, 'fail', { reason, error, now }), trouble: undefined };
    }
    return { ...known, trouble: { place, times }, updatedAt: new Date(now).toISOString() };
  });
  return ['Queued', 'Validating', 'Provisioning'].includes(counted.status) ? counted : undefined;
}

async function recordTrouble(
  { store, clock, log, settings }: PrepareServices,
  about: { readonly job: MailboxJob; readonly error: unknown; readonly timeZone: string },
): Promise<MailboxJob> {
  const { error } = about;
  if (!isKnownError(error) && !(error instanceof RowError)) throw error;
  log.info('A mailbox could not be prepared', { row: about.job.row, code: error.code, kind: error.name });
  const now = clock.now();
  return await changeJob(store, about.job, (job) => {
    if (!['Queued', 'Validating', 'Provisioning'].includes(job.status)) return undefined;
    if (isPassing(error)) {
      const waitMs = passesAfter(error, settings);
      const reason = waitingReasons.trouble.say(clockTime(now + waitMs, about.timeZone), error.message);
      const tryAgainAt = new Date(now + waitMs).toISOString();
      return { ...job, reason, tryAgainAt, trouble: undefined, updatedAt: new Date(now).toISOString() };
    }
    if (!mayMoveJob(job, 'fail')) return undefined;
    const kind = error instanceof RowError ? errorNames.mailboxBlocked : error.name;
    const failed = { code: error.code, message: error.message, kind };
    return { ...moveJob(job, 'fail', { reason: error.message, error: failed, now }), trouble: undefined };
  });
}

function isPassing(error: KnownError | RowError): error is TransientError | ConflictError {
  return error instanceof TransientError || error instanceof ConflictError;
}

function passesAfter(error: TransientError | ConflictError, settings: Services['settings']): number {
  const named = error instanceof TransientError ? error.retryAfterMs : undefined;
  return named ?? Math.min(60, settings.longestWaitSeconds) * 1000;
}

function outputOf(
  { mailbox }: PrepareInput,
  job: MailboxJob | undefined,
  outcome: PrepareOutput['outcome'],
): PrepareOutput {
  return { mailbox, outcome, status: job?.status ?? 'Removed', reason: job?.reason ?? '' };
}
