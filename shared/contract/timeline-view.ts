import { z } from 'zod';
import { JobStatus } from '../domain/mailbox-job.ts';

/** What `batch timeline NAME --mailbox A --json` prints: durations add up to the time from `from` to `until`. */
export const Timeline = z.strictObject({
  mailbox: z.string(),
  from: z.iso.datetime(),
  /** Now, where the mailbox is not through. */
  until: z.iso.datetime(),
  entries: z.array(
    z.strictObject({
      since: z.iso.datetime(),
      until: z.iso.datetime(),
      /** Milliseconds. */
      duration: z.int().min(0),
      status: JobStatus,
      reason: z.string().nullable(),
      errorCode: z.string().nullable(),
      cause: z.string(),
    }),
  ),
});
export type Timeline = z.infer<typeof Timeline>;
