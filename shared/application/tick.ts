import { isRunning, type Batch } from '../domain/batch.ts';
import { isKnownError } from '../domain/errors.ts';
import { isStalled } from '../domain/shown-reason.ts';
import { hastenStop } from './hasten-stop.ts';
import { lookThrough } from './look-through.ts';
import { noteOverdueFailures } from './prepare/note-overdue-failures.ts';
import { noteLostExecution } from './note-lost-execution.ts';
import { purgeRemoved } from './purge-removed.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';
import { startWaiting } from './start-waiting.ts';
import { tendSynced } from './tend-synced.ts';

export interface TickOptions {
  /** Sends what is still to be mailed for a batch: mails never sent, and claims left open. Resolves with how many. */
  readonly sendOpenMails?: (batch: Batch) => Promise<number>;
  /** Sends the digest of a batch where one is due. Resolves with how many mails that were. */
  readonly sendDigest?: (batch: Batch) => Promise<number>;
}

export interface TickResult {
  readonly batches: number;
  /** Executions started. */
  readonly started: number;
  readonly mails: number;
  /** Mailboxes that should move and have not for eight hours. */
  readonly stalled: number;
  /** Removed batches of which nothing is left now. */
  readonly purged: number;
  /** Batches for which something went wrong; the next tick tries again. */
  readonly failed: number;
}

/** A tick has four minutes on AWS. Once so much of them is over, no further part of what was removed is deleted. */
const longestBeforePurgeMs = 150_000;

type TickServices = Pick<Services, 'store' | 'objects' | 'workflow' | 'clock' | 'log'>;

/**
 * Does whatever is due, every five minutes and when the embedded service starts: batches whose execution is no longer
 * running, uploads nobody reads, batches whose startAfter or completeAfter has come, daily incremental passes, batches
 * nobody asked for in 60 days, digests, and what is kept of removed batches. Two ticks at once start nothing twice: an
 * execution's name says batch and run. One batch's trouble is not another's.
 */
export async function tick(services: TickServices, options: TickOptions = {}): Promise<TickResult> {
  const until = services.clock.now() + longestBeforePurgeMs;
  const result = { batches: 0, started: 0, mails: 0, stalled: 0, purged: 0, failed: 0 };
  for (const batch of await services.store.listBatches()) {
    result.batches += 1;
    try {
      if (await tendBatch(services, batch)) result.started += 1;
      result.stalled += await stalledOf(services, batch);
      result.mails += (await options.sendOpenMails?.(batch)) ?? 0;
      result.mails += (await options.sendDigest?.(batch)) ?? 0;
    } catch (error) {
      result.failed += 1;
      noteTrouble(services, error, { batch: batch.name });
    }
  }
  try {
    result.purged = await purgeRemoved(services, until);
  } catch (error) {
    result.failed += 1;
    noteTrouble(services, error, {});
  }
  return result;
}

function noteTrouble({ log }: TickServices, error: unknown, about: { readonly batch?: string }): void {
  const code = isKnownError(error) ? error.code : 'UNEXPECTED';
  log.error('The tick could not look after a batch', { ...about, code, error: String(error) });
}

/** Starts what is due for one batch: also for a command that works on this batch alone and has no tick. */
export async function tendBatch(services: TickServices, batch: Batch): Promise<boolean> {
  const { store, workflow, log } = services;
  const due = await lookThrough(services, batch);
  await noteOverdueFailures(services, batch, due.overdue);
  const asksBack = batch.rollback !== undefined || due.overdue.length > 0;
  if (batch.run !== null) {
    const status = await workflow.status(batch.run.execution);
    if (status === 'running') return hastenStop(services, batch);
    await noteLostExecution(services, batch, status);
  } else if (!isRunning(batch) && batch.uploads.length === 0 && !asksBack) {
    return (await tendSynced(services, batch, due)) || (await startWaiting(services, batch));
  }
  const present = await store.getBatch(batch.name);
  if (present === undefined) return false;
  const outcome = await startExecution(workflow, present);
  if (outcome === 'gave-up') log.error('A batch gets no execution', { batch: batch.name, run: present.runs + 1 });
  return outcome === 'started';
}

/**
 * All mailboxes of a batch that is running are read at each tick: for 50,000, 0.4 s here and 0.5 USD a day on AWS, where
 * the copying by 20 workers costs some 40.
 */
async function stalledOf({ store, clock, log }: TickServices, batch: Batch): Promise<number> {
  if (!isRunning(batch)) return 0;
  let stalled = 0;
  for await (const job of store.jobs(batch.name)) if (isStalled(job, batch, clock.now())) stalled += 1;
  // The alarm counts this line.
  if (stalled > 0) log.warn('Mailboxes are stalled', { batch: batch.name, StalledMailboxes: stalled });
  return stalled;
}
