import { allowedFrom, mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';
import { isUnderWay } from '../domain/due-jobs.ts';
import { moveJob } from '../domain/job-transitions.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { stopCause } from '../domain/stopped-job.ts';
import { waitingReasons } from '../domain/waiting-reason.ts';
import { audited, noSuchBatch, refused, type Decided, type VerbOutcome, type VerbRequest } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { changeJob } from './change-job.ts';
import { chosenJobs } from './chosen-jobs.ts';
import { hastenStop } from './hasten-stop.ts';
import { inParallel } from './in-parallel.ts';
import type { Services } from './services.ts';
import { ensureExecution } from './start-execution.ts';
import { longestRequestMs } from './try-again.ts';
import { touched } from './started-batch.ts';

type StopServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

export interface StopRequest extends VerbRequest {
  /** Also takes back what the batch set at the source: forwarding (staged). */
  readonly rollback: boolean;
}

/**
 * Stops a batch, or single mailboxes of it: workers end at their next page, finished mailboxes are left alone. The batch
 * is Stopping until the last lease is given up.
 */
export async function stopBatch(services: StopServices, request: StopRequest): Promise<VerbOutcome> {
  const { batch, by, mailboxes, rollback } = request;
  const note = { batch, who: by, verb: 'stop', mailboxes, detail: rollback ? 'with roll-back' : '' } as const;
  return audited(services, note, (decided) =>
    mailboxes === undefined
      ? stopAll(services, request, decided)
      : stopMailboxes(services, { batch, by, mailboxes, rollback }, decided),
  );
}

async function stopAll(services: StopServices, request: StopRequest, decided: Decided): Promise<VerbOutcome> {
  const { store, clock } = services;
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  if (request.rollback && found.type !== 'staged') return refused(nothingToPutBack(found));
  if (!mayMoveBatch(found, 'stop') && !mayMoveBatch(found, 'stopWaiting'))
    return request.rollback && mayPutBack.includes(found.status)
      ? await putBack(services, { ...request, mailboxes: null }, decided)
      : refused(whyNot(found));
  await decided();
  const seen = { moved: false };
  const stopped = await changeBatch(store, found.name, (batch) => {
    const event = batch.status === 'Waiting' ? 'stopWaiting' : 'stop';
    seen.moved = mayMoveBatch(batch, event);
    if (!seen.moved) return undefined;
    const reason =
      event === 'stop' ? `Stopped by ${request.by}: its workers end.` : `Stopped by ${request.by} before it began.`;
    const moved = touched(moveBatch(batch, event, { reason, now: clock.now() }), request.by, clock.now());
    return request.rollback ? withRollback(moved, { by: request.by, mailboxes: null, now: clock.now() }) : moved;
  });
  if (stopped === undefined) return noSuchBatch(request.batch);
  if (!seen.moved) return refused(whyNot(stopped));
  await hastenStop(services, stopped, { longestMs: longestRequestMs });
  return { outcome: 'done', batch: (await store.getBatch(stopped.name)) ?? stopped };
}

function nothingToPutBack({ type }: Batch): string {
  return `There is nothing to roll back: a batch of type ${type} sets no forwarding at the source. Stop it without --rollback.`;
}

function whyNot(batch: Batch): string {
  if (batch.status === 'Stopping') return `The batch ${batch.name} is Stopping already.`;
  return `The batch ${batch.name} is ${batch.status}: only what is going on can be stopped (${allowedFrom('stop')}, Waiting).`;
}

/** Nobody works at the batch: what it set at the source can be put back at once. */
const mayPutBack: readonly Batch['status'][] = ['Synced', 'SyncedWithErrors', 'Paused', 'Stopped', 'Failed'];

/**
 * Octets of the ids for which a roll-back is noted: they stand in the batch, of which DynamoDB keeps 400 KB, and another
 * request may note as many in the same moment.
 */
const mostNamed = 150_000;

function mayName({ rollback }: Batch, ids: readonly string[]): boolean {
  const known = rollback === undefined ? [] : rollback.mailboxes;
  return known === null || octetsOf([...new Set([...known, ...ids])]) <= mostNamed;
}

function octetsOf(ids: readonly string[]): number {
  return Buffer.byteLength(JSON.stringify(ids));
}

function tooMany({ name, rollback }: Batch, ids: readonly string[]): string {
  const fit = Math.floor((ids.length * mostNamed) / octetsOf(ids));
  const others = rollback === undefined ? '' : ' while others are being put back';
  return (
    `These are too many mailboxes of the batch ${name} to be rolled back at once${others}: name ${String(fit)} at a time, ` +
    'the next ones when those are through, or none at all for the whole batch.'
  );
}

interface PutBack {
  readonly batch: string;
  readonly by: string;
  readonly mailboxes: readonly string[] | null;
}

function withRollback(
  batch: Batch,
  { by, mailboxes, now }: { readonly by: string; readonly mailboxes: readonly string[] | null; readonly now: number },
): Batch {
  const known = batch.rollback?.mailboxes;
  const all = mailboxes === null || known === null;
  const wanted = all ? null : [...new Set([...(known ?? []), ...mailboxes])];
  return { ...batch, rollback: { mailboxes: wanted, by, at: new Date(now).toISOString(), why: `asked for by ${by}` } };
}

/** Notes what is to be put back, and sees that an execution does it. */
async function putBack(
  { store, workflow, clock }: StopServices,
  request: PutBack,
  decided: Decided,
): Promise<VerbOutcome> {
  const { batch, by, mailboxes } = request;
  await decided();
  const noted = await changeBatch(store, batch, (present) =>
    touched(withRollback(present, { by, mailboxes, now: clock.now() }), by, clock.now()),
  );
  if (noted === undefined) return noSuchBatch(batch);
  await ensureExecution(workflow, noted);
  return { outcome: 'done', batch: noted };
}

async function stopMailboxes(
  services: StopServices,
  request: Required<Pick<VerbRequest, 'batch' | 'by' | 'mailboxes'>> & Pick<StopRequest, 'rollback'>,
  decided: Decided,
): Promise<VerbOutcome> {
  const { store, clock } = services;
  const chosen = await chosenJobs(store, request);
  if (chosen.outcome === 'refused') return chosen;
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  if (found.status === 'Stopping' || found.status === 'Removing') return refused(whyNot(found));
  if (request.rollback && found.type !== 'staged') return refused(nothingToPutBack(found));
  const ids = chosen.jobs.map(({ id }) => id);
  const [first] = chosen.jobs;
  if (request.rollback && !mayName(found, ids)) return refused(tooMany(found, ids));
  if (request.rollback && chosen.jobs.every((job) => stopJob(job, request.by, clock.now()) === undefined))
    return await putBack(services, { batch: found.name, by: request.by, mailboxes: ids }, decided);
  if (first !== undefined && chosen.jobs.every((job) => stopJob(job, request.by, clock.now()) === undefined))
    return refused(nothingToStop(first));
  await decided();
  const seen = { stopped: 0 };
  await inParallel(chosen.jobs, async (job) => {
    const present = await changeJob(store, job, (known) => stopJob(known, request.by, clock.now()));
    if (present.status === 'Stopping' || present.status === 'Stopped') seen.stopped += 1;
  });
  if (seen.stopped === 0 && first !== undefined) return refused(nothingToStop(first));
  if (request.rollback) return await putBack(services, { batch: found.name, by: request.by, mailboxes: ids }, decided);
  const batch = await changeBatch(store, found.name, (present) => touched(present, request.by, clock.now()));
  return batch === undefined ? noSuchBatch(request.batch) : { outcome: 'done', batch };
}

function nothingToStop({ row, status }: MailboxJob): string {
  return `The mailbox of row ${String(row)} is ${status}: there is nothing to stop.`;
}

/** One that a worker is at ends at its next page; one that waits is stopped at once. */
function stopJob(job: MailboxJob, by: string, now: number): MailboxJob | undefined {
  const cause = stopCause(by);
  if (isUnderWay(job)) return moveJob(job, 'stop', { reason: waitingReasons.stopping.say(), cause, now });
  if (job.status === 'Queued')
    return moveJob(job, 'stopped', { reason: waitingReasons.mailboxStopped.say(by), cause, now });
  return undefined;
}
