import { isAccepted } from '../../domain/approval.ts';
import type { Batch } from '../../domain/batch.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import { isCompleted, type MailboxJob } from '../../domain/mailbox-job.ts';
import { optionsOf } from '../effective-options.ts';

/** What became of one source mailbox. */
export interface ConvertedMailbox {
  readonly mailbox: string;
  /** `pending`: the time was over before it was its turn; ask again. */
  readonly outcome: 'scripted' | 'converted' | 'reverted' | 'already' | 'refused' | 'pending';
  /** Why it was refused or is pending, or what is missing of it; '' otherwise. */
  readonly reason: string;
}

/** A conversion that is under way. */
export interface Converting {
  readonly batch: Batch;
  readonly endpoint: Endpoint;
  readonly jobs: readonly MailboxJob[];
  /** The mailboxes were named one by one: then shared and resource mailboxes are meant, too. */
  readonly named: boolean;
  /** Source mailboxes are converted although the time for which they are kept is not over. */
  readonly early: boolean;
  /** From then on no further mailbox is begun; undefined: all are. */
  readonly until: number | undefined;
}

/** Why a mailbox is not to be converted; undefined: nothing speaks against it. */
export function whyNot(job: MailboxJob, { named, batch }: Pick<Converting, 'named' | 'batch'>): string | undefined {
  if (!isCompleted(job)) return `It is ${job.status}: only what is completed is converted, after its final pass.`;
  if (batch.rollback !== undefined) return 'Forwarding of the batch is being put back just now.';
  if (job.preparation === undefined || job.forwarding === undefined) return 'It was never forwarded by this batch.';
  if (job.forwarding.state !== 'set' && job.forwarding.state !== 'found')
    return 'Its mail is not forwarded to the target any more.';
  if (!isAccepted(job) && !named)
    return 'It was completed with something missing that nobody approved: approve it, or name it with --mailbox.';
  const isPersonal = ['user-mailbox', 'linked-mailbox', 'legacy-mailbox'].includes(job.preparation.sourceKind);
  if (!isPersonal && !named) return `It is a ${job.preparation.sourceKind}: name it with --mailbox to convert it, too.`;
  return undefined;
}

/** Until when the source mailbox is kept as it is: for some days, nobody knows yet what he misses. */
export function keptUntil(job: MailboxJob, { batch, endpoint }: Pick<Converting, 'batch' | 'endpoint'>): string {
  const { convertAfterMs } = optionsOf(batch.type, [endpoint.defaults, batch.options, job.options]);
  return new Date(Date.parse(job.completedAt ?? job.updatedAt) + convertAfterMs).toISOString();
}

/** Why it is not to be converted yet; undefined: its time has come, or it is done before. */
export function whyNotYet(job: MailboxJob, converting: Converting, now: number): string | undefined {
  const until = keptUntil(job, converting);
  // What was begun is brought to its end.
  if (converting.early || Date.parse(until) <= now || job.conversion?.state === 'intended') return undefined;
  return `Its source mailbox is kept until ${until}: convert it then, or now with --early WHY.`;
}
