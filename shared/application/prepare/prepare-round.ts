import type { z } from 'zod';
import { mayMoveBatch, moveBatch } from '../../domain/batch-transitions.ts';
import type { Batch, BatchRun } from '../../domain/batch.ts';
import { isBeingPrepared, isToBeCopied, isToBePrepared } from '../../domain/due-jobs.ts';
import { errorNames } from '../../domain/errors.ts';
import { isKnownError, TransientError } from '../../domain/errors.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import type { ErrorCode } from '../../domain/error-catalogue.ts';
import { mayMoveJob, moveJob } from '../../domain/job-transitions.ts';
import type { JobPreparation } from '../../domain/job-preparation.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { preparedOccasion } from '../../domain/prepared-occasion.ts';
import { waitingReasons } from '../../domain/waiting-reason.ts';
import type { PreparationStep } from '../../domain/workflow-steps.ts';
import { batchOfRun, changeBatchOfRun, leave, positionOf, runWasTaken, type Position } from '../batch-run.ts';
import { changeJob } from '../change-job.ts';
import { effectiveOptions } from '../effective-options.ts';
import { inParallel } from '../in-parallel.ts';
import type { Services } from '../services.ts';
import { waitedMinutes } from './provision-mailbox.ts';

type Step = z.infer<typeof PreparationStep>;
type RoundServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log' | 'settings' | 'targetDirectory'>;
type HeldBatch = Batch & { readonly run: BatchRun };

/** "Typically less than 30 minutes": from then on the reason says what may be wrong. */
const usualMs = 30 * 60_000;
/** With msExchMailboxGuid at the source, a user who is licensed for so long and has no mailbox will get none. */
const guidTrapMs = 2 * 3_600_000;
/** "Up to 24 hours" (Microsoft, "Delays in provisioning of user, group or contact to Exchange Online"). */
const giveUpMs = 24 * 3_600_000;

interface Preparation {
  /** To be looked up and provisioned now. */
  readonly fresh: readonly MailboxJob[];
  /** Provisioned, and the target mailbox is not there. */
  readonly waiting: readonly MailboxJob[];
  /** The target mailbox is there: to be forwarded now. */
  readonly ready: readonly MailboxJob[];
  /** Met trouble that passes: to be tried again later. */
  readonly later: readonly MailboxJob[];
  /** Through with preparation (or in no need of it), to be copied. */
  readonly copyable: number;
  /** Copying had begun before. */
  readonly begun: boolean;
  /** Prepared since the last start. */
  readonly prepared: number;
}

/**
 * Looks how far the preparation of a batch is, asks after the target mailboxes that are being made, and says what comes
 * next. Entered as often as you like: all there is to know stands in the jobs.
 */
export async function prepareRound(
  services: RoundServices,
  position: Position,
  { signal }: { readonly signal: AbortSignal },
): Promise<Step> {
  const { store } = services;
  const batch = await batchOfRun(store, position);
  if (batch === undefined) return over(services, leave(position, runWasTaken));
  const before = await lookAtJobs(store, batch, services.clock.now());
  if (!mayBePrepared(batch)) return await goOn(services, batch, 'settle');
  if (batch.rollback !== undefined) return await goOn(services, batch, 'put-back');
  if (toDo(before) === 0) return await startCopying(services, batch, before);
  const preparing = await notePreparing(services, batch);
  if (preparing === undefined) return over(services, leave(position, runWasTaken));
  if (!isBeingPrepared(preparing)) return await goOn(services, preparing, 'settle');
  await askForMailboxes(services, preparing, { waiting: before.waiting, signal });
  const now = await lookAtJobs(store, preparing, services.clock.now());
  return await nextStep(services, preparing, now);
}

function mayBePrepared(batch: Batch): boolean {
  return batch.status === 'Completing' || mayMoveBatch(batch, 'prepare');
}

async function lookAtJobs(store: Services['store'], batch: Batch, now: number): Promise<Preparation> {
  const found = { fresh: [], waiting: [], ready: [], later: [] } as Record<
    'fresh' | 'waiting' | 'ready' | 'later',
    MailboxJob[]
  >;
  const seen = { copyable: 0, begun: false, prepared: 0 };
  const since = Date.parse(batch.preparingSince ?? new Date(now).toISOString());
  for await (const job of store.jobs(batch.name)) {
    seen.begun ||= job.startedAt !== null;
    if (Date.parse(job.preparation?.preparedAt ?? '') >= since) seen.prepared += 1;
    if (isToBeCopied(job, batch)) seen.copyable += 1;
    if (!isToBePrepared(job, batch)) continue;
    found[kindOf(job, now)].push(job);
  }
  for (const jobs of Object.values(found)) jobs.sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1));
  return { ...found, ...seen };
}

function kindOf({ preparation, tryAgainAt }: MailboxJob, now: number): 'fresh' | 'waiting' | 'ready' | 'later' {
  if (tryAgainAt !== undefined && Date.parse(tryAgainAt) > now) return 'later';
  if (preparation === undefined) return 'fresh';
  return preparation.readyAt === null ? 'waiting' : 'ready';
}

function toDo({ fresh, waiting, ready, later }: Preparation): number {
  return fresh.length + waiting.length + ready.length + later.length;
}

async function notePreparing({ store, clock }: RoundServices, batch: HeldBatch): Promise<HeldBatch | undefined> {
  const now = clock.now();
  const saved = await changeBatchOfRun(store, { batch: batch.name, run: batch.run.number }, (present) => {
    if (!mayBePrepared(present)) return undefined;
    if (isBeingPrepared(present) && present.preparingSince !== undefined) return undefined;
    const reason = 'Its mailboxes are being prepared.';
    const preparingSince = present.preparingSince ?? new Date(now).toISOString();
    // What failed is tried once more by the final pass, too: the batch stays Completing.
    if (present.status === 'Completing') return { ...present, preparingSince };
    return { ...moveBatch(present, 'prepare', { reason, now }), preparingSince };
  });
  return saved === undefined || saved.run === null ? undefined : { ...saved, run: saved.run };
}

interface Asking {
  readonly waiting: readonly MailboxJob[];
  readonly signal: AbortSignal;
}

/** One loop for all that are waited for: a poll of one mailbox costs one question. */
async function askForMailboxes(services: RoundServices, batch: HeldBatch, { waiting, signal }: Asking): Promise<void> {
  if (waiting.length === 0) return;
  const endpoint = await services.store.getEndpoint(batch.endpoint);
  if (endpoint === undefined) return;
  await inParallel(waiting, (job) => askForMailbox(services, { endpoint, job, signal }));
}

async function askForMailbox(
  services: RoundServices,
  { endpoint, job, signal }: { readonly endpoint: Endpoint; readonly job: MailboxJob; readonly signal: AbortSignal },
): Promise<void> {
  const { store, clock, log } = services;
  const { preparation } = job;
  if (preparation === undefined) return;
  try {
    const { state } = await services.targetDirectory(endpoint).mailboxState(preparation.targetId, signal);
    await changeJob(store, job, (known) => afterLook(known, { ready: state === 'ready', now: clock.now() }));
  } catch (error) {
    if (!isKnownError(error)) throw error;
    log.info('Whether a target mailbox is there could not be seen', { row: job.row, code: error.code });
    if (error instanceof TransientError) return;
    const failure = { code: error.code, message: error.message, kind: error.name };
    await changeJob(store, job, (known) =>
      isWaiting(known)
        ? moveJob(known, 'fail', { reason: error.message, error: failure, now: clock.now() })
        : undefined,
    );
  }
}

function isWaiting(job: MailboxJob): job is MailboxJob & { readonly preparation: JobPreparation } {
  return job.status === 'Provisioning' && job.preparation?.readyAt === null;
}

function afterLook(job: MailboxJob, { ready, now }: { readonly ready: boolean; readonly now: number }) {
  if (!isWaiting(job)) return undefined;
  const updatedAt = new Date(now).toISOString();
  const { preparation } = job;
  if (ready) {
    const reason = waitingReasons.forwarding.say();
    return { ...job, preparation: { ...preparation, readyAt: updatedAt }, reason, progressAt: updatedAt, updatedAt };
  }
  const end = whyItWillNotCome(preparation, now);
  if (end !== undefined && mayMoveJob(job, 'fail')) {
    const error = { ...end, kind: errorNames.mailboxBlocked };
    return moveJob(job, 'fail', { reason: end.message, error, now });
  }
  const minutes = waitedMinutes(preparation, now);
  const isLate = licensedFor(preparation, now) >= usualMs;
  const kind = isLate && preparation.hasMailboxGuid ? waitingReasons.guidSynced : waitingReasons.targetMailbox;
  const reason = kind.say(minutes);
  return reason === job.reason ? undefined : { ...job, reason, updatedAt };
}

function whyItWillNotCome(
  preparation: JobPreparation,
  now: number,
): { readonly code: ErrorCode; readonly message: string } | undefined {
  const user = preparation.targetUser;
  const licensed = licensedFor(preparation, now);
  if (preparation.hasMailboxGuid && licensed >= guidTrapMs)
    return {
      code: 'MAILBOX_GUID_SYNCED',
      message: `${user} has a licence for ${hours(licensed)} and no mailbox, and its source has msExchMailboxGuid: synchronised, it keeps Exchange Online from making one.`,
    };
  const waited = now - Date.parse(preparation.waitingSince);
  if (waited < giveUpMs) return undefined;
  return { code: 'TARGET_MAILBOX_NOT_READY', message: `${user} has no mailbox after ${hours(waited)}.` };
}

function licensedFor({ licensedSince }: JobPreparation, now: number): number {
  return now - Date.parse(licensedSince);
}

function hours(ms: number): string {
  return `${String(Math.floor(ms / 3_600_000))} h`;
}

async function nextStep(services: RoundServices, batch: HeldBatch, found: Preparation): Promise<Step> {
  if (found.fresh.length > 0) return await mapOver(services, batch, { step: 'provision', jobs: found.fresh });
  if (found.ready.length > 0) return await mapOver(services, batch, { step: 'forward', jobs: found.ready });
  const pending = found.waiting.length + found.later.length;
  const { mail1AfterMs } = await effectiveOptions(services.store, batch);
  const mail1At = Date.parse(batch.preparingSince ?? '') + mail1AfterMs;
  const isTime = pending === 0 || services.clock.now() >= mail1At;
  if (isTime && (await isToBeTold(services, batch, found))) return { ...stepOver(services, batch), step: 'tell' };
  if (pending > 0 && (!isTime || found.copyable === 0 || (await startsLater(services, batch, found))))
    return wait(services, batch, { found, mail1At });
  return await startCopying(services, batch, found);
}

async function isToBeTold({ store }: RoundServices, batch: Batch, found: Preparation): Promise<boolean> {
  if (found.prepared + found.waiting.length + found.later.length === 0) return false;
  const occasion = preparedOccasion(batch);
  const mails = await store.mailsOf(batch.name);
  return !mails.some((mail) => mail.kind === 'prepared' && mail.occasion === occasion);
}

/** Mailboxes are prepared at once; copying begins at startAfter. */
async function startsLater({ store, clock }: RoundServices, batch: Batch, found: Preparation): Promise<boolean> {
  const { startAfter } = await effectiveOptions(store, batch);
  return startAfter !== null && Date.parse(startAfter) > clock.now() && !found.begun;
}

async function startCopying(services: RoundServices, batch: HeldBatch, found: Preparation): Promise<Step> {
  if (toDo(found) === 0 && found.prepared > 0 && (await isToBeTold(services, batch, found)))
    return { ...stepOver(services, batch), step: 'tell' };
  if (toDo(found) === 0 && found.copyable > 0 && (await startsLater(services, batch, found)))
    return await schedule(services, batch);
  return await goOn(services, batch, 'synchronise');
}

async function schedule(services: RoundServices, batch: HeldBatch): Promise<Step> {
  const { store, clock } = services;
  const { startAfter } = await effectiveOptions(store, batch);
  const reason = `Starts at ${startAfter ?? ''}.`;
  const saved = await changeBatchOfRun(store, { batch: batch.name, run: batch.run.number }, (present) =>
    mayMoveBatch(present, 'schedule')
      ? { ...moveBatch(present, 'schedule', { reason, now: clock.now() }), run: { ...present.run, phase: 'rest' } }
      : { ...present, run: { ...present.run, phase: 'settle' } },
  );
  return over(services, positionAfter(saved, batch));
}

interface Mapping {
  readonly step: 'provision' | 'forward';
  readonly jobs: readonly MailboxJob[];
}

async function mapOver(services: RoundServices, batch: HeldBatch, { step, jobs }: Mapping): Promise<Step> {
  const { store, objects, settings } = services;
  const round = batch.run.round + 1;
  const key = `work/${batch.name}/${step}-${String(batch.run.number)}-${String(round)}.json`;
  const entries = jobs.map(({ id, row }) => ({ mailbox: id, row }));
  await objects.put(key, new TextEncoder().encode(JSON.stringify(entries)), 'application/json');
  const endpoint = await store.getEndpoint(batch.endpoint);
  const saved = await changeBatchOfRun(store, { batch: batch.name, run: batch.run.number }, (present) => ({
    ...present,
    run: { ...present.run, phase: 'prepare', round },
  }));
  if (saved === undefined || saved.run === null) return over(services, leave(positionOf(batch), runWasTaken));
  return {
    ...positionOf({ ...saved, run: saved.run }, 'prepare'),
    step,
    round,
    due: jobs.length,
    concurrency: Math.max(1, Math.min(jobs.length, endpoint?.maxConcurrentMigrations ?? 1)),
    manifest: { bucket: settings.bucket, key },
    waitSeconds: 0,
  };
}

/** Longer the longer it takes: looking every few seconds for a day would fill an execution's history. */
function wait(
  services: RoundServices,
  batch: HeldBatch,
  { found, mail1At }: { readonly found: Preparation; readonly mail1At: number },
): Step {
  const { clock, settings } = services;
  const now = clock.now();
  const spent = now - Date.parse(batch.preparingSince ?? '');
  const growing = Math.max(settings.firstWaitSeconds * 1000, spent / 8);
  const tries = found.later.map(({ tryAgainAt }) => Date.parse(tryAgainAt ?? ''));
  const nearest = Math.min(...tries, ...(mail1At > now ? [mail1At] : []));
  const ms = Math.min(growing, settings.longestWaitSeconds * 1000, Math.max(1000, nearest - now));
  return { ...stepOver(services, batch), step: 'wait', waitSeconds: Math.ceil(ms / 1000) };
}

async function goOn(services: RoundServices, batch: HeldBatch, phase: BatchRun['phase']): Promise<Step> {
  const saved = await changeBatchOfRun(services.store, { batch: batch.name, run: batch.run.number }, (present) => ({
    ...present,
    run: { ...present.run, phase },
  }));
  return over(services, positionAfter(saved, batch));
}

function positionAfter(saved: Batch | undefined, batch: HeldBatch): Position {
  return saved === undefined || saved.run === null
    ? leave(positionOf(batch), runWasTaken)
    : positionOf({ ...saved, run: saved.run });
}

/** The step that follows leads back to the look. */
function stepOver(services: RoundServices, batch: HeldBatch): Step {
  return over(services, positionOf(batch, 'prepare'));
}

function over({ settings }: Pick<RoundServices, 'settings'>, position: Position): Step {
  const nothing = { round: 0, due: 0, concurrency: 1, manifest: { bucket: settings.bucket, key: '' } };
  return { ...position, ...nothing, step: 'over', waitSeconds: 0 };
}
