import type { Batch } from '../domain/batch.ts';
import { isDue, isUnderWay } from '../domain/due-jobs.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { inParallel } from './in-parallel.ts';
import type { Services } from './services.ts';

/**
 * Whether a worker may still be at a mailbox of the batch. Looked at are the mailboxes that a worker can have begun and
 * not ended: whoever ends a pass frees the lease before it writes the job. A worker that has no lease yet does nothing: having
 * taken it, it looks at the batch first.
 */
export async function anyLeaseHeld(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  batch: Batch,
  /** Epoch ms after which it counts as held: nobody knows, and the next look may have more time. */
  { until = Infinity }: { readonly until?: number } = {},
): Promise<boolean> {
  const seen = { held: false };
  const inTime = (): boolean => clock.now() <= until;
  await inParallel(unlessHeld(store.jobs(batch.name), { seen, inTime }), async (job) => {
    if (mayHaveWorker(job, batch) && (await isLeaseHeld({ store, clock }, job))) seen.held = true;
  });
  return seen.held;
}

/** One is enough. */
async function* unlessHeld(
  jobs: AsyncIterable<MailboxJob>,
  { seen, inTime }: { readonly seen: { held: boolean }; readonly inTime: () => boolean },
): AsyncGenerator<MailboxJob> {
  for await (const job of jobs) {
    seen.held ||= !inTime();
    if (seen.held) return;
    yield job;
  }
}

export async function isLeaseHeld(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  job: Pick<MailboxJob, 'pairId'>,
): Promise<boolean> {
  if (job.pairId === null) return false;
  const pair = await store.getPair(job.pairId);
  return pair !== undefined && pair.leaseUntil > clock.now();
}

function mayHaveWorker(job: MailboxJob, batch: Batch): boolean {
  if (job.pairId === null) return false;
  // Given up by us, but not by itself: a worker that hangs may still have its lease.
  const wasLost = job.error?.code === 'WORKER_LOST';
  // Stopped by a second worker, perhaps, which found the first one's lease.
  const isStopped = job.status === 'Stopping' || job.status === 'Stopped';
  return wasLost || isStopped || isUnderWay(job) || isDue(job, batch);
}
