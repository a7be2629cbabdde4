import { moveBatch } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';

/** The batch at the beginning of (or back in) its present pass; the first start begins the first pass. */
export function startedBatch(batch: Batch, step: { readonly reason: string; readonly now: number }): Batch {
  const moved = moveBatch(batch, 'start', step);
  return moved.passNumber === 0 ? { ...moved, pass: 'initial', passNumber: 1 } : moved;
}
