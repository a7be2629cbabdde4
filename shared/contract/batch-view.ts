import { z } from 'zod';
import { BatchStatus } from '../domain/batch.ts';
import { ConsistencyScore } from '../domain/consistency-score.ts';
import { MigrationType, Name } from '../domain/endpoint.ts';
import { MailDelivery } from '../domain/mail-record.ts';
import { ItemCounts, JobCounts } from '../domain/mailbox-job.ts';

/** Mailboxes by what they are doing; the seven classes sum to total. */
export const JobCountsView = z.strictObject(JobCounts.shape);

/** What `batch show --json` prints: admins' scripts depend on every field. */
export const BatchView = z.strictObject({
  name: Name,
  type: MigrationType,
  endpoint: Name,
  status: BatchStatus,
  /** Why the batch is where it is, in words. */
  reason: z.string().nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  startedBy: z.string(),
  counts: JobCountsView,
  items: z.strictObject(ItemCounts.shape),
  /** Paths or s3:// URIs; null until the report is written. */
  reports: z.strictObject({
    statistics: z.string().nullable(),
    errors: z.string().nullable(),
    skipped: z.string().nullable(),
    verification: z.string().nullable(),
  }),
});
export type BatchView = z.infer<typeof BatchView>;

/** What the file or the prerequisites have to say about a batch, beside its numbers. */
export const BatchFindings = z.object({
  /** Code of the catalogue when the status is Failed or Paused. */
  errorCode: z.string().nullable(),
  file: z.array(
    z.object({ severity: z.string(), code: z.string(), line: z.int(), message: z.string(), suggestion: z.string() }),
  ),
  checks: z.array(z.object({ check: z.string(), result: z.string(), evidence: z.string(), fix: z.string() })),
  mails: z.array(
    z.object({ kind: z.string(), outcome: z.string(), detail: z.string(), delivery: MailDelivery.nullable() }),
  ),
});
export type BatchFindings = z.infer<typeof BatchFindings>;

/** For screens: the view and what stands beside it. */
export const BatchDetail = z.object({
  batch: BatchView,
  findings: BatchFindings,
  /** Where mails are written instead of being sent; null where a mail server takes them. */
  mailFolder: z.string().nullable(),
  /** Data consistency score: that of the worst mailbox, and how many have which; null where none has one yet. */
  consistency: z.object({
    score: ConsistencyScore.nullable(),
    mailboxes: z.record(ConsistencyScore, z.int()),
    approved: z.int(),
  }),
  /** Mean of the mailboxes' percentages. */
  percentComplete: z.int().min(0).max(100),
});
export type BatchDetail = z.infer<typeof BatchDetail>;
