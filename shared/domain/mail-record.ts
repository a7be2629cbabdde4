import { z } from 'zod';
import { Name } from './endpoint.ts';

export const MailKind = z.enum(['refused', 'prepared', 'finished', 'paused', 'stopped', 'completed', 'digest']);
export type MailKind = z.infer<typeof MailKind>;

/** What became of a mail after the mail service had taken it. */
export const MailDelivery = z.object({
  /** `bounced`: it did not reach a recipient; `complained`: a recipient called it spam. */
  outcome: z.enum(['bounced', 'complained']),
  at: z.iso.datetime(),
  /** The mail service's words for why, without addresses. */
  detail: z.string(),
});
export type MailDelivery = z.infer<typeof MailDelivery>;

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
  /** The first bounce or complaint; absent until one is heard of. */
  delivery: MailDelivery.exactOptional(),
});
export type MailRecord = z.infer<typeof MailRecord>;

/** What makes a mail one mail: travels with it, so that a bounce is told from all others. */
export type MailIdentity = Pick<MailRecord, 'batch' | 'kind' | 'occasion'>;

/** A bounce of, or a complaint about, one of our mails, as the mail service tells of it. */
export interface MailEvent {
  readonly mail: MailIdentity;
  /** Id of the mail at the sender. */
  readonly id: string;
  readonly delivery: MailDelivery;
}
