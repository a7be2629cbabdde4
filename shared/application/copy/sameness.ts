import type { TargetProfile } from '../../domain/mail.ts';
import type { OpenMailboxes } from './copy-context.ts';
import type { DigestedItem } from './digest-items.ts';

/** How an item of the source is known again at the target: by octets only where neither side alters them. */
export function samenessOf({ source, target }: OpenMailboxes): TargetProfile['sameness'] {
  return source.stableOctets ? target.profile.sameness : 'fingerprint';
}

/**
 * Digests for the record of a source's item that was found at the target. Where the source makes its messages anew, what
 * is there is what an earlier reading gave.
 */
export function octetsOf(
  { source }: Pick<OpenMailboxes, 'source'>,
  item: DigestedItem,
  there: Pick<DigestedItem, 'canonical'>,
): { readonly sha256: string; readonly canonical?: string } {
  const { sha256 } = item;
  const canonical = source.stableOctets ? item.canonical : there.canonical;
  return { sha256, ...(canonical === sha256 ? {} : { canonical }) };
}

/** Of items that are the same by their fingerprint, the one that is most alike; -1 of none. */
export function mostAlike(
  candidates: readonly Pick<DigestedItem, 'canonical' | 'size'>[],
  item: Pick<DigestedItem, 'canonical' | 'size'>,
): number {
  const byOctets = candidates.findIndex(({ canonical }) => canonical === item.canonical);
  if (byOctets !== -1) return byOctets;
  const bySize = candidates.findIndex(({ size }) => size === item.size);
  return bySize === -1 && candidates.length > 0 ? 0 : bySize;
}
