import { randomUUID } from 'node:crypto';
import { isAccepted } from '../domain/approval.ts';
import { allowedFrom, mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import { isRunning, type Batch } from '../domain/batch.ts';
import { mailboxes as inWords, nameRows } from '../domain/batch-outcome.ts';
import { isBadRow, isUnderWay } from '../domain/due-jobs.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { audited, noSuchBatch, refused, type Decided, type Refused, type VerbRequest } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { chosenJobs } from './chosen-jobs.ts';
import { deleteBatch, deleteJob } from './delete-batch.ts';
import { mayHaveForwarded } from './prepare/put-back-forwarding.ts';
import { inParallel } from './in-parallel.ts';
import type { Services } from './services.ts';
import { ensureExecution } from './start-execution.ts';
import { touched } from './started-batch.ts';

type RemoveServices = Pick<Services, 'store' | 'objects' | 'workflow' | 'clock' | 'log'>;

export interface RemoveRequest extends VerbRequest {
  /** Also forgets what the mailbox pairs know: a later batch begins them anew. */
  readonly forget: boolean;
}

export type Removal =
  /** `later`: an execution deletes it. */
  { readonly outcome: 'done'; readonly removed: 'batch' | 'mailboxes' | 'later' } | Refused;

/** A batch of so many mailboxes that never started is deleted while its admin waits. */
const mailboxesAtOnce = 500;

/**
 * Removes a batch, or single mailboxes of it, once every mailbox succeeded or was waived. Reports, audit trail and the
 * pairs' ledgers stay for as long as the batch's `keepReportsFor` says.
 */
export async function removeBatch(services: RemoveServices, request: RemoveRequest): Promise<Removal> {
  const { batch, by, mailboxes, forget } = request;
  const detail = forget ? 'and forget its mailbox pairs' : '';
  return audited(services, { batch, who: by, verb: 'remove', mailboxes, detail }, (decided) =>
    mailboxes === undefined
      ? removeAll(services, request, decided)
      : removeMailboxes(services, { batch, by, mailboxes, forget }, decided),
  );
}

async function removeAll(services: RemoveServices, request: RemoveRequest, decided: Decided): Promise<Removal> {
  const { store, workflow, clock, log } = services;
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  if (!mayMoveBatch(found, 'remove')) return refused(whyNot(found));
  // Its rows hold passwords: they are read, sealed and listed before they are deleted.
  if (found.uploads.length > 0)
    return refused(`Rows of the batch ${found.name} are being read: remove it in a moment.`);
  const jobs = await lookAtJobs(store, found);
  if (jobs.unfinished.length > 0)
    return refused(
      `The batch ${found.name} has ${inWords(jobs.unfinished.length)} that did not succeed (${nameRows(jobs.unfinished)}). ` +
        'Retry them, approve what is missing of them, or waive them with a reason; then remove the batch.',
    );
  if (jobs.forwarded.length > 0) return refused(whyForwarded(found, jobs.forwarded));

  await decided();
  const seen = { moved: false };
  const removing = await changeBatch(store, found.name, (batch) => {
    seen.moved = mayMoveBatch(batch, 'remove') && batch.runs === found.runs && batch.uploads.length === 0;
    if (!seen.moved) return undefined;
    const now = clock.now();
    const removal = { forget: request.forget, by: request.by, at: new Date(now).toISOString() };
    return {
      ...touched(moveBatch(batch, 'remove', { reason: `Removed by ${request.by}.`, now }), request.by, now),
      removal,
    };
  });
  if (removing === undefined) return noSuchBatch(request.batch);
  if (!seen.moved) return refused(`The batch ${found.name} is ${removing.status}; somebody else was quicker.`);
  log.info('A batch is being removed', { batch: removing.name });
  if (!jobs.begun && jobs.total <= mailboxesAtOnce && removing.run === null) {
    if ((await deleteBatch(services, removing)) === 'deleted') return { outcome: 'done', removed: 'batch' };
  }
  await ensureExecution(workflow, removing);
  return { outcome: 'done', removed: 'later' };
}

function whyNot(batch: Batch): string {
  if (batch.status === 'Removing') return `The batch ${batch.name} is being removed already.`;
  const hint = isRunning(batch) && batch.status !== 'Stopping' ? ' Stop it first.' : '';
  return `The batch ${batch.name} is ${batch.status}: it can be removed from ${allowedFrom('remove')}.${hint}`;
}

interface JobsSeen {
  readonly total: number;
  /** Copying has begun. */
  readonly begun: boolean;
  /** Rows of mailboxes that neither succeeded nor were waived. */
  readonly unfinished: readonly number[];
  /** Rows of those whose new mail goes to the target although they did not arrive there. */
  readonly forwarded: readonly number[];
}

async function lookAtJobs(store: Services['store'], batch: Batch): Promise<JobsSeen> {
  const seen = { total: 0, begun: false, open: [] as number[], forwarded: [] as number[] };
  for await (const job of store.jobs(batch.name)) {
    seen.total += 1;
    seen.begun ||= job.startedAt !== null;
    if (!mayGo(job)) seen.open.push(job.row);
    if (isLeftForwarded(job)) seen.forwarded.push(job.row);
  }
  // Start over: of a batch in which no mailbox was ever opened, nothing can be lost.
  return { ...seen, unfinished: seen.begun ? seen.open : [] };
}

/** Succeeded, or waived. A bad row never was a mailbox, and a skipped one is another batch's: neither needs a waiver. */
function mayGo(job: MailboxJob): boolean {
  if (job.waiver !== null || isBadRow(job)) return true;
  switch (job.status) {
    case 'Completed':
    case 'CompletedWithWarnings':
    case 'Skipped':
      return true;
    case 'Synced':
      return isAccepted(job);
    default:
      return false;
  }
}

/**
 * Its job is the only place that knows how to take the forwarding back: without it, new mail would go for ever where
 * its user does not look. A waiver is no way out, since it says that the old mail is not wanted.
 */
function isLeftForwarded(job: MailboxJob): boolean {
  switch (job.status) {
    case 'Completed':
    case 'CompletedWithWarnings':
    case 'Synced':
      return false;
    default:
      return mayHaveForwarded(job);
  }
}

function whyForwarded({ name }: Batch, rows: readonly number[]): string {
  return (
    `New mail of ${inWords(rows.length)} of the batch ${name} goes to the target (${nameRows(rows)}). ` +
    `Put it back first (stagecoach batch stop ${name} --rollback), or migrate what is left; then remove.`
  );
}

async function removeMailboxes(
  services: RemoveServices,
  request: Required<Pick<RemoveRequest, 'batch' | 'by' | 'mailboxes' | 'forget'>>,
  decided: Decided,
): Promise<Removal> {
  const { store, clock } = services;
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  if (found.status === 'Removing') return refused(whyNot(found));
  const chosen = await chosenJobs(store, request);
  if (chosen.outcome === 'refused') return chosen;
  const unfit = chosen.jobs.find((job) => !mayGoAlone(job, found));
  if (unfit !== undefined) return refused(whyNotAlone(unfit));
  const forwarded = chosen.jobs.filter(isLeftForwarded);
  if (forwarded.length > 0)
    return refused(
      whyForwarded(
        found,
        forwarded.map(({ row }) => row),
      ),
    );
  await decided();
  const held: MailboxJob[] = [];
  await inParallel(chosen.jobs, async (job) => {
    const deleted = await deleteJob(services, { batch: found, job, forget: request.forget, holder: randomUUID() });
    if (deleted === 'held') held.push(job);
  });
  if (held.length > 0)
    return refused(
      `A worker is still at ${inWords(held.length)} (${nameRows(held.map(({ row }) => row))}): remove what is left in two minutes.`,
    );
  // What kept the batch from being completed may be gone: the next tick looks through it.
  await changeBatch(store, found.name, (present) => touched(present, request.by, clock.now()));
  return { outcome: 'done', removed: 'mailboxes' };
}

/** In a batch that is going a mailbox must be at rest: a worker could begin with it just now. */
function mayGoAlone(job: MailboxJob, batch: Batch): boolean {
  if (isUnderWay(job) || job.status === 'Stopping') return false;
  if (isRunning(batch) && (job.status === 'Queued' || job.status === 'Synced')) return false;
  return job.startedAt === null || mayGo(job);
}

function whyNotAlone(job: MailboxJob): string {
  const who = `The mailbox of row ${String(job.row)} is ${job.status}`;
  return isUnderWay(job) || job.status === 'Stopping' || job.status === 'Queued'
    ? `${who}: stop it first.`
    : `${who} and did not succeed: retry it, approve what is missing of it, or waive it with a reason.`;
}
