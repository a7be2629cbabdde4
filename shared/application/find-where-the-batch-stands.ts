import { isRunning, type Batch, type BatchRun } from '../domain/batch.ts';
import { ConflictError } from '../domain/errors.ts';
import type { MigrateBatchInput } from '../ports/workflow.ts';
import { leave, positionOf, type Position } from './batch-run.ts';
import type { Services } from './services.ts';

const attempts = 20;

/**
 * Takes the batch's run for this execution and says where to go on. The same execution gets the same run when it asks
 * again; another one leaves while the holder is running, and takes over once it is not. Rows of an upload are noted on
 * the batch before its execution starts, so whoever holds the run reads them.
 */
export async function findWhereTheBatchStands(
  { store, workflow, clock, log }: Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>,
  input: MigrateBatchInput & { readonly execution: string },
): Promise<Position> {
  for (let attempt = 1; ; attempt += 1) {
    const batch = await store.getBatch(input.batch);
    if (batch === undefined) return leave(input, 'there is no batch of this name any more');
    if (isHeldBy(batch, input.execution)) return positionOf(batch);
    if (batch.run !== null && (await workflow.status(batch.run.execution)) === 'running')
      return leave(input, 'another execution runs the batch and reads its uploads');
    // A run that nobody released is gone through to its end: reports, mail, rest.
    if (!isRunning(batch) && batch.uploads.length === 0 && batch.run === null && batch.rollback === undefined)
      return leave(input, 'there is nothing to do for the batch');

    const run: BatchRun = {
      number: batch.runs + 1,
      execution: input.execution,
      startedAt: new Date(clock.now()).toISOString(),
      phase: firstPhase(batch),
      round: 0,
      idleRounds: 0,
      ...(batch.run?.mail === undefined ? {} : { mail: batch.run.mail }),
    };
    try {
      const taken = await store.saveBatch({ ...batch, runs: run.number, run });
      log.info('An execution took the run of a batch', { batch: batch.name, run: run.number, phase: run.phase });
      return positionOf({ ...taken, run }, isUntold(taken) ? 'fail' : run.phase);
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === attempts) throw error;
    }
  }
}

function isHeldBy(batch: Batch, execution: string): batch is Batch & { readonly run: BatchRun } {
  return batch.run?.execution === execution;
}

/** It failed, and its execution was lost before it could say so by mail. */
function isUntold({ status, run }: Batch): boolean {
  return status === 'Failed' && run?.phase === 'rest';
}

/** New rows first; then where a lost execution was; else where the status says. */
function firstPhase(batch: Batch): BatchRun['phase'] {
  const lost = batch.run?.phase;
  const ends = lost === 'settle' || lost === 'report' || lost === 'rest';
  switch (batch.status) {
    case 'Removing':
      return 'remove';
    case 'Stopping':
      return ends && batch.run?.mail === 'stopped' ? lost : 'settle';
    default:
      break;
  }
  if (batch.uploads.length > 0) return 'read';
  if (!isRunning(batch)) return batch.rollback !== undefined ? 'put-back' : restingPhase(lost);
  if (lost !== undefined && lost !== 'read' && lost !== 'remove') return lost;
  if (batch.status === 'Provisioning') return 'prepare';
  return batch.status === 'Validating' || batch.status === 'Completing' ? 'check' : 'synchronise';
}

/** Of a batch that nobody works at, and whose execution was lost before it had said so. */
function restingPhase(lost: BatchRun['phase'] | undefined): BatchRun['phase'] {
  if (lost === 'put-back') return 'rest';
  return lost === 'settle' || lost === 'report' || lost === 'rest' ? lost : 'settle';
}
