import { z } from 'zod';

/**
 * Mailboxes that somebody asked to be tried again. Kept on a batch of so many that the request could not go through them
 * all: its execution does the rest.
 */
export const RequeueOrder = z.object({
  verb: z.enum(['start', 'retry', 'complete']),
  by: z.string(),
  /** What comes to rest later than this is not meant. */
  at: z.iso.datetime(),
  pass: z.enum(['present', 'incremental']),
  /** retry: only those that failed with this code; null: all. */
  code: z.string().nullable(),
  /** retry: also those that are through, but with failed, or with doubtful, items. */
  items: z.boolean(),
  doubtful: z.boolean(),
  /** retry: options to set, as written. */
  options: z.record(z.string(), z.string()),
});
export type RequeueOrder = z.infer<typeof RequeueOrder>;
