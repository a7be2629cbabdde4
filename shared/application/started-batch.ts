import { theService } from '../domain/audit.ts';
import { moveBatch } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';
import type { Refused } from './audit-verb.ts';

export interface Override {
  /** As in the batch's checks: `source-reachable`. */
  readonly check: string;
  readonly why: string;
}

export type BatchStart =
  | { readonly outcome: 'started' | 'waiting' | 'running' | 'nothing-to-do'; readonly batch: Batch }
  | { readonly outcome: 'not-found'; readonly reason: string }
  | Refused;

interface Start {
  readonly reason: string;
  readonly now: number;
}

/** The batch at the beginning of (or back in) its present pass; the first start begins the first pass. */
export function startedBatch(batch: Batch, step: Start): Batch {
  const moved = moveBatch(batch, 'start', step);
  if (moved.passNumber > 0) return moved;
  return { ...moved, pass: 'initial', passNumber: 1, passStartedAt: new Date(step.now).toISOString() };
}

/** The batch at the beginning of a new incremental pass over all its mailboxes. */
export function nextPass(batch: Batch, step: Start): Batch {
  return {
    ...moveBatch(batch, 'start', step),
    pass: 'incremental',
    passNumber: batch.passNumber + 1,
    passStartedAt: new Date(step.now).toISOString(),
  };
}

/** Notes that a person asked for something; what the service does by itself is no sign that anybody cares. */
export function touched(batch: Batch, by: string, now: number): Batch {
  return by === theService ? batch : { ...batch, lastActivityAt: new Date(now).toISOString() };
}

export function withOverrides(
  batch: Batch,
  overrides: readonly Override[],
  { by, now }: { readonly by: string; readonly now: number },
): Batch {
  if (overrides.length === 0) return batch;
  const at = new Date(now).toISOString();
  const kept = batch.overrides.filter((known) => !overrides.some(({ check }) => check === known.check));
  return { ...batch, overrides: [...kept, ...overrides.map(({ check, why }) => ({ check, why, by, at }))] };
}
