import { setTimeout as delay } from 'node:timers/promises';
import type { BatchDetail } from '../shared/contract/batch-view.ts';
import { CommandError } from '../shared/contract/problem.ts';
import { isRunning } from '../shared/domain/batch.ts';
import { showProgress } from './progress.ts';
import type { Access } from './service-access.ts';

/** Looks at a batch this often, or less often where a look takes long: at most a twentieth of the time. */
const lookEveryMs = 500;
const lookShare = 20;

/** Shows progress until the batch rests. */
export async function watchUntilRest(access: Access, name: string): Promise<BatchDetail> {
  const progress = showProgress();
  // In this process the end of the execution is noticed at once. Later waits are waits again: a batch may go on with
  // another execution.
  let settled = access.by === 'this-process' ? access.service.settled(name) : undefined;
  try {
    for (;;) {
      const begun = Date.now();
      const detail = await look(access, name);
      progress.show(detail);
      if (!isUnderWay(detail)) return detail;
      const pause = Math.max(lookEveryMs, lookShare * (Date.now() - begun));
      if (settled === undefined) await delay(pause);
      else if ((await Promise.race([settled, delay(pause, 'later' as const)])) !== 'later') settled = undefined;
    }
  } finally {
    progress.end();
  }
}

/** Resolves once there is no such batch any more. */
export async function watchUntilGone(access: Access, name: string): Promise<void> {
  try {
    for (;;) {
      await access.operations.showBatch({ name });
      await delay(lookEveryMs);
    }
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== 'BATCH_NOT_FOUND') throw error;
  }
}

/** Where this process does the work it also is the clock: it starts a waiting batch once its time has come. */
async function look(access: Access, name: string): Promise<BatchDetail> {
  const detail = await access.operations.showBatch({ name });
  if (access.by === 'service' || detail.batch.status !== 'Waiting') return detail;
  await access.service.startWaiting(name);
  return access.operations.showBatch({ name });
}

/** A waiting batch goes on by itself when its time has come. */
function isUnderWay({ batch }: BatchDetail): boolean {
  return isRunning(batch) || batch.status === 'Waiting';
}
