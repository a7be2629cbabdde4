import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import { isRunning, type Batch } from '../domain/batch.ts';
import { isDue, isWorthAnotherTry } from '../domain/due-jobs.ts';
import { moveJob } from '../domain/job-transitions.ts';
import { waitsForItsTurn } from '../domain/queued-job.ts';
import { changeBatch } from './change-batch.ts';
import { changeJob } from './change-job.ts';
import { effectiveOptions } from './effective-options.ts';
import { claimMailbox } from './mailbox-claim.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';
import { startedBatch } from './started-batch.ts';

export interface StartRequest {
  readonly batch: string;
  /**
   * `present` (default): starts the batch, or goes on with its present pass, and gives failed mailboxes another try.
   * `incremental`: begins a new incremental pass over all mailboxes, failed ones included.
   */
  readonly pass?: 'present' | 'incremental' | undefined;
}

export type BatchStart =
  | { readonly outcome: 'started' | 'waiting' | 'running' | 'nothing-to-do'; readonly batch: Batch }
  | { readonly outcome: 'refused' | 'not-found'; readonly reason: string };

/**
 * Starts a batch, or starts it again. A crash after the status is written leaves a running batch without an execution,
 * which the tick makes good.
 */
export async function startBatch(
  services: Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>,
  request: StartRequest,
): Promise<BatchStart> {
  const { store, workflow, clock, log } = services;
  const batch = await store.getBatch(request.batch);
  if (batch === undefined) return { outcome: 'not-found', reason: `There is no batch ${request.batch}.` };
  if (isRunning(batch)) return { outcome: 'running', batch };
  const pass = request.pass ?? 'present';
  const refusal = refusalOf(batch, pass);
  if (refusal !== undefined) return { outcome: 'refused', reason: refusal };

  const jobs = await queueAgain(services, batch, pass);
  if (!jobs.any && batch.uploads.length === 0)
    return { outcome: 'refused', reason: `The batch ${batch.name} has no mailboxes yet: add a batch file first.` };
  if (pass === 'present' && !jobs.due && batch.uploads.length === 0) return { outcome: 'nothing-to-do', batch };

  const { startAfter } = await effectiveOptions(store, batch);
  const waitsUntil = startAfter !== null && Date.parse(startAfter) > clock.now() && !jobs.begun ? startAfter : null;
  const started = await changeBatch(store, batch.name, (present) =>
    begin(present, { pass, waitsUntil, passNumber: batch.passNumber, now: clock.now() }),
  );
  if (started === undefined) return { outcome: 'not-found', reason: `There is no batch ${request.batch}.` };
  if (started.status === 'Waiting') return { outcome: 'waiting', batch: started };
  if (!isRunning(started)) return { outcome: 'refused', reason: refusalOf(started, pass) ?? stateRefusal(started) };
  await startExecution(workflow, started);
  log.info('A batch was started', { batch: started.name, pass: started.pass, passNumber: started.passNumber });
  return { outcome: 'started', batch: started };
}

function refusalOf(batch: Batch, pass: 'present' | 'incremental'): string | undefined {
  if (!mayMoveBatch(batch, 'start')) return stateRefusal(batch);
  if (pass === 'incremental' && batch.status !== 'Synced' && batch.status !== 'SyncedWithErrors')
    return `The batch ${batch.name} is ${batch.status}: an incremental pass begins once it is Synced or SyncedWithErrors.`;
  return undefined;
}

function stateRefusal(batch: Batch): string {
  return `The batch ${batch.name} is ${batch.status}; it cannot be started from there.`;
}

interface Beginning {
  readonly pass: 'present' | 'incremental';
  readonly waitsUntil: string | null;
  /** Number of the pass that was over when this was asked for: asked twice at once, one new pass begins. */
  readonly passNumber: number;
  readonly now: number;
}

function begin(batch: Batch, { pass, waitsUntil, passNumber, now }: Beginning): Batch | undefined {
  if (refusalOf(batch, pass) !== undefined || isRunning(batch)) return undefined;
  if (waitsUntil !== null)
    return mayMoveBatch(batch, 'schedule')
      ? moveBatch(batch, 'schedule', { reason: `Starts at ${waitsUntil}.`, now })
      : undefined;
  const started = startedBatch(batch, { reason: 'The prerequisites are checked.', now });
  if (pass === 'present' || batch.passNumber !== passNumber) return started;
  return { ...started, pass: 'incremental', passNumber: passNumber + 1 };
}

interface QueuedJobs {
  readonly any: boolean;
  readonly due: boolean;
  readonly begun: boolean;
}

/** Gives failed mailboxes another try, and those that another batch held and has released since. */
async function queueAgain(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  batch: Batch,
  pass: 'present' | 'incremental',
): Promise<QueuedJobs> {
  const seen = { any: false, due: false, begun: false };
  const next = pass === 'incremental' ? batch.passNumber + 1 : Math.max(1, batch.passNumber);
  for await (const job of store.jobs(batch.name)) {
    seen.any = true;
    seen.begun ||= job.startedAt !== null;
    const again = isWorthAnotherTry(job) || (await isReleased(store, batch, job));
    const queued = again
      ? await changeJob(store, job, (known) =>
          known.status === job.status
            ? moveJob(known, 'requeue', { reason: waitsForItsTurn, now: clock.now() })
            : undefined,
        )
      : job;
    seen.due ||= isDue(queued, { passNumber: next });
  }
  return seen;
}

async function isReleased(
  store: Services['store'],
  batch: Batch,
  job: { readonly id: string; readonly status: string; readonly error: { readonly code: string } | null },
): Promise<boolean> {
  if (job.status !== 'Skipped' || job.error?.code !== 'MAILBOX_HELD_BY_OTHER_BATCH') return false;
  return (await claimMailbox(store, { batch: batch.name, endpoint: batch.endpoint, job: job.id })) === undefined;
}
