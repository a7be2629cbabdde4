import { batchOutcome, completionOutcome, type BatchOutcome } from '../domain/batch-outcome.ts';
import { mayMoveBatch, moveBatch, type BatchEvent } from '../domain/batch-transitions.ts';
import { isRunning, type Batch, type BatchRun } from '../domain/batch.ts';
import { isAtRest } from '../domain/due-jobs.ts';
import { batchOfRun, changeBatchOfRun, leave, runWasTaken, type Position } from './batch-run.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';

type RestServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

interface Ending {
  readonly event: BatchEvent;
  readonly reason: string;
}

/**
 * Gives the batch the status that its jobs say, and releases the run. If uploads came meanwhile, or somebody started,
 * stopped or removed the batch, or asked for a mailbox again while this execution was about to end, the batch does not
 * rest: the next execution goes on.
 */
export async function restBatch(services: RestServices, position: Position): Promise<Position> {
  const { store, workflow, clock, log } = services;
  const found = await batchOfRun(store, position);
  if (found === undefined) return leave(position, runWasTaken);
  const open = await lowestOpenPass(store, found.name);
  const ending = await endingOf(services, found, open);

  const rested = await changeBatchOfRun(store, position, (batch) => ({
    ...(mayEnd(batch, { seen: found, open }) ? restedBatch(batch, ending, clock.now()) : batch),
    run: null,
  }));
  if (rested === undefined) return leave(position, runWasTaken);
  log.info('A batch rests', { batch: rested.name, status: rested.status });
  // A crash before the start is made good by the tick: the batch is running, and no execution holds it.
  if (rested.uploads.length > 0 || isRunning(rested) || rested.rollback !== undefined)
    await startExecution(workflow, rested);
  return { ...position, pass: rested.pass, next: 'rest', reason: rested.reason ?? '' };
}

async function endingOf(
  services: RestServices,
  batch: Batch & { readonly run: BatchRun },
  open: number,
): Promise<Ending> {
  if (batch.status === 'Stopping') return { event: 'stopped', reason: stoppedReason(batch) };
  const completes = batch.status === 'Completing' || (batch.completion !== null && batch.status === 'Validating');
  if (completes && open >= batch.passNumber) return completionEnding(services, batch);
  return ordinaryEnding(await batchOutcome(services.store.jobs(batch.name)));
}

/** As it was settled, when the mailboxes got their last status: what was approved since counts the next time. */
async function completionEnding({ store }: RestServices, batch: Batch & { readonly run: BatchRun }): Promise<Ending> {
  const outcome = await completionOutcome(store.jobs(batch.name), batch);
  if (outcome.event === 'notCompleted' || batch.run.mail === 'completed') return outcome;
  return { event: 'notCompleted', reason: 'Not completed: errors were left when the pass ended. Complete it again.' };
}

function ordinaryEnding({ event, reason, allStopped }: BatchOutcome): Ending {
  return { event: allStopped === true ? 'stopped' : event, reason };
}

function stoppedReason({ reason }: Batch): string {
  return (reason ?? 'Stopped as asked.').replace(/: its workers end\.$/, '.');
}

/** The earliest pass that some mailbox which can go on has finished; Infinity where none is left that can. */
async function lowestOpenPass(store: Services['store'], batch: string): Promise<number> {
  let lowest = Infinity;
  for await (const job of store.jobs(batch)) if (!isAtRest(job)) lowest = Math.min(lowest, job.passDone);
  return lowest;
}

/** False where it has to go on, or where what was to be done at its end has not been done. */
function mayEnd(
  batch: Batch & { readonly run: BatchRun },
  { seen, open }: { readonly seen: Batch; readonly open: number },
): boolean {
  if (!isRunning(batch) || batch.status === 'Removing') return false;
  // Stopped only once no worker is left, which the run has seen where its mail is the stopped one.
  if (batch.status === 'Stopping') return seen.status === 'Stopping' && batch.run.mail === 'stopped';
  return batch.status === seen.status && open >= batch.passNumber;
}

function restedBatch(batch: Batch, { event, reason }: Ending, now: number): Batch {
  if (!mayMoveBatch(batch, event)) return batch;
  const rested = moveBatch(batch, event, { reason, now });
  return batch.uploads.length > 0 && mayMoveBatch(rested, 'start') && event !== 'stopped'
    ? moveBatch(rested, 'start', { reason: 'Rows came while the batch was running.', now })
    : rested;
}
