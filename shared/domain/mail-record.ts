import { z } from 'zod';
import { Name } from './endpoint.ts';

export const MailKind = z.enum(['refused', 'prepared', 'finished', 'paused', 'stopped', 'completed', 'digest']);
export type MailKind = z.infer<typeof MailKind>;

/** One mail of ours: claimed before it is sent, recorded after, so that a crash repeats it at most once. */
export const MailRecord = z.object({
  schema: z.literal(1),
  batch: Name,
  kind: MailKind,
  /** What makes it one mail: run or pass number, or upload version for a refused file. */
  occasion: z.string(),
  claimedAt: z.int(),
  attempts: z.int(),
  outcome: z.enum(['claimed', 'sent', 'failed']),
  /** Id at the sender, or the words of the failure. */
  detail: z.string(),
});
export type MailRecord = z.infer<typeof MailRecord>;
