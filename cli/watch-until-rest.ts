import { setTimeout as delay } from 'node:timers/promises';
import type { BatchDetail } from '../shared/contract/batch-view.ts';
import { CommandError, exitCodes } from '../shared/contract/problem.ts';
import { isRunning } from '../shared/domain/batch.ts';
import { showProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import type { Access } from './service-access.ts';

/** Looks at a batch this often, or less often where a look takes long: at most a twentieth of the time. */
const lookEveryMs = 500;
const lookShare = 20;

/** An execution that ends before its batch rests has another one so often. */
const mostExecutions = 20;

/** Shows progress until the batch rests. */
export async function watchUntilRest(access: Access, name: string): Promise<BatchDetail> {
  const progress = showProgress();
  try {
    return await (access.by === 'this-process'
      ? workUntilRest(access, name, progress)
      : lookUntilRest(access, name, progress));
  } finally {
    progress.end();
  }
}

async function lookUntilRest({ operations }: Access, name: string, progress: Progress): Promise<BatchDetail> {
  for (;;) {
    const begun = Date.now();
    const detail = await operations.showBatch({ name });
    progress.show(detail);
    if (!isUnderWay(detail)) return detail;
    await delay(pauseAfter(begun));
  }
}

/**
 * Where this process does the work, the end of the execution is noticed at once. It is the clock as well: it starts a
 * waiting batch once its time has come, and another execution where one ended and the batch does not rest.
 */
async function workUntilRest(
  access: Extract<Access, { by: 'this-process' }>,
  name: string,
  progress: Progress,
): Promise<BatchDetail> {
  const { operations, service } = access;
  for (let executions = 0; ; executions += 1) {
    const end = service.settled(name);
    for (let ended = false; !ended;) {
      const begun = Date.now();
      progress.show(await operations.showBatch({ name }));
      ended = await Promise.race([end.then(() => true), delay(pauseAfter(begun), false)]);
    }
    const detail = await operations.showBatch({ name });
    progress.show(detail);
    if (!isUnderWay(detail)) return detail;
    if (detail.batch.status === 'Waiting') {
      executions = 0;
      await delay(lookEveryMs);
    } else if (executions === mostExecutions) throw cannotGoOn(name);
    await service.tend(name);
  }
}

function pauseAfter(begun: number): number {
  return Math.max(lookEveryMs, lookShare * (Date.now() - begun));
}

function cannotGoOn(name: string): CommandError {
  return new CommandError({
    code: 'EXECUTION_LOST',
    message: `The batch ${name} does not come to rest: each execution ended before its end.`,
    fix: 'stagecoach.log in the data folder says why. What is copied is safe; run the command again to go on.',
    exitCode: exitCodes.unexpected,
  });
}

/** Resolves once there is no such batch any more, or another one that was created under its name since. */
export async function watchUntilGone(
  { operations }: Pick<Access, 'operations'>,
  { name, createdAt }: Pick<BatchDetail['batch'], 'name' | 'createdAt'>,
): Promise<void> {
  while ((await batchIfThere({ operations }, name))?.createdAt === createdAt) await delay(lookEveryMs);
}

/** Undefined: there is no such batch. */
export async function batchIfThere(
  { operations }: Pick<Access, 'operations'>,
  name: string,
): Promise<BatchDetail['batch'] | undefined> {
  try {
    return (await operations.showBatch({ name })).batch;
  } catch (error) {
    if (error instanceof CommandError && error.code === 'BATCH_NOT_FOUND') return undefined;
    throw error;
  }
}

/** A waiting batch goes on by itself when its time has come. */
function isUnderWay({ batch }: BatchDetail): boolean {
  return isRunning(batch) || batch.status === 'Waiting';
}
