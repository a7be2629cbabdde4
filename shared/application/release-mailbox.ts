import type { Batch } from '../domain/batch.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { mailboxClaimKey, pairClaimKey } from './mailbox-claim.ts';
import { passwordContext } from './sealed-password.ts';
import type { Services } from './services.ts';

/** Gives up what a batch holds of a mailbox: its sealed passwords, and the claims that keep other batches away. */
export async function releaseMailbox(
  { store }: Pick<Services, 'store'>,
  batch: Pick<Batch, 'name' | 'endpoint'>,
  job: Pick<MailboxJob, 'batch' | 'id' | 'pairId'>,
): Promise<void> {
  await store.removeSealedPassword(passwordContext(job, 'source'));
  await store.removeSealedPassword(passwordContext(job, 'target'));
  // The claims last: who takes the mailbox over finds nothing of ours in use.
  if (job.pairId !== null) await store.release(pairClaimKey(job.pairId), batch.name);
  await store.release(mailboxClaimKey(batch.endpoint, job.id), batch.name);
}
