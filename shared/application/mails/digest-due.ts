import { isRunning, type Batch } from '../../domain/batch.ts';

/** Somebody waits for the batch to get on, or the batch for somebody. */
function isUnderWay(batch: Pick<Batch, 'status'>): boolean {
  return ['Waiting', 'Paused'].includes(batch.status) || (isRunning(batch) && batch.status !== 'Removing');
}

/**
 * The beginning of the present interval, which makes a digest one mail: `at-2026-11-21T20:00:00.000Z`. Intervals are
 * counted from the batch's first start (while it waits: from its creation). undefined: no digest is due, as in the first
 * interval, and in a pass that began after the interval had.
 */
export function digestDueAt(
  batch: Pick<Batch, 'status' | 'startedAt' | 'createdAt' | 'passStartedAt'>,
  { intervalMs, now }: { readonly intervalMs: number | null; readonly now: number },
): string | undefined {
  if (intervalMs === null || !isUnderWay(batch)) return undefined;
  const origin = Date.parse(batch.startedAt ?? batch.createdAt);
  const interval = Math.floor((now - origin) / intervalMs);
  if (interval < 1) return undefined;
  const due = origin + interval * intervalMs;
  if (batch.passStartedAt !== null && due <= Date.parse(batch.passStartedAt)) return undefined;
  return `at-${new Date(due).toISOString()}`;
}
