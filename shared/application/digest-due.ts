import { isRunning, type Batch } from '../domain/batch.ts';
import { effectiveOptions } from './effective-options.ts';
import type { Services } from './services.ts';

/** Whether a batch that runs or waits has been silent for as long as its `reportInterval`. */
export async function digestIsDue({ store, clock }: Pick<Services, 'store' | 'clock'>, batch: Batch): Promise<boolean> {
  const awake = (isRunning(batch) && batch.status !== 'Removing') || ['Waiting', 'Paused'].includes(batch.status);
  if (!awake) return false;
  const { reportIntervalMs } = await effectiveOptions(store, batch);
  if (reportIntervalMs === null) return false;
  const begun = Date.parse(batch.passStartedAt ?? batch.startedAt ?? batch.createdAt);
  const last = (await store.mailsOf(batch.name))
    .filter(({ kind }) => kind === 'digest')
    .reduce((latest, { claimedAt }) => Math.max(latest, claimedAt), begun);
  return clock.now() - last >= reportIntervalMs;
}
