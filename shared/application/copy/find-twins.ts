import { formatInternalDate, internalDateSeconds } from '../../domain/internal-date.ts';
import { canonicalDigest } from '../../domain/item-digest.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder } from '../../domain/ledger-index.ts';
import type { ItemListing } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems, type Dated, type DigestedItem } from './digest-items.ts';
import { readParts } from './index-parts.ts';
import { samenessOf } from './sameness.ts';

export interface TwinSearch {
  readonly target: TargetFolder;
  /** Items of the folder that no record names and that may be twins. */
  readonly extras: readonly ItemListing[];
  readonly parts: IndexFolder['parts'];
  /** Of earlier passes, where the target's UIDs are the same. */
  readonly earlier: IndexFolder['parts'];
  /** Target UIDs of items that the source no longer has here, and that are there. */
  readonly former: ReadonlySet<number>;
  /** An item of ours is there under the UID that its record has. */
  readonly isSeen: (target: number) => boolean;
  /** By second, UIDs of items that were taken for ours by their date alone, since the target tells no UIDs. */
  readonly placedByDate: ReadonlyMap<number, readonly number[]>;
  /** In the future when it was written: the target may have put another date in the place of such a one. */
  readonly isFuture: (seconds: number) => boolean;
}

/** In place of a date that servers do not keep. */
const anyDate = '*';

/** By their second. */
type Ours = ReadonlyMap<string, readonly ItemRecord[]>;

/**
 * Items that the target holds though the ledger names as many of their kind without them, by UID. 'sure': there is no doubt
 * that it is the same message, and the ledger's own copy is there. What the records say is read again for that, since in
 * nearly every folder nothing is to be compared.
 */
export async function findTwins(
  context: CopyContext,
  search: TwinSearch,
): Promise<ReadonlyMap<number, 'sure' | 'likely'>> {
  const twins = new Map<number, 'sure' | 'likely'>();
  const ours = await oursOfSeconds(context, search);
  const digest = (items: readonly Dated[]): Promise<readonly DigestedItem[]> =>
    digestItems(context, { side: 'target', folder: search.target }, items);
  const keyOf = (item: Compared): string => twinKey(context, item);
  const digested = await digest(search.extras.filter((item) => ours.has(secondOf(item)) || ours.has(anyDate)));
  for (const alike of Map.groupBy(digested, (item) => `${String(item.seconds)} ${keyOf(item)}`).values()) {
    const [first] = alike;
    const same = first === undefined ? [] : sameAs(context, first, ours);
    if (first === undefined || same.length === 0) continue;
    const named = same.flatMap(({ target }) => (target !== undefined && search.isSeen(target) ? [target] : []));
    // Where the target tells no UIDs, what stands for an item of ours may be another one of its second.
    const there = [...named, ...(search.placedByDate.get(first.seconds) ?? [])];
    const internalDate = formatInternalDate(first.seconds * 1000);
    const compared = await digest(there.map((uid) => ({ uid, internalDate })));
    const equal = compared.filter((item) => keyOf(item) === keyOf(first));
    const tooMany = Math.max(0, alike.length + equal.length - same.length);
    const isSure = named.length > 0 && (samenessOf(context) === 'bytes' || first.certain);
    for (const { uid } of alike.slice(alike.length - tooMany)) twins.set(uid, isSure ? 'sure' : 'likely');
  }
  return twins;
}

async function oursOfSeconds({ services }: CopyContext, search: TwinSearch): Promise<Ours> {
  const seconds = new Set(search.extras.map(secondOf));
  const ours = new Map<string, ItemRecord[]>();
  if (seconds.size === 0) return ours;
  const add = (record: ItemRecord): void => {
    const date = search.isFuture(internalDateSeconds(record.internalDate)) ? anyDate : secondOf(record);
    if (date === anyDate || seconds.has(date)) ours.set(date, [...(ours.get(date) ?? []), record]);
  };
  for await (const records of readParts(services.objects, search.parts))
    records.filter(({ outcome }) => outcome === 'copied').forEach(add);
  const left = new Set(search.former);
  for await (const records of left.size === 0 ? [] : readParts(services.objects, search.earlier))
    records.filter(({ target }) => target !== undefined && left.delete(target)).forEach(add);
  return ours;
}

/** Those that are the same; one with a date in the future may have any at the target. */
function sameAs(context: CopyContext, item: DigestedItem, ours: Ours): readonly ItemRecord[] {
  return [String(item.seconds), anyDate]
    .flatMap((date) => ours.get(date) ?? [])
    .filter((record) => {
      if (record.sha256 === undefined) return false;
      const { sha256, canonical, fingerprint } = record;
      const own = canonicalDigest({ sha256, ...(canonical === undefined ? {} : { canonical }) });
      return twinKey(context, { canonical: own, fingerprint }) === twinKey(context, item);
    });
}

interface Compared {
  readonly canonical: string;
  readonly fingerprint: string | undefined;
}

/** A late twin was written after another reading: where that has other octets, only its fingerprint is the same. */
function twinKey(context: CopyContext, { canonical, fingerprint }: Compared): string {
  return samenessOf(context) === 'bytes' ? canonical : (fingerprint ?? canonical);
}

function secondOf({ internalDate }: Pick<ItemListing, 'internalDate'>): string {
  return String(internalDateSeconds(internalDate));
}
