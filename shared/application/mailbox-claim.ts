import { errorNames } from '../domain/errors.ts';
import type { JobError } from '../domain/mailbox-job.ts';
import type { BatchStore } from '../ports/batch-store.ts';

/**
 * Claims a mailbox for a batch, by endpoint and lower-cased EmailAddress, until the batch is completed or removed.
 * Resolves with the batch that holds it, undefined where it is ours.
 */
export async function claimMailbox(
  store: Pick<BatchStore, 'claim'>,
  mailbox: { readonly batch: string; readonly endpoint: string; readonly job: string },
): Promise<string | undefined> {
  const claimed = await store.claim(`${mailbox.endpoint}/${mailbox.job}`, mailbox.batch);
  return claimed.outcome === 'held' ? undefined : claimed.batch;
}

export function heldByOther(batch: string): JobError {
  return {
    code: 'MAILBOX_HELD_BY_OTHER_BATCH',
    message: `The batch ${batch} holds this mailbox.`,
    kind: errorNames.mailboxBlocked,
  };
}
