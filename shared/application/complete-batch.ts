import { theService } from '../domain/audit.ts';
import { allowedFrom, mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';
import type { RequeueOrder } from '../domain/requeue-order.ts';
import { audited, noSuchBatch, refused, type Decided, type VerbOutcome, type VerbRequest } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { changeJob } from './change-job.ts';
import { chosenJobs } from './chosen-jobs.ts';
import { inParallel } from './in-parallel.ts';
import { queuedAgain } from './requeue.ts';
import type { Services } from './services.ts';
import { ensureExecution } from './start-execution.ts';
import { setGoing } from './start-mailboxes.ts';
import { touched } from './started-batch.ts';
import { tryAgainForNow } from './try-again.ts';

type CompleteServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

export interface CompleteRequest extends VerbRequest {
  /** Completes it whatever errors are left. */
  readonly ignoreErrors: boolean;
}

/**
 * Asks for the final pass over every mailbox, or over the ones named, after which nothing of them is synchronised any
 * more. What failed before is tried again.
 */
export async function completeBatch(services: CompleteServices, request: CompleteRequest): Promise<VerbOutcome> {
  const { batch, by, mailboxes, ignoreErrors } = request;
  const note = { batch, who: by, verb: 'complete', mailboxes, detail: ignoreErrors ? 'ignoring errors' : '' } as const;
  return audited(services, note, (decided) =>
    mailboxes === undefined
      ? completeAll(services, request, decided)
      : completeMailboxes(services, { batch, by, mailboxes, ignoreErrors }, decided),
  );
}

async function completeAll(
  services: CompleteServices,
  request: CompleteRequest,
  decided: Decided,
): Promise<VerbOutcome> {
  const { store, workflow, clock, log } = services;
  const { by, ignoreErrors } = request;
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  if (!mayMoveBatch(found, 'complete')) return refused(whyNot(found));
  await decided();
  // Before the status: a pass that begins finds them queued, and a batch that does not begin only has them waiting.
  const at = new Date(clock.now()).toISOString();
  const what = { code: null, items: false, doubtful: false, options: {} };
  const order: RequeueOrder = { verb: 'complete', by, at, pass: 'present', ...what };
  const { through } = await tryAgainForNow(services, { batch: found, order, decided });
  const seen = { moved: false };
  const completing = await changeBatch(store, found.name, (batch) => {
    seen.moved = mayMoveBatch(batch, 'complete');
    if (!seen.moved) return undefined;
    const now = clock.now();
    const at = new Date(now).toISOString();
    const reason = `The final pass was asked for by ${by === theService ? 'completeAfter' : by}.`;
    return {
      ...touched(moveBatch(batch, 'complete', { reason, now }), by, now),
      pass: 'final' as const,
      requeue: through ? undefined : order,
      passNumber: batch.passNumber + 1,
      passStartedAt: at,
      completion: { ignoreErrors, by, at },
    };
  });
  if (completing === undefined) return noSuchBatch(request.batch);
  if (!seen.moved) return refused(whyNot(completing));
  await ensureExecution(workflow, completing);
  log.info('A batch is being completed', { batch: completing.name, passNumber: completing.passNumber });
  return { outcome: 'done', batch: completing };
}

async function completeMailboxes(
  services: CompleteServices,
  request: Required<Pick<CompleteRequest, 'batch' | 'by' | 'mailboxes' | 'ignoreErrors'>>,
  decided: Decided,
): Promise<VerbOutcome> {
  const { store, clock } = services;
  const { by, ignoreErrors } = request;
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  const going = ['Syncing', 'IncrementalSyncing', 'Validating'].includes(found.status);
  if (!mayMoveBatch(found, 'complete') && !going) return refused(whyNot(found));
  const chosen = await chosenJobs(store, request);
  if (chosen.outcome === 'refused') return chosen;
  const unfit = chosen.jobs.find(
    (job) => job.syncedAt === null || !['Synced', 'IncrementalFailed', 'Stopped'].includes(job.status),
  );
  if (unfit !== undefined)
    return refused(
      `The mailbox of row ${String(unfit.row)} is ${unfit.status}: only one that was synced and is not at work can be completed by itself.`,
    );
  await decided();
  const cause = `The final pass was asked for by ${by}.`;
  await inParallel(chosen.jobs, (job) =>
    changeJob(store, job, (known) =>
      known.status === job.status
        ? { ...queuedAgain(known, { batch: found, cause, now: clock.now() }), final: true, ignoreErrors }
        : undefined,
    ),
  );
  const started = await setGoing(services, { batch: found.name, by, overrides: [] });
  if (started.outcome === 'not-found') return noSuchBatch(found.name);
  return started.outcome === 'refused' ? started : { outcome: 'done', batch: started.batch };
}

function whyNot({ name, status }: Batch): string {
  if (status === 'Completing') return `The batch ${name} is Completing already.`;
  if (status === 'Completed' || status === 'CompletedWithErrors') return `The batch ${name} is ${status} already.`;
  return `The batch ${name} is ${status}: it can be completed from ${allowedFrom('complete')}.`;
}
