import type { Batch, BatchRun } from '../../domain/batch.ts';
import { isRunning } from '../../domain/batch.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import { isKnownError, MailboxBlockedError, TransientError } from '../../domain/errors.ts';
import type { JobForwarding, Rollback } from '../../domain/job-preparation.ts';
import { isCompleted, type MailboxJob } from '../../domain/mailbox-job.ts';
import { withoutPrefix } from '../../domain/routing-address.ts';
import type { ForwardingOutcome, OpenSourceDirectory } from '../../ports/source-directory.ts';
import { namedMailboxes, noteAudit } from '../audit-verb.ts';
import { batchOfRun, changeBatchOfRun, leave, positionOf, runWasTaken, type Position } from '../batch-run.ts';
import { changeJob } from '../change-job.ts';
import type { Services } from '../services.ts';
import { mayBeStale, notReplicated } from './replication-lag.ts';

type PutBackServices = Pick<Services, 'store' | 'clock' | 'log' | 'sourceDirectory'>;
type HeldBatch = Batch & { readonly run: BatchRun };

/** One mailbox, its note and a goodbye: a function that has less begins with no other one. */
const leftToEndMs = 45_000;

/** A step that journalled and lost its run may still write for so long: its calls end by themselves before. */
const writesEndAfterMs = 130_000;

/**
 * Puts back the forwarding values that the batch found, of all mailboxes for which it was asked. By compare-and-set
 * against what we wrote: what somebody else made of it since is theirs, stays as it is, and is told. Entered again, it
 * goes on with those that are left; while one must wait, or the directory cannot be reached, `next` is `put-back`.
 */
export async function putBackForwarding(
  services: PutBackServices,
  position: Position,
  { signal, remainingMs = () => Infinity }: { readonly signal: AbortSignal; readonly remainingMs?: () => number },
): Promise<Position> {
  const { store, log } = services;
  const batch = await batchOfRun(store, position);
  if (batch === undefined) return leave(position, runWasTaken);
  const { rollback } = batch;
  if (rollback === undefined) return await goOn(services, batch);
  const endpoint = await store.getEndpoint(batch.endpoint);
  const meant = await jobsToPutBack(store, batch, rollback);
  const jobs = meant.filter((job) => !isConverted(job));
  if (jobs.length === 0 || endpoint === undefined) return await leaveConverted(services, { batch, rollback, meant });
  try {
    const left = await putBackAll(services, { batch, rollback, endpoint, jobs, signal, remainingMs });
    return left.length > 0 ? again(batch, left[0] ?? '') : await leaveConverted(services, { batch, rollback, meant });
  } catch (error) {
    if (!isKnownError(error) || !(error instanceof TransientError)) throw error;
    log.warn('Forwarding could not be put back yet', { batch: batch.name, code: error.code });
    return again(batch, error.message);
  }
}

/** Without its mailbox, a user whose mail is not forwarded gets none: the senders get it back. */
function isConverted({ conversion }: MailboxJob): boolean {
  return conversion?.state === 'intended' || conversion?.state === 'converted';
}

/** Goes on, and notes for whom nothing was put back since there is no source mailbox any more. */
async function leaveConverted(
  { store, clock }: PutBackServices,
  {
    batch,
    rollback,
    meant,
  }: { readonly batch: HeldBatch; readonly rollback: Rollback; readonly meant: readonly MailboxJob[] },
): Promise<Position> {
  const mailboxes = meant.filter(isConverted).map(({ id }) => id);
  const detail = 'They are mail-enabled users now: revert the conversion first (`batch convert --revert`).';
  const note = { batch: batch.name, who: rollback.by, verb: 'put-back', why: rollback.why, detail } as const;
  if (mailboxes.length > 0) await noteAudit({ store, clock }, { ...note, mailboxes, outcome: 'refused' });
  return await goOn({ store }, batch);
}

function again(batch: HeldBatch, reason: string): Position {
  return { ...positionOf(batch, 'put-back'), reason };
}

async function jobsToPutBack(
  store: Services['store'],
  batch: Batch,
  { mailboxes }: Rollback,
): Promise<readonly MailboxJob[]> {
  const jobs: MailboxJob[] = [];
  for await (const job of store.jobs(batch.name)) {
    const isMeant = mailboxes === null ? !isCompleted(job) : mailboxes.includes(job.id);
    if (isMeant && mayHaveForwarded(job)) jobs.push(job);
  }
  return jobs;
}

/** Whether the directory may hold a value that we wrote. */
export function mayHaveForwarded({ forwarding }: Pick<MailboxJob, 'forwarding'>): boolean {
  return forwarding?.state === 'intended' || forwarding?.state === 'set';
}

interface PuttingBack {
  readonly batch: HeldBatch;
  readonly rollback: Rollback;
  readonly endpoint: Endpoint;
  readonly jobs: readonly MailboxJob[];
  readonly signal: AbortSignal;
  readonly remainingMs: () => number;
}

/** Resolves with why some have to wait, in words; empty: none has. */
async function putBackAll(
  services: PutBackServices,
  { rollback, endpoint, jobs, signal, remainingMs, batch }: PuttingBack,
): Promise<readonly string[]> {
  const { clock, store } = services;
  const mayBeUnderWay = ({ forwarding }: MailboxJob) =>
    forwarding?.state === 'intended' && clock.now() - Date.parse(forwarding.at) < writesEndAfterMs;
  const ripe = jobs.filter((job) => !mayBeUnderWay(job));
  const why = ripe.length < jobs.length ? ['a forwarding address may still be being set'] : [];
  if (ripe.length === 0) return why;
  const note = { batch: batch.name, who: rollback.by, verb: 'put-back', why: rollback.why } as const;
  let done: readonly string[] = [];
  const noteDone = async (): Promise<void> => {
    if (done.length > 0) await noteAudit({ store, clock }, { ...note, mailboxes: done });
    done = [];
  };
  const directory = await services.sourceDirectory(endpoint).open(signal);
  try {
    for (const job of ripe) {
      if (remainingMs() < leftToEndMs) {
        why.push('others had to be put back first');
        break;
      }
      // Since they were listed.
      const present = await store.getJob(job.batch, job.id);
      if (present !== undefined && isConverted(present)) continue;
      const waits = await whyItWaits(services, directory, job);
      if (waits !== undefined) {
        why.push(waits);
        continue;
      }
      await putBackOne(services, directory, { job, rollback });
      done = [...done, job.id];
      if (done.length === namedMailboxes) await noteDone();
    }
  } finally {
    // Also where the directory was lost in the middle: the next one does the others alone.
    try {
      await noteDone();
    } finally {
      await directory.close();
    }
  }
  return why;
}

/** Another domain controller than the one that was written to may not have the value yet that is to be put back. */
async function whyItWaits(
  { clock }: PutBackServices,
  directory: OpenSourceDirectory,
  { forwarding }: MailboxJob,
): Promise<string | undefined> {
  const { server } = directory;
  if (forwarding === undefined || forwarding.server === server) return undefined;
  const found = await directory.readRecipient(forwarding.sourceId);
  const shown = found.outcome === 'found' ? found.recipient.targetAddress : null;
  const isStale = found.outcome === 'found' && mayBeStale(forwarding, { server, shown, now: clock.now() });
  return isStale ? notReplicated(forwarding, server).message : undefined;
}

/** The write first, then the note: where the answer was lost, the same write finds itself done. */
async function putBackOne(
  services: PutBackServices,
  directory: OpenSourceDirectory,
  { job, rollback }: { readonly job: MailboxJob; readonly rollback: Rollback },
): Promise<void> {
  const { store, clock, log } = services;
  const { forwarding } = job;
  if (forwarding === undefined) return;
  const { sourceId: id, before, next } = forwarding;
  const outcome = await write(directory, { id, expected: next, next: before, restores: true });
  const at = new Date(clock.now()).toISOString();
  const after = { ...afterPutBack(forwarding, outcome, at), server: directory.server };
  log.info('Forwarding was put back', { row: job.row, outcome: outcome.outcome });
  await changeJob(store, job, (known) => ({
    ...known,
    forwarding: after,
    // Whoever starts it again has it prepared, and so forwarded, anew.
    preparation: known.syncedAt === null ? undefined : known.preparation,
    reason:
      known.status === 'Failed' || known.status === 'Stopped' ? whereMailGoes(known, after, rollback) : known.reason,
    updatedAt: at,
  }));
}

type PutBackOutcome = ForwardingOutcome | { readonly outcome: 'refused'; readonly why: string };

/** One object that is gone, or may not be written any more, keeps none of the others from being put back. */
async function write(
  directory: OpenSourceDirectory,
  request: Parameters<OpenSourceDirectory['setForwarding']>[0],
): Promise<PutBackOutcome> {
  try {
    return await directory.setForwarding(request);
  } catch (error) {
    if (!(error instanceof MailboxBlockedError)) throw error;
    return { outcome: 'refused', why: error.message };
  }
}

function afterPutBack(forwarding: JobForwarding, outcome: PutBackOutcome, at: string): JobForwarding {
  switch (outcome.outcome) {
    case 'set':
    case 'already':
      return { ...forwarding, state: 'put-back', at };
    case 'conflict':
      return { ...forwarding, state: 'left', actual: outcome.actual, at };
    case 'refused':
      return { ...forwarding, state: 'left', why: outcome.why, at };
  }
}

/** A mailbox that failed or was stopped says where its new mail goes now. */
function whereMailGoes(job: MailboxJob, forwarding: JobForwarding, { why }: Rollback): string {
  const before = (job.reason ?? '').replace(/ ?New mail .*$/s, '').replace(/([^.])$/, '$1.');
  return `${before} ${newMailGoes(forwarding, why)}`.trim();
}

function newMailGoes(forwarding: JobForwarding, why: string): string {
  const place = (value: string | null) => (value === null ? 'the source mailbox' : withoutPrefix(value));
  if (forwarding.state === 'put-back') return `New mail goes to ${place(forwarding.before)} again (${why}).`;
  if (forwarding.why !== undefined) return `New mail goes where it went: the directory refused (${forwarding.why})`;
  return `New mail goes to ${place(forwarding.actual ?? null)}, as somebody else has set it.`;
}

async function goOn({ store }: Pick<Services, 'store'>, batch: HeldBatch): Promise<Position> {
  const saved = await changeBatchOfRun(store, { batch: batch.name, run: batch.run.number }, (present) => {
    const { rollback, ...rest } = present;
    // Asked for once more meanwhile, for others.
    const isOurs = rollback?.at === batch.rollback?.at;
    return { ...(isOurs ? rest : present), run: { ...present.run, phase: phaseAfter(present) } };
  });
  return saved === undefined || saved.run === null
    ? leave(positionOf(batch), runWasTaken)
    : positionOf({ ...saved, run: saved.run });
}

function phaseAfter(batch: HeldBatch): BatchRun['phase'] {
  if (batch.run.mail !== undefined) return 'report';
  if (batch.status === 'Stopping') return 'settle';
  return isRunning(batch) ? 'prepare' : 'rest';
}
