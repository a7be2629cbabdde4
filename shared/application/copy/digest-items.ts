import { internalDateSeconds } from '../../domain/internal-date.ts';
import { canonicalDigest, fingerprint, ItemDigester } from '../../domain/item-digest.ts';
import type { ItemListing, SourceFolder } from '../../domain/mail.ts';
import type { ItemSink } from '../../ports/mail-source.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';

export interface DigestedItem {
  readonly uid: number;
  readonly seconds: number;
  readonly sha256: string;
  /** Digest of the canonical form. */
  readonly canonical: string;
  readonly fingerprint: string;
  readonly certain: boolean;
  readonly size: number;
}

type Place =
  | { readonly side: 'source'; readonly folder: SourceFolder; readonly uidValidity: number }
  | { readonly side: 'target'; readonly folder: TargetFolder };

/**
 * Reads items (whole, or their header sections) on either side and digests them. Items that are gone are left out.
 */
export async function digestItems(
  context: CopyContext,
  place: Place,
  items: readonly Pick<ItemListing, 'uid' | 'internalDate'>[],
  headersOnly = false,
): Promise<DigestedItem[]> {
  const key = Buffer.from(context.lease.pass.fingerprintKey, 'base64');
  const dates = new Map(items.map((item) => [item.uid, item.internalDate]));
  const digested: DigestedItem[] = [];
  let current: { readonly uid: number; readonly digester: ItemDigester } | undefined;
  const sink: ItemSink = {
    begin: ({ uid }) => {
      current = { uid, digester: new ItemDigester() };
    },
    chunk: (octets) => current?.digester.update(octets),
    end: () => {
      if (current === undefined) return;
      const internalDate = dates.get(current.uid) ?? '';
      const digest = current.digester.finish();
      const print = fingerprint(digest.header, internalDate, key);
      digested.push({
        uid: current.uid,
        seconds: internalDateSeconds(internalDate),
        sha256: digest.sha256,
        canonical: canonicalDigest(digest),
        fingerprint: print.value,
        certain: print.certain,
        size: digest.size,
      });
    },
  };
  const request = { uids: items.map((item) => item.uid), headersOnly };
  if (items.length === 0) return digested;
  if (place.side === 'target') await context.target.readItems(place.folder, request, sink);
  else await context.source.readItems(place.folder, { ...request, uidValidity: place.uidValidity }, sink);
  return digested;
}
