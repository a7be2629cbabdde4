import { z } from 'zod';
import { ConsistencyScore } from '../domain/consistency-score.ts';
import { ItemCounts, JobStatus } from '../domain/mailbox-job.ts';

/** One element of what `batch users --json` prints. */
export const MailboxView = z.strictObject({
  /** EmailAddress as written in the CSV; '' where the row has none. */
  mailbox: z.string(),
  row: z.int(),
  status: JobStatus,
  reason: z.string().nullable(),
  percentComplete: z.int().min(0).max(100),
  items: z.strictObject(ItemCounts.shape),
  bytesTransferred: z.int(),
  bytesEstimated: z.int(),
  error: z.strictObject({ code: z.string(), message: z.string(), fix: z.string() }).nullable(),
  queuedAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  syncedAt: z.iso.datetime().nullable(),
});
export type MailboxView = z.infer<typeof MailboxView>;

/** For screens: the view and the mailbox's data consistency score, null before a pass is through. */
export const MailboxDetail = MailboxView.extend({ score: ConsistencyScore.nullable() });
export type MailboxDetail = z.infer<typeof MailboxDetail>;
