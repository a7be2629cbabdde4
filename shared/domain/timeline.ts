import { z } from 'zod';
import { JobStatus } from './mailbox-job.ts';

/**
 * One stretch of a mailbox job's life: from `since` until the next entry (or now) it had this status, for this reason.
 * Written when the stretch ends, under the version of the job that it ends with: written twice, it is the same entry.
 */
export const TimelineEntry = z.object({
  schema: z.literal(1),
  /** Version of the job that ended the stretch; entries in the order of it are in the order of time. */
  version: z.int(),
  since: z.iso.datetime(),
  status: JobStatus,
  /** Why it did not move; null while it moved. */
  reason: z.string().nullable(),
  errorCode: z.string().nullable(),
  /** What made it begin: a verb and who asked for it, a slice, a round. */
  cause: z.string(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;
