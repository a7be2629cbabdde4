import { z } from 'zod';
import { Name } from './endpoint.ts';

/**
 * What an admin may ask for, as the command line names it, what the service does to a batch by itself, and
 * changes of its endpoint.
 */
export const AuditVerb = z.enum([
  'create',
  'add',
  'start',
  'stop',
  'resume',
  'retry',
  'sync',
  'complete',
  'remove',
  'set',
  'approve',
  'waive',
  'pause',
  'expire',
  'put-back',
  'convert',
  'purge',
  'endpoint',
]);
export type AuditVerb = z.infer<typeof AuditVerb>;

/** One line of a batch's audit trail: who did what when. Appended, never changed; it outlives the batch's removal. */
export const AuditEntry = z.object({
  schema: z.literal(1),
  batch: Name,
  at: z.iso.datetime(),
  /** Unique within the batch. */
  id: z.string(),
  /** OS user, IAM principal, what `<batch>.json` says, or `stagecoach` for what the service does by itself. */
  who: z.string(),
  verb: AuditVerb,
  /** Ids of the mailbox jobs it was about; empty: the whole batch. At most 100, `mailboxCount` counts them all. */
  mailboxes: z.array(z.string()),
  mailboxCount: z.int(),
  /** Options, overrides, codes; no secret. */
  detail: z.string(),
  /** The words of whoever approved, waived or overrode; '' where none were asked for. */
  why: z.string(),
  outcome: z.enum(['done', 'refused']),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Who acts where nobody asked. */
export const theService = 'stagecoach';
