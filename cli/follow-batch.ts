import { setTimeout as delay } from 'node:timers/promises';
import type { BatchDetail } from '../shared/contract/batch-view.ts';
import type { Operations } from '../shared/contract/routes.ts';
import { isRunning } from '../shared/domain/batch.ts';
import { exitCodeOf, printBatch } from './batch-summary.ts';
import type { CommonOptions } from './program.ts';
import { showProgress } from './progress.ts';
import type { Access } from './service-access.ts';

/** Looks at a batch this often, or less often where a look takes long: at most a twentieth of the time. */
const lookEveryMs = 500;
const lookShare = 20;

/**
 * What a verb does once it has begun: where this process does the work, it stays until the batch rests; a service is
 * left to it, and what it answered is shown.
 */
export async function followBatch(access: Access, name: string, options: Pick<CommonOptions, 'json'>): Promise<void> {
  const detail =
    access.by === 'this-process' ? await watchUntilRest(access, name) : await access.operations.showBatch({ name });
  printBatch(detail, options);
  if (access.by === 'this-process') process.exitCode = exitCodeOf(detail);
}

/** Shows progress until the batch rests. In this process the end of its execution is noticed at once. */
export async function watchUntilRest(access: Access, name: string): Promise<BatchDetail> {
  const settled = access.by === 'this-process' ? access.service.settled(name) : undefined;
  return watch(access.operations, name, settled);
}

async function watch(operations: Operations, name: string, settled: Promise<void> | undefined): Promise<BatchDetail> {
  const progress = showProgress();
  // Ends the present wait at once; later waits are waits again, since a batch may go on with another execution.
  let hurry = settled;
  try {
    for (;;) {
      const begun = Date.now();
      const detail = await operations.showBatch({ name });
      progress.show(detail);
      if (!isUnderWay(detail)) return detail;
      const pause = Math.max(lookEveryMs, lookShare * (Date.now() - begun));
      if (hurry === undefined) await delay(pause);
      else if ((await Promise.race([hurry, delay(pause, 'later' as const, { ref: true })])) !== 'later')
        hurry = undefined;
    }
  } finally {
    progress.end();
  }
}

/** A waiting batch goes on by itself when its time has come. */
function isUnderWay({ batch }: BatchDetail): boolean {
  return isRunning(batch) || batch.status === 'Waiting';
}
