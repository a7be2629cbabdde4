import { theService } from '../domain/audit.ts';
import { mostLosses } from '../domain/batch-life.ts';
import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import { isRunning, type Batch } from '../domain/batch.ts';
import { errorCatalogue } from '../domain/error-catalogue.ts';
import type { ExecutionStatus } from '../ports/workflow.ts';
import { noteAudit } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { advancing, progressMark, type Advancing } from './round-progress.ts';
import type { Services } from './services.ts';

/**
 * What becomes of a batch whose execution ended without releasing the run. Somebody ended it in the console, or its time
 * was up: the batch is stopped, as if asked to. It was lost (its process was killed): the batch goes on, unless three
 * were lost in a row without anything done between them.
 */
export async function noteLostExecution(
  services: Pick<Services, 'store' | 'clock' | 'log'>,
  batch: Batch,
  status: ExecutionStatus,
): Promise<void> {
  if (!isRunning(batch)) return;
  if (status === 'aborted' || status === 'timed-out') {
    const what = status === 'aborted' ? 'was ended from outside' : 'timed out';
    return stop(services, batch, { reason: `Stopped: its execution ${what}.`, detail: `its execution ${what}` });
  }
  const now = services.clock.now();
  if (isCounted(batch, now)) return;
  const mark = await markOf(services, batch);
  const times = batch.losses?.mark === mark ? batch.losses.times + 1 : 1;
  services.log.warn('The execution of a batch was lost', { batch: batch.name, status, times });
  if (times >= mostLosses && mayMoveBatch(batch, 'stop')) {
    const reason = `Stopped: its execution was lost ${String(times)} times without progress. ${errorCatalogue.EXECUTION_LOST.fix}`;
    const detail = `its execution was lost ${String(times)} times`;
    return stop(services, batch, { reason, detail, errorCode: 'EXECUTION_LOST' });
  }
  const losses = { times, mark, run: batch.run?.number, at: new Date(now).toISOString() };
  await changeBatch(services.store, batch.name, (present) =>
    isSameRun(present, batch) ? { ...present, losses } : undefined,
  );
}

/** One loss is one, however many ticks see it before the next execution has taken the run: they may overlap on AWS. */
const sameLossMs = 4 * 60_000;

function isCounted({ losses, run }: Batch, now: number): boolean {
  return losses?.at !== undefined && losses.run === run?.number && now - Date.parse(losses.at) < sameLossMs;
}

interface Stop {
  readonly reason: string;
  readonly detail: string;
  readonly errorCode?: string;
}

async function stop(
  { store, clock, log }: Pick<Services, 'store' | 'clock' | 'log'>,
  batch: Batch,
  { reason, detail, errorCode }: Stop,
): Promise<void> {
  const seen = { moved: false };
  await changeBatch(store, batch.name, (present) => {
    seen.moved = isSameRun(present, batch) && mayMoveBatch(present, 'stop');
    if (!seen.moved) return undefined;
    return { ...moveBatch(present, 'stop', { reason, now: clock.now() }), errorCode: errorCode ?? present.errorCode };
  });
  if (!seen.moved) return;
  log.warn('A batch is stopped over its execution', { batch: batch.name, detail });
  await noteAudit({ store, clock }, { batch: batch.name, who: theService, verb: 'stop', detail });
}

function isSameRun(present: Batch, batch: Batch): boolean {
  return present.run?.number === batch.run?.number;
}

async function markOf({ store }: Pick<Services, 'store'>, batch: Batch): Promise<string> {
  const jobs: Advancing[] = [];
  for await (const job of store.jobs(batch.name)) jobs.push(advancing(job));
  return `${batch.run?.phase ?? ''} ${String(batch.passNumber)} ${progressMark(jobs)}`;
}
