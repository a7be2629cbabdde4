import { mayMoveBatch } from '../domain/batch-transitions.ts';
import { isRunning, type Batch } from '../domain/batch.ts';
import { isKnownError } from '../domain/errors.ts';
import { changeBatch } from './change-batch.ts';
import { effectiveOptions } from './effective-options.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';
import { startedBatch } from './started-batch.ts';

export interface TickOptions {
  /** Sends what is still to be mailed for a batch: mails never sent, and claims left open. Resolves with how many. */
  readonly sendOpenMails?: (batch: Batch) => Promise<number>;
}

export interface TickResult {
  readonly batches: number;
  /** Executions started. */
  readonly started: number;
  readonly mails: number;
  /** Batches for which something went wrong; the next tick tries again. */
  readonly failed: number;
}

/**
 * Starts whatever is due, every five minutes and when the embedded service starts: batches whose execution is no longer
 * running, uploads nobody reads, batches whose startAfter has come. Two ticks at once start nothing twice: an execution's
 * name says batch and run. One batch's trouble is not another's.
 */
export async function tick(
  services: Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>,
  options: TickOptions = {},
): Promise<TickResult> {
  const result = { batches: 0, started: 0, mails: 0, failed: 0 };
  for (const batch of await services.store.listBatches()) {
    result.batches += 1;
    try {
      if (await startIfDue(services, batch)) result.started += 1;
      result.mails += (await options.sendOpenMails?.(batch)) ?? 0;
    } catch (error) {
      result.failed += 1;
      const code = isKnownError(error) ? error.code : 'UNEXPECTED';
      services.log.error('The tick could not look after a batch', { batch: batch.name, code, error: String(error) });
    }
  }
  return result;
}

async function startIfDue(
  { store, workflow, clock, log }: Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>,
  batch: Batch,
): Promise<boolean> {
  if (batch.run !== null) {
    if ((await workflow.status(batch.run.execution)) === 'running') return false;
  } else if (!isRunning(batch) && batch.uploads.length === 0) {
    const due = await startWaiting({ store, clock }, batch);
    if (!due) return false;
  }
  const present = await store.getBatch(batch.name);
  if (present === undefined) return false;
  const outcome = await startExecution(workflow, present);
  if (outcome === 'gave-up') log.error('A batch gets no execution', { batch: batch.name, run: present.runs + 1 });
  return outcome === 'started';
}

/** Moves a waiting batch on once its startAfter has come. */
async function startWaiting({ store, clock }: Pick<Services, 'store' | 'clock'>, batch: Batch): Promise<boolean> {
  if (batch.status !== 'Waiting') return false;
  const { startAfter } = await effectiveOptions(store, batch);
  if (startAfter !== null && Date.parse(startAfter) > clock.now()) return false;
  const moved = await changeBatch(store, batch.name, (present) =>
    present.status === 'Waiting' && mayMoveBatch(present, 'start')
      ? startedBatch(present, { reason: 'Its time to start has come.', now: clock.now() })
      : undefined,
  );
  return moved?.status === 'Validating';
}
