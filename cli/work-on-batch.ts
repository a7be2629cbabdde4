import { setTimeout as delay } from 'node:timers/promises';
import type { BatchDetail } from '../shared/contract/batch-view.ts';
import { isRunning } from '../shared/domain/batch.ts';
import { exitCodeOf, printBatch } from './batch-summary.ts';
import type { CommonOptions } from './flags.ts';
import { ServiceGoneError } from './remote-operations.ts';
import type { Access } from './service-access.ts';
import { withAccess } from './service-access.ts';
import { batchIfThere, watchUntilRest } from './watch-until-rest.ts';
import { whoAsks } from './who-asks.ts';

export interface BatchWork {
  readonly options: CommonOptions;
  /** What holds the data folder, for people. */
  readonly command: string;
  readonly batch: string;
  /** Asks for the work. */
  readonly begin: (access: Access) => Promise<void>;
  /** True where asking twice is as good as once: then a service that ends without an answer is no harm. */
  readonly mayBeginTwice?: boolean;
  /** True for a command that waits even where a service does the work; the others leave it to the service. */
  readonly waitsForService: boolean;
  /** True for a command that begins a data folder where there is none. */
  readonly makesFolder?: boolean;
  /** True where nothing is left to ask of a batch that was stopping and has come to rest. */
  readonly isDoneOnceStopped?: boolean;
  /** Where resting in this state is another success than usual. */
  readonly exitCode?: (rested: BatchDetail) => number;
  /** Asks for more once the batch rests; resolves with whether there is more. */
  readonly continueWith?: (access: Access, rested: BatchDetail) => Promise<boolean>;
}

/**
 * Has work done on a batch, and prints what came of it. Where this process has the data folder, it works until the batch
 * rests. Where another command has it, that one works, but ends with its own batch: this one then takes over.
 */
export async function workOnBatch(work: BatchWork): Promise<void> {
  const { detail, rests } = await workThrough(work);
  printBatch(detail, work.options);
  if (rests) process.exitCode = (work.exitCode ?? exitCodeOf)(detail);
}

interface Worked {
  readonly detail: BatchDetail;
  readonly rests: boolean;
}

async function workThrough(work: BatchWork): Promise<Worked> {
  const { options, command, makesFolder = false } = work;
  const progress = { begun: false };
  for (;;) {
    try {
      return await withAccess({ options, command, works: true, makesFolder }, (access) =>
        workWith(access, work, progress),
      );
    } catch (error) {
      if (!(error instanceof ServiceGoneError) || !mayGoOn(work, progress.begun || !error.asked)) throw error;
      await delay(200);
    }
  }
}

/** Who had the data folder has left it: the next to open it goes on, and that may be this process. */
function mayGoOn({ options, mayBeginTwice = false }: BatchWork, isKnown: boolean): boolean {
  return options.url === undefined && options.aws !== true && (isKnown || mayBeginTwice);
}

async function workWith(access: Access, work: BatchWork, progress: { begun: boolean }): Promise<Worked> {
  const { batch, begin, waitsForService, isDoneOnceStopped = false, continueWith } = work;
  if (!progress.begun) {
    const hasStopped = await finishStop(access, batch);
    if (!hasStopped || !isDoneOnceStopped) await begin(access);
  } else if (access.by === 'this-process') await goOn(access, batch);
  progress.begun = true;
  if (access.by === 'service' && access.kind === 'serve' && !waitsForService)
    return { detail: await access.operations.showBatch({ name: batch }), rests: false };
  for (;;) {
    const detail = await watchUntilRest(access, batch);
    if ((await continueWith?.(access, detail)) !== true) return { detail, rests: true };
  }
}

/**
 * A batch that was stopping when the process that had it was killed stops now: no verb is allowed on it before, and where
 * no service runs nobody else lets it rest. Resolves with whether there was such a one.
 */
export async function finishStop(access: Access, name: string): Promise<boolean> {
  if (access.by === 'service') return false;
  if ((await batchIfThere(access, name))?.status !== 'Stopping') return false;
  await watchUntilRest(access, name);
  return true;
}

/** An execution ended with the process that had it. One that was stopping has no other asked for: whoever watches it sees to that. */
async function goOn({ operations }: Access, name: string): Promise<void> {
  const { batch } = await operations.showBatch({ name });
  if (isRunning(batch) && batch.status !== 'Stopping') await operations.resumeBatch({ name, startedBy: whoAsks() });
}
