import type { ItemListing } from '../../domain/mail.ts';
import type { Cursor } from '../../domain/pair.ts';
import type { SourceMailbox } from '../../ports/mail-source.ts';
import { skipReason, type SelectionRules } from './item-selection.ts';
import { pageLimits, type Page, type PageLimits } from './page.ts';
import type { PassPlan, PlannedFolder } from './pass-plan.ts';

/** Items listed ahead of the page in hand, so that many small folders cost no round trip each. */
export const listedAhead = 5_000;
/** Listing requests in flight. */
const requestsAhead = 64;

interface Listing {
  readonly folderIndex: number;
  readonly from: number;
  readonly to: number;
  readonly expected: number;
  readonly items: Promise<readonly ItemListing[]>;
}

export type PlannedPage = Pick<Page, 'folderIndex' | 'folder' | 'from' | 'to' | 'items'>;

/**
 * Cuts what is left of a pass into pages: folders in the plan's order, in a folder by UID descending. The pages cover
 * every UID of every range, also the empty ones, so that the cursor's arithmetic needs no listing.
 */
export class PagePlanner {
  readonly #source: Pick<SourceMailbox, 'listItems'>;
  readonly #plan: PassPlan;
  readonly #rules: Omit<SelectionRules, 'cutOff'>;
  readonly #limits: PageLimits;
  readonly #listings: Listing[] = [];
  #ready: PlannedPage[] = [];
  #nextFolder: number;
  #nextBelow: number | undefined;

  constructor(options: {
    readonly source: Pick<SourceMailbox, 'listItems'>;
    readonly plan: PassPlan;
    readonly rules: Omit<SelectionRules, 'cutOff'>;
    readonly cursor: Cursor;
    readonly limits: PageLimits;
  }) {
    this.#source = options.source;
    this.#plan = options.plan;
    this.#rules = options.rules;
    this.#limits = options.limits;
    this.#nextFolder = options.cursor.folder;
    this.#nextBelow = options.cursor.below;
  }

  /** undefined: the pass has no more pages. */
  async next(): Promise<PlannedPage | undefined> {
    while (this.#ready.length === 0) {
      this.#listAhead();
      const listing = this.#listings.shift();
      if (listing === undefined) return undefined;
      this.#ready = this.#cut(listing, await listing.items);
    }
    return this.#ready.shift();
  }

  #listAhead(): void {
    let ahead = this.#listings.reduce((sum, listing) => sum + listing.expected, 0);
    while (mayListAhead(ahead, this.#listings.length)) {
      const listing = this.#request();
      if (listing === undefined) return;
      this.#listings.push(listing);
      ahead += listing.expected;
    }
  }

  #request(): Listing | undefined {
    const folder = this.#plan.folders[this.#nextFolder];
    if (folder === undefined) return undefined;
    // A pass begins with a cursor above everything.
    const below = Math.min(this.#nextBelow ?? folder.state.uidNext, folder.state.uidNext);
    const range = rangeBelow(below, folder, this.#limits);
    if (range === undefined) {
      this.#nextFolder += 1;
      this.#nextBelow = undefined;
      return this.#request();
    }
    this.#nextBelow = range.from;
    const items = this.#source.listItems(folder.source, range);
    // The rejection is met when the listing is awaited; until then it must not count as unhandled.
    items.catch(() => undefined);
    const { from, to } = range;
    return { folderIndex: this.#nextFolder, from, to, expected: expectedIn(range, folder, this.#limits), items };
  }

  #cut(listing: Listing, items: readonly ItemListing[]): PlannedPage[] {
    const folder = this.#plan.folders[listing.folderIndex];
    if (folder === undefined) throw new Error('A listing of no folder');
    return cutIntoPages({ from: listing.from, to: listing.to }, items, this.#limits).map((page) => ({
      folderIndex: listing.folderIndex,
      folder,
      from: page.from,
      to: page.to,
      items: page.items.map((item) => ({
        listing: item,
        skip: skipReason(item, listing.folderIndex, {
          ...this.#rules,
          cutOff: this.#plan.cutOff,
          itemClass: folder.source.itemClass,
        }),
      })),
    }));
  }
}

export interface Range {
  readonly uidValidity: number;
  readonly from: number;
  readonly to: number;
}

/** The UIDs of a folder to be listed next; undefined where nothing of it is left below `below`. */
export function rangeBelow(
  below: number,
  folder: Pick<PlannedFolder, 'state' | 'from'>,
  limits: Pick<PageLimits, 'listing'>,
): Range | undefined {
  const { state } = folder;
  if (below <= folder.from || state.messages === 0) return undefined;
  return {
    uidValidity: state.uidValidity,
    from: Math.max(folder.from, below - spanOf(folder, limits.listing)),
    to: below - 1,
  };
}

/** About how many items a listing brings, and one for the request itself. */
export function expectedIn(
  { from, to }: Range,
  { state }: Pick<PlannedFolder, 'state'>,
  limits: Pick<PageLimits, 'listing'>,
): number {
  return Math.min(state.messages, to + 1 - from, limits.listing) + 1;
}

/** Whether one more listing may be asked for, behind `requests` that are expected to bring so much. */
export function mayListAhead(expected: number, requests: number): boolean {
  return expected < listedAhead && requests < requestsAhead;
}

/** UIDs of one listing request: by the folder's density, since UIDs may have wide gaps. */
function spanOf({ state }: Pick<PlannedFolder, 'state'>, listingItems: number): number {
  const range = state.uidNext - 1;
  if (state.messages <= 2 * listingItems) return range;
  return Math.max(listingItems, Math.ceil((listingItems * range) / state.messages));
}

/**
 * Pages of a listed range, from the highest UID down, each ascending inside. Together they cover the range without gap
 * or overlap.
 */
export function cutIntoPages(
  range: { readonly from: number; readonly to: number },
  ascending: readonly ItemListing[],
  limits: Pick<PageLimits, 'items' | 'octets'> = pageLimits,
): { readonly from: number; readonly to: number; readonly items: readonly ItemListing[] }[] {
  const pages: { from: number; to: number; items: ItemListing[] }[] = [];
  let items: ItemListing[] = [];
  let octets = 0;
  let to = range.to;
  const close = (from: number): void => {
    pages.push({ from, to, items: items.reverse() });
    items = [];
    octets = 0;
    to = from - 1;
  };
  for (let at = ascending.length - 1; at >= 0; at -= 1) {
    const item = ascending[at];
    if (item === undefined) continue;
    const full = items.length >= limits.items || (items.length > 0 && octets + item.size > limits.octets);
    const last = items.at(-1);
    if (last !== undefined && full) close(last.uid);
    items.push(item);
    octets += item.size;
  }
  close(range.from);
  return pages;
}
