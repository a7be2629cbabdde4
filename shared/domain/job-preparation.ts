import { z } from 'zod';

/** What preparation found out of a mailbox and did for it (staged); the ids stay, whatever the objects are called. */
export const JobPreparation = z.object({
  /** objectGUID of the source recipient. */
  sourceId: z.string(),
  /** Kind of the recipient, e.g. `shared-mailbox`. */
  sourceKind: z.string(),
  /** Object id of the user at the target, and the name it signs in with. */
  targetId: z.string(),
  targetUser: z.string(),
  /** Where new mail is to be sent; null: forwarding is not set. */
  routingAddress: z.string().nullable(),
  /** msExchMailboxGuid is set at the source: synchronised, it keeps the target from making a mailbox. */
  hasMailboxGuid: z.boolean(),
  /** `unneeded`: the mailbox was there without one. */
  licence: z.enum(['assigned', 'had', 'unneeded']),
  /** Since when the user is licensed as far as we know; the mailbox is waited for from then on. */
  licensedSince: z.iso.datetime(),
  /** Since when we wait for the target mailbox. */
  waitingSince: z.iso.datetime(),
  /** When the target mailbox was seen; null while it is waited for. */
  readyAt: z.iso.datetime().nullable(),
  /** When forwarding was set (or left out) as the last step; null before. */
  preparedAt: z.iso.datetime().nullable(),
  /** The row's password was set: a second time might undo what the user has changed since. */
  passwordSet: z.boolean(),
  /** What the admin should know of this mailbox, in words. */
  warnings: z.array(z.string()),
});
export type JobPreparation = z.infer<typeof JobPreparation>;

/**
 * The journal of the forwarding address of one source object: written before the directory is. `intended`: it may be
 * set, or not yet; `set`; `found`: it was there before us, so it is not ours to take back; `put-back`; `left`: somebody
 * else changed it, and it was left as it is.
 */
export const JobForwarding = z.object({
  state: z.enum(['intended', 'set', 'found', 'put-back', 'left']),
  /** objectGUID of the source recipient. */
  sourceId: z.string(),
  /** targetAddress before us; null: absent. */
  before: z.string().nullable(),
  /** What we make of it, e.g. `SMTP:a.person@contoso.mail.onmicrosoft.com`. */
  next: z.string(),
  /** When it came to this; `intended`: when a step was last about to write. */
  at: z.iso.datetime(),
  /** Domain controller that was last asked to write, or looked at. */
  server: z.string().optional(),
  /** What stands there since somebody else changed it. */
  actual: z.string().nullable().optional(),
  /** Why it could not be put back, where the directory refused. */
  why: z.string().optional(),
});
export type JobForwarding = z.infer<typeof JobForwarding>;

/** Forwarding to be put back: asked for by a person, or by the service for mailboxes that stay failed. */
export const Rollback = z.object({
  /** Job ids; null: every mailbox of the batch that is not completed. */
  mailboxes: z.array(z.string()).nullable(),
  by: z.string(),
  at: z.iso.datetime(),
  why: z.string(),
});
export type Rollback = z.infer<typeof Rollback>;

/** The source mailbox as a mail-enabled user. `intended`: it may be one, or not yet. */
export const JobConversion = z.object({
  state: z.enum(['intended', 'converted', 'reverted']),
  /** Object key of the modification, with the state before it. */
  plan: z.string(),
  at: z.iso.datetime(),
});
export type JobConversion = z.infer<typeof JobConversion>;

/** What became of the out-of-office switch of a mailbox. */
export const CarriedOutOfOffice = z.object({
  state: z.enum(['disabled', 'always', 'scheduled']),
  /** `switch`: on at the target without its text; `text`: with it; `none`: it was off, or could not be set. */
  carried: z.enum(['switch', 'text', 'none']),
  /** What the user has to do, in words; null: nothing. */
  note: z.string().nullable(),
});
export type CarriedOutOfOffice = z.infer<typeof CarriedOutOfOffice>;
