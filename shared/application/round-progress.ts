import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { MailboxJob } from '../domain/mailbox-job.ts';

/** What a round is compared with when it has ended. */
export const RoundBaseline = z.object({
  /** Epoch ms at which the round was planned. */
  startedAt: z.int(),
  progress: z.string(),
  /** Rounds before this one, in a row, that brought nothing. */
  idleRounds: z.int().min(0),
});
export type RoundBaseline = z.infer<typeof RoundBaseline>;

/** What of a job shows that it advances: little to keep of 50,000, each of which may name hundreds of folders. */
export type Advancing = Pick<MailboxJob, 'id' | 'status' | 'passDone' | 'slices' | 'bytesTransferred' | 'items'>;

export function advancing({ id, status, passDone, slices, bytesTransferred, items }: Advancing): Advancing {
  return { id, status, passDone, slices, bytesTransferred, items };
}

/**
 * Equal marks: nothing advanced. The version is left out on purpose: a worker that dies at once after its first write
 * would raise it in every round.
 */
export function progressMark(jobs: readonly Advancing[]): string {
  const hash = createHash('sha256');
  for (const job of [...jobs].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { copied, skipped, failed, doubtful, vanished } = job.items;
    const done = [job.passDone, job.slices, job.bytesTransferred, copied, skipped, failed, doubtful, vanished];
    hash.update(`${job.id} ${job.status} ${done.join(' ')}\n`);
  }
  return hash.digest('hex');
}

/** Whether a worker said in this round why the mailbox has to wait. */
export function saidWhyItWaits(job: Pick<MailboxJob, 'reason' | 'updatedAt'>, round: RoundBaseline): boolean {
  return job.reason !== null && Date.parse(job.updatedAt) >= round.startedAt;
}
