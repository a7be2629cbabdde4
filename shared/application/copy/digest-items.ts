import { z } from 'zod';
import { internalDateSeconds } from '../../domain/internal-date.ts';
import { canonicalDigest, fingerprint, FingerprintKey, ItemDigester } from '../../domain/item-digest.ts';
import type { ItemListing, SourceFolder } from '../../domain/mail.ts';
import type { ItemSink } from '../../ports/mail-source.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';

export const DigestedItem = z
  .object({
    uid: z.int(),
    seconds: z.int(),
    sha256: z.string(),
    /** Digest of the canonical form. */
    canonical: z.string(),
    fingerprint: z.string(),
    certain: z.boolean(),
    size: z.int(),
  })
  .readonly();
export type DigestedItem = z.infer<typeof DigestedItem>;

export type Dated = Pick<ItemListing, 'uid' | 'internalDate'>;

type Place =
  | { readonly side: 'source'; readonly folder: SourceFolder; readonly uidValidity: number }
  | { readonly side: 'target'; readonly folder: TargetFolder };

/**
 * Reads items (whole, or their header sections) on either side and digests them. Items that are gone are left out.
 */
export async function digestItems(
  context: CopyContext,
  place: Place,
  items: readonly Dated[],
  headersOnly = false,
): Promise<DigestedItem[]> {
  const sink = new DigestingSink(context, items);
  const request = { uids: items.map((item) => item.uid), headersOnly };
  if (items.length === 0) return [];
  if (place.side === 'target') await context.target.readItems(place.folder, request, sink);
  else await context.source.readItems(place.folder, { ...request, uidValidity: place.uidValidity }, sink);
  return sink.digested;
}

export class DigestingSink implements ItemSink {
  readonly digested: DigestedItem[] = [];
  readonly #key: FingerprintKey;
  readonly #dates: Map<number, string>;
  #current: { readonly uid: number; readonly digester: ItemDigester } | undefined;

  constructor({ lease }: CopyContext, items: readonly Dated[]) {
    this.#key = new FingerprintKey(Buffer.from(lease.pass.fingerprintKey, 'base64'));
    this.#dates = new Map(items.map((item) => [item.uid, item.internalDate]));
  }

  /** The item that is being read, or is the next to come; undefined after the last. */
  get uid(): number | undefined {
    const read = new Set(this.digested.map(({ uid }) => uid));
    return this.#current?.uid ?? this.#dates.keys().find((uid) => !read.has(uid));
  }

  begin({ uid, size }: { readonly uid: number; readonly size: number }): void {
    this.#current = { uid, digester: new ItemDigester(size) };
  }

  chunk(octets: Uint8Array): void {
    this.#current?.digester.update(octets);
  }

  end(): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const internalDate = this.#dates.get(current.uid) ?? '';
    const digest = current.digester.finish();
    const print = fingerprint(digest.header, internalDate, this.#key);
    this.digested.push({
      uid: current.uid,
      seconds: internalDateSeconds(internalDate),
      sha256: digest.sha256,
      canonical: canonicalDigest(digest),
      fingerprint: print.value,
      certain: print.certain,
      size: digest.size,
    });
  }
}
