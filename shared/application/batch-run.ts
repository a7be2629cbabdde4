import type { Batch, BatchRun } from '../domain/batch.ts';
import type { z } from 'zod';
import type { BatchPosition } from '../domain/workflow-steps.ts';
import type { BatchStore } from '../ports/batch-store.ts';
import { changeBatch } from './change-batch.ts';

export type Position = z.infer<typeof BatchPosition>;
type HeldBatch = Batch & { readonly run: BatchRun };

export function holdsRun(batch: Batch | undefined, position: Pick<Position, 'run'>): batch is HeldBatch {
  return batch?.run?.number === position.run;
}

/** The batch, if the execution at this position still holds its run; undefined where a successor took it. */
export async function batchOfRun(
  store: Pick<BatchStore, 'getBatch'>,
  position: Pick<Position, 'batch' | 'run'>,
): Promise<HeldBatch | undefined> {
  const batch = await store.getBatch(position.batch);
  return holdsRun(batch, position) ? batch : undefined;
}

/** Changes the batch as long as this execution holds its run; undefined where a successor took it. */
export async function changeBatchOfRun(
  store: Pick<BatchStore, 'getBatch' | 'saveBatch'>,
  position: Pick<Position, 'batch' | 'run'>,
  change: (batch: HeldBatch) => Batch | undefined,
): Promise<Batch | undefined> {
  const seen = { held: false };
  const batch = await changeBatch(store, position.batch, (present) => {
    seen.held = holdsRun(present, position);
    return holdsRun(present, position) ? change(present) : undefined;
  });
  return seen.held ? batch : undefined;
}

/** Enters a phase of the batch's run; the position of an execution that lost the run says `leave`. */
export async function enterPhase(
  store: Pick<BatchStore, 'getBatch' | 'saveBatch'>,
  position: Position,
  change: Partial<Pick<BatchRun, 'phase' | 'idleRounds' | 'mail'>>,
): Promise<Position> {
  const saved = await changeBatchOfRun(store, position, (batch) => ({ ...batch, run: { ...batch.run, ...change } }));
  return saved === undefined || saved.run === null
    ? leave(position, runWasTaken)
    : positionOf({ ...saved, run: saved.run });
}

/** Where the execution that holds the batch's run goes next. */
export function positionOf(
  batch: Batch & { readonly run: BatchRun },
  next: Position['next'] = batch.run.phase,
): Position {
  const { name, pass, run, reason } = batch;
  return { batch: name, pass, run: run.number, next, reason: reason ?? '', mail: run.mail ?? 'finished' };
}

/** Ends the execution quietly: it does not hold the batch's run, or there is nothing to do. */
export function leave({ batch, pass }: Pick<Position, 'batch' | 'pass'>, reason: string): Position {
  return { batch, pass, run: 0, next: 'leave', reason, mail: 'finished' };
}

export const runWasTaken = 'another execution took the run of the batch';
