import { z } from 'zod';
import { isRunning, type Batch } from './batch.ts';
import { ItemCounts, JobCounts } from './mailbox-job.ts';

/** Sums over the mailboxes of a batch, as somebody found them by going through all of them. */
export const KeptNumbers = z.object({
  counts: JobCounts,
  items: ItemCounts,
  /** Of the batch when it was gone through: another batch may have its name by now. */
  createdAt: z.iso.datetime(),
  version: z.int().min(0),
  at: z.iso.datetime(),
});
export type KeptNumbers = z.infer<typeof KeptNumbers>;

/** Going through more than so many takes AWS a noticeable time, and every second list a running batch would pay for it. */
const largeBatch = 1_000;
const goodWhileRunningMs = 60_000;
/** Who writes a mailbox of a batch that rests writes the batch after it, unless it dies in between. */
const goodAtRestMs = 3_600_000;

/** Whether numbers that were found earlier may be shown for those of now. */
export function areStillGood({ counts, createdAt, version, at }: KeptNumbers, batch: Batch, now: number): boolean {
  if (createdAt !== batch.createdAt) return false;
  const age = now - Date.parse(at);
  if (isRunning(batch) || batch.run !== null) return counts.total > largeBatch && age < goodWhileRunningMs;
  return version === batch.version && age < goodAtRestMs;
}
