import type { BatchStore } from '../ports/batch-store.ts';

/** A mailbox before its pair is known: endpoint and lower-cased EmailAddress. */
export function mailboxClaimKey(endpoint: string, job: string): string {
  return `${endpoint}/${job}`;
}

export function pairClaimKey(pair: string): string {
  return `pair/${pair}`;
}

/**
 * Claims a mailbox for a batch, by endpoint and lower-cased EmailAddress, until the batch is completed or removed.
 * Resolves with the batch that holds it, undefined where it is ours.
 */
export async function claimMailbox(
  store: Pick<BatchStore, 'claim'>,
  mailbox: { readonly batch: string; readonly endpoint: string; readonly job: string },
): Promise<string | undefined> {
  const claimed = await store.claim(mailboxClaimKey(mailbox.endpoint, mailbox.job), mailbox.batch);
  return claimed.outcome === 'held' ? undefined : claimed.batch;
}

export { heldByOther } from '../domain/held-mailbox.ts';
