import { sourceMapsPrefix, targetMapsPrefix } from '../domain/pair.ts';
import { pairClaimKey } from './mailbox-claim.ts';
import type { Services } from './services.ts';

/** Longer than deleting a mailbox's ledger takes; who dies in between leaves it to the next one. */
const leaseMs = 5 * 60_000;

/**
 * Forgets what a pair knows: a later batch begins it anew, and finds what the target has by looking. The token stays, so
 * that a worker of old cannot write. `held`: a worker is at it. A pair that another batch claims is left alone.
 */
export async function forgetPair(
  { store, objects, clock }: Pick<Services, 'store' | 'objects' | 'clock'>,
  request: { readonly pair: string; readonly batch: string; readonly holder: string },
): Promise<'forgotten' | 'kept' | 'held'> {
  const { pair: id, batch, holder } = request;
  const known = await store.getPair(id);
  if (known === undefined) return 'forgotten';
  if ((await store.claim(pairClaimKey(id), batch)).outcome === 'held-by-other') return 'kept';
  const now = clock.now();
  const { source, target } = known;
  const taken = await store.takeLease({ id, source, target, holder, now, leaseUntil: now + leaseMs });
  if (taken === undefined) return 'held';
  const emptied = await store.savePair({ ...taken, pass: null, ledgerHead: null, index: null }, taken.ledgerHead);
  for (const prefix of [`ledger/${id}/`, sourceMapsPrefix(source), targetMapsPrefix(target)]) {
    // Another pair of the same mailbox finds its folders made anew, and knows its items by what they are.
    for await (const key of prefix === undefined ? [] : objects.list(prefix)) await objects.remove(key);
  }
  await store.savePair({ ...emptied, leaseUntil: 0 }, emptied.ledgerHead);
  await store.release(pairClaimKey(id), batch);
  return 'forgotten';
}
