import { batchOutcome, type BatchOutcome } from '../domain/batch-outcome.ts';
import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import { isRunning, type Batch } from '../domain/batch.ts';
import { isAtRest } from '../domain/due-jobs.ts';
import { batchOfRun, changeBatchOfRun, leave, runWasTaken, type Position } from './batch-run.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';

/**
 * Gives the batch the status that its jobs say, and releases the run. If uploads came meanwhile, or somebody started the
 * batch while this execution only read its rows, the batch does not rest: the next execution goes on.
 */
export async function restBatch(
  { store, workflow, clock, log }: Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>,
  position: Position,
): Promise<Position> {
  const found = await batchOfRun(store, position);
  if (found === undefined) return leave(position, runWasTaken);
  const outcome = await batchOutcome(store.jobs(found.name));
  const open = await lowestOpenPass(store, found.name);

  const rested = await changeBatchOfRun(store, position, (batch) => ({
    ...(open < batch.passNumber && mayGoOn(batch) ? batch : restedBatch(batch, outcome, clock.now())),
    run: null,
  }));
  if (rested === undefined) return leave(position, runWasTaken);
  log.info('A batch rests', { batch: rested.name, status: rested.status });
  // A crash before the start is made good by the tick: the batch is running, and no execution holds it.
  if (rested.uploads.length > 0 || isRunning(rested)) await startExecution(workflow, rested);
  return { ...position, pass: rested.pass, next: 'rest', reason: rested.reason ?? '' };
}

/** The earliest pass that some mailbox which can go on has finished; Infinity where none is left that can. */
async function lowestOpenPass(store: Services['store'], batch: string): Promise<number> {
  let lowest = Infinity;
  for await (const job of store.jobs(batch)) if (!isAtRest(job)) lowest = Math.min(lowest, job.passDone);
  return lowest;
}

function mayGoOn(batch: Batch): boolean {
  return isRunning(batch) && batch.status !== 'Stopping';
}

function restedBatch(batch: Batch, outcome: BatchOutcome, now: number): Batch {
  if (!isRunning(batch)) return batch;
  if (batch.status === 'Stopping') return moveBatch(batch, 'stopped', { reason: 'Stopped as asked.', now });
  const rested = moveBatch(batch, outcome.event, { reason: outcome.reason, now });
  return batch.uploads.length > 0 && mayMoveBatch(rested, 'start')
    ? moveBatch(rested, 'start', { reason: 'Rows came while the batch was running.', now })
    : rested;
}
