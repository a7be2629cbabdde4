import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { IndexPart, LedgerIndex } from '../../domain/ledger-index.ts';
import type { ItemListing } from '../../domain/mail.ts';
import { accountOf } from '../../domain/pair.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems, type DigestedItem } from './digest-items.ts';
import { readParts } from './index-parts.ts';
import { walkChain } from './ledger.ts';
import type { AlreadyThere, Page } from './page.ts';
import { targetNow, type PassPlan, type PlannedFolder } from './pass-plan.ts';
import { octetsOf, samenessOf } from './sameness.ts';
import { giveFlags } from './source-changes.ts';
import { SourceReadings } from './source-readings.ts';
import { uidsOfPairs } from './uids-of-others.ts';

/** Says which items of a page the target folder held before the pass began, though no record of ours names them. */
export type MatchPresent = (page: Page, known: ReadonlySet<number>) => Promise<ReadonlyMap<number, AlreadyThere>>;

/**
 * A folder that is new to the pair may hold its items already: the state was lost, the mailbox was copied by another
 * tool, the server is met under another name and shows other UIDs, or the target is the source itself. They are matched
 * as a multiset, by date and then by octets: an item at the target stands for one item of the source. Where octets
 * differ and the fingerprint does not, a target that alters octets has the item; any other leaves a doubt, and a doubt is
 * not copied. What pairs of other source accounts brought there, and what our own records name, stands for nothing else.
 */
export function matchPresent(context: CopyContext, plan: PassPlan, previous: LedgerIndex | null): MatchPresent {
  const folders = new Map<number, Promise<PresentItems>>();
  return async (page, known) => {
    const { folder, folderIndex } = page;
    if (folder.previous !== null || folder.targetState.messages === 0) return new Map();
    let present = folders.get(folderIndex);
    if (present === undefined) {
      present = PresentItems.open(context, { folder, folderIndex, plan, previous });
      folders.set(folderIndex, present);
    }
    const wanted = page.items.filter(({ skip, listing }) => skip === null && !known.has(listing.uid));
    return (await present).match(
      page,
      wanted.map(({ listing }) => listing),
    );
  };
}

interface PresentFolder {
  readonly folder: PlannedFolder;
  readonly folderIndex: number;
  readonly plan: PassPlan;
  readonly previous: LedgerIndex | null;
}

/** UIDs of one listing request. */
const listingSpan = 10_000;

/** What a target folder held when the pass was planned and nobody's record names: the same set in every slice. */
class PresentItems {
  readonly #context: CopyContext;
  readonly #plan: PassPlan;
  readonly #folder: PlannedFolder;
  readonly #bySecond: Map<number, ItemListing[]>;
  readonly #digests = new Map<number, DigestedItem>();
  /** What the source has below the first page with a doubt, as far as the target has something of the same second. */
  #listed: Promise<readonly ItemListing[]> | undefined;

  private constructor(context: CopyContext, { plan, folder }: PresentFolder, items: readonly ItemListing[]) {
    this.#context = context;
    this.#plan = plan;
    this.#folder = folder;
    this.#bySecond = Map.groupBy(items, (item) => internalDateSeconds(item.internalDate));
  }

  static async open(context: CopyContext, present: PresentFolder): Promise<PresentItems> {
    const { folder, folderIndex } = present;
    const named = await recordedUids(context, present);
    const listed = await context.target.listItems(placeOf(folder), { from: 1, to: folder.targetState.uidNext - 1 });
    const free = listed.filter((item) => !named.has(item.uid));
    if (free.length > 0)
      context.services.log.warn(
        'A target folder holds items that no record names: what equals one is not copied again',
        {
          pair: context.lease.pair.id,
          folder: folderIndex,
          items: free.length,
        },
      );
    return new PresentItems(context, present, free);
  }

  async match(page: Page, wanted: readonly ItemListing[]): Promise<ReadonlyMap<number, AlreadyThere>> {
    const dated = wanted.filter(
      (item) => (this.#bySecond.get(internalDateSeconds(item.internalDate)) ?? []).length > 0,
    );
    if (dated.length === 0) return new Map();
    const readings = await SourceReadings.load(this.#context, this.#plan);
    const items = await readings.digest(page, dated);
    await this.#digestCandidates(new Set(items.map(({ seconds }) => seconds)));
    const found = new Map<DigestedItem, Present>();
    // Octets first, over the whole page: a doubt must not take what is another item's own.
    for (const item of items) this.#take(found, item, 'copied', (there) => there.canonical === item.canonical);
    const alters = samenessOf(this.#context) === 'fingerprint';
    const unmatched = items.filter((item) => !found.has(item) && this.#hasFingerprint(item));
    const later = unmatched.length === 0 ? [] : await this.#laterItems(page, unmatched);
    for (const item of unmatched) {
      const outcome = alters && item.certain ? 'copied' : 'doubtful';
      if (outcome === 'doubtful' && this.#context.copyDoubtful) continue;
      this.#take(
        found,
        item,
        outcome,
        (there) => there.fingerprint === item.fingerprint && this.#isSpare(there, later),
      );
    }
    return await this.#withFlags(page, found);
  }

  #take(
    found: Map<DigestedItem, Present>,
    item: DigestedItem,
    outcome: Present['outcome'],
    same: (there: DigestedItem) => boolean,
  ): void {
    const candidates = this.#bySecond.get(item.seconds) ?? [];
    const at = candidates.findIndex(({ uid }) => {
      const there = this.#digests.get(uid);
      return there !== undefined && same(there);
    });
    const [listing] = at === -1 ? [] : candidates.splice(at, 1);
    const there = listing === undefined ? undefined : this.#digests.get(listing.uid);
    if (listing === undefined || there === undefined) return;
    this.#digests.delete(listing.uid);
    found.set(item, { listing, there, outcome });
  }

  #hasFingerprint({ seconds, fingerprint }: DigestedItem): boolean {
    return this.#candidates(seconds).some((there) => there.fingerprint === fingerprint);
  }

  #candidates(second: number): readonly DigestedItem[] {
    return (this.#bySecond.get(second) ?? []).flatMap(({ uid }) => this.#digests.get(uid) ?? []);
  }

  /** False: items of pages that come later have the same octets, and need all that are left. */
  #isSpare({ seconds, canonical }: DigestedItem, later: readonly DigestedItem[]): boolean {
    const owners = later.filter((item) => item.seconds === seconds && item.canonical === canonical);
    return this.#candidates(seconds).filter((there) => there.canonical === canonical).length > owners.length;
  }

  /** Items of later pages (they go from the highest UID down) that are of the same second as one of these. */
  async #laterItems({ from, folder }: Page, items: readonly DigestedItem[]): Promise<readonly DigestedItem[]> {
    this.#listed ??= this.#listSource(folder, from);
    const seconds = new Set(items.map((item) => item.seconds));
    const later = (await this.#listed).filter(
      ({ uid, internalDate }) => uid < from && seconds.has(internalDateSeconds(internalDate)),
    );
    const place = { side: 'source', folder: folder.source, uidValidity: folder.state.uidValidity } as const;
    return digestItems(this.#context, place, later);
  }

  async #listSource({ source, state }: PlannedFolder, end: number): Promise<readonly ItemListing[]> {
    const { uidValidity } = state;
    const items: ItemListing[] = [];
    for (let from = 1; from < end; from += listingSpan) {
      const range = { uidValidity, from, to: Math.min(from + listingSpan, end) - 1 };
      const listed = await this.#context.source.listItems(source, range);
      items.push(...listed.filter(({ internalDate }) => this.#bySecond.has(internalDateSeconds(internalDate))));
    }
    return items;
  }

  async #digestCandidates(seconds: ReadonlySet<number>): Promise<void> {
    const candidates = [...seconds].flatMap((second) => this.#bySecond.get(second) ?? []);
    const unread = candidates.filter(({ uid }) => !this.#digests.has(uid));
    const place = { side: 'target', folder: placeOf(this.#folder) } as const;
    for (const item of await digestItems(this.#context, place, unread)) this.#digests.set(item.uid, item);
  }

  async #withFlags(page: Page, found: ReadonlyMap<DigestedItem, Present>): Promise<ReadonlyMap<number, AlreadyThere>> {
    const flagsOf = new Map(page.items.map(({ listing }) => [listing.uid, listing.flags]));
    const items = [...found]
      .filter(([, { outcome }]) => outcome !== 'doubtful')
      .map(([{ uid }, { listing }]) => ({ uid, flags: flagsOf.get(uid) ?? [], there: listing }));
    const carried = await giveFlags(this.#context, page.folder, items);
    return new Map(
      [...found].map(([item, { listing, there, outcome }]) => {
        const { uid, fingerprint, certain } = item;
        const digests = { ...octetsOf(this.#context, item, there), fingerprint, certain };
        const flags = carried.get(String(uid));
        const doubtful = outcome === 'doubtful';
        return [uid, { ...digests, target: listing.uid, flags, ...(doubtful ? { doubtful } : {}) }];
      }),
    );
  }
}

interface Present {
  readonly listing: ItemListing;
  readonly there: DigestedItem;
  readonly outcome: 'copied' | 'doubtful';
}

function placeOf({ target }: PlannedFolder): TargetFolder {
  return { ...target, selectable: true };
}

/** UIDs of the target folder that records name: our own of this pass and before, and those of other source accounts. */
async function recordedUids(
  context: CopyContext,
  { folder, folderIndex, plan, previous }: PresentFolder,
): Promise<ReadonlySet<number>> {
  const { objects } = context.services;
  const mine = accountOf(context.source.identity);
  const others = (await context.otherPairs()).filter(({ source }) => accountOf(source) !== mine);
  const uids = new Set(await uidsOfPairs(context, folder, others));
  // What was left in doubt is in doubt again, until somebody decides.
  const inDoubt = !context.copyDoubtful;
  await addIndexed(context, { folder, plan, index: previous, inDoubt, uids });
  for await (const segment of walkChain(objects, context.lease.pair.ledgerHead)) {
    if (segment.folder !== folderIndex) continue;
    for (const { target } of segment.items) if (target !== undefined) uids.add(target);
  }
  return uids;
}

async function addIndexed(
  context: CopyContext,
  about: {
    readonly folder: PlannedFolder;
    readonly plan: PassPlan;
    readonly index: LedgerIndex | null;
    /** True: an item at the target that made a record doubtful is still to be had. */
    readonly inDoubt: boolean;
    readonly uids: Set<number>;
  },
): Promise<void> {
  const { folder, plan, index, inDoubt, uids } = about;
  const parts: IndexPart[] = (index?.folders ?? [])
    // Whatever its name was before it was renamed at the target.
    .filter((known, at) => targetNow(plan, at, known).id === folder.target.id)
    .filter((known) => known.targetState.uidValidity === folder.targetState.uidValidity)
    .flatMap((known) => [...known.parts, ...known.former]);
  for await (const records of readParts(context.services.objects, parts)) {
    for (const { target, outcome } of records)
      if (target !== undefined && !(inDoubt && outcome === 'doubtful')) uids.add(target);
  }
}
