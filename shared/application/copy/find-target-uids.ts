import { internalDateSeconds, mayBecome } from '../../domain/internal-date.ts';
import { canonicalDigest } from '../../domain/item-digest.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { ItemListing } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems, type DigestedItem } from './digest-items.ts';
import { isSame } from './folders-aside.ts';
import { madeAnew, writableFlags } from './page-copy.ts';
import type { Page } from './page.ts';
import { sameFlags } from './source-changes.ts';

/** What a page's target folder holds from a UID on. Rejects where it is not the folder of the plan any more. */
export async function lookFor(context: CopyContext, page: Page, from: number): Promise<readonly ItemListing[]> {
  const folder = { ...page.folder.target, selectable: true };
  const [listed, [state]] = await Promise.all([
    context.target.listItems(folder, { from }),
    context.target.folderStates([folder]),
  ]);
  if (!isSame(state, page.folder.targetState)) throw madeAnew();
  return listed;
}

export interface Search {
  readonly page: Page;
  readonly records: readonly ItemRecord[];
  /** The folder's items from the first UID on that the page can have taken. */
  readonly listed: readonly ItemListing[];
  /** UIDs that other pages have taken. */
  readonly taken: ReadonlySet<number>;
  /** Seconds of INTERNALDATE of items that others may have written at the same time, and whose UIDs are not known. */
  readonly rivals: ReadonlySet<number>;
  /** Whether the items were written in the order of the records. */
  readonly inOrder: boolean;
}

/**
 * Where the target does not tell, the new items of a page are the new UIDs of its folder: of one second in the order of
 * writing, since one connection writes one item behind the other. Where that order is not known, or another page may have
 * put an item of the same second in between, the items themselves tell.
 */
export async function findTargetUids(context: CopyContext, search: Search): Promise<readonly ItemRecord[]> {
  const own = new Set(search.records.flatMap(({ target }) => (target === undefined ? [] : [target])));
  const free = search.listed.filter(({ uid }) => !own.has(uid) && !search.taken.has(uid));
  const bySecond = Map.groupBy(free, (item) => internalDateSeconds(item.internalDate));
  const missing = search.records.filter(({ outcome, target }) => outcome === 'copied' && target === undefined);
  const contested = new Set(missing.map(secondOf).filter((second) => !search.inOrder || search.rivals.has(second)));
  const folder = { ...search.page.folder.target, selectable: true };
  const candidates = [...contested].flatMap((second) => bySecond.get(second) ?? []);
  const digested = await digestItems(context, { side: 'target', folder }, candidates);
  const flags = new Map(search.listed.map((item) => [item.uid, item.flags]));
  const found = new Map<number, number>();
  for (const record of missing) {
    const second = secondOf(record);
    const target = contested.has(second)
      ? takeSame(context, digested, { record, flags })
      : (bySecond.get(second) ?? []).shift()?.uid;
    if (target !== undefined) found.set(record.uid, target);
  }
  await addRedated(context, { search, folder, bySecond }, found);
  return search.records.map((record) => {
    const target = found.get(record.uid);
    return target === undefined ? record : { ...record, target };
  });
}

/** Servers give an item another date than they were told where they cannot keep that: then its octets tell. */
async function addRedated(
  context: CopyContext,
  left: {
    readonly search: Search;
    readonly folder: TargetFolder;
    readonly bySecond: ReadonlyMap<number, readonly ItemListing[]>;
  },
  found: Map<number, number>,
): Promise<void> {
  const open = left.search.records.filter(
    ({ outcome, target, uid, sha256 }) =>
      outcome === 'copied' && target === undefined && sha256 !== undefined && !found.has(uid),
  );
  if (open.length === 0 || context.target.profile.sameness !== 'bytes') return;
  const placed = new Set(found.values());
  const seconds = open.map(secondOf);
  const candidates = [...left.bySecond.values()]
    .flat()
    .filter(
      ({ uid, internalDate }) =>
        !placed.has(uid) && seconds.some((second) => mayBecome(second, internalDateSeconds(internalDate))),
    );
  const items = await digestItems(context, { side: 'target', folder: left.folder }, candidates);
  for (const record of open) {
    const at = items.findIndex(
      (item) => item.canonical === octetsOf(record) && mayBecome(secondOf(record), item.seconds),
    );
    const [same] = at === -1 ? [] : items.splice(at, 1);
    if (same !== undefined) found.set(record.uid, same.uid);
  }
}

function octetsOf({ sha256 = '', canonical }: Pick<ItemRecord, 'sha256' | 'canonical'>): string {
  return canonicalDigest({ sha256, ...(canonical === undefined ? {} : { canonical }) });
}

function secondOf({ internalDate }: Pick<ItemRecord, 'internalDate'>): number {
  return internalDateSeconds(internalDate);
}

/** Equal ones may stand for each other; one with the flags that were written comes first. */
function takeSame(
  context: CopyContext,
  items: DigestedItem[],
  { record, flags }: { readonly record: ItemRecord; readonly flags: ReadonlyMap<number, readonly string[]> },
): number | undefined {
  const { sha256, fingerprint } = record;
  if (sha256 === undefined) return undefined;
  const octets = octetsOf(record);
  const { keywords, sameness } = context.target.profile;
  const isOurs = (item: DigestedItem): boolean =>
    item.seconds === secondOf(record) &&
    (sameness === 'bytes' ? item.canonical === octets : item.fingerprint === fingerprint);
  const written = writableFlags(record.flags, keywords);
  const alike = items.findIndex((item) => isOurs(item) && sameFlags(flags.get(item.uid) ?? [], written));
  const at = alike === -1 ? items.findIndex(isOurs) : alike;
  const [same] = at === -1 ? [] : items.splice(at, 1);
  return same?.uid;
}
