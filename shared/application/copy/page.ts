import type { ItemListing } from '../../domain/mail.ts';
import type { PlannedFolder } from './pass-plan.ts';

/** How much is done at a time. Less of each makes many pages of few items, which is what tests of crashes want. */
export interface PageLimits {
  /** Most items and octets of a page: what one MULTIAPPEND carries and one crash puts in question. */
  readonly items: number;
  readonly octets: number;
  /** Most pages in flight: enough that neither server waits for the other or for our commits on a line of 20 ms each way. */
  readonly inFlight: number;
  /** Items of one listing request: enough to fill the pipe, little enough to keep memory flat over 500,000 messages. */
  readonly listing: number;
}

export const pageLimits: PageLimits = { items: 200, octets: 8 * 1024 * 1024, inFlight: 24, listing: 2_500 };

/** Why an item is not copied, by the batch's options or by its nature. */
export type SkipCode = 'ITEM_NOT_MAIL' | 'OVER_ITEM_CAP' | 'ITEM_TOO_LARGE' | 'DATE_FILTERED' | 'DELETED_SKIPPED';

export interface PageItem {
  readonly listing: ItemListing;
  readonly skip: SkipCode | null;
}

/** The items of one folder with from <= uid <= to, ascending: copied and committed as a unit. */
export interface Page {
  readonly number: number;
  /** Index in the plan. */
  readonly folderIndex: number;
  readonly folder: PlannedFolder;
  readonly from: number;
  readonly to: number;
  readonly items: readonly PageItem[];
  /** The target folder's UIDNEXT before the page was first begun. */
  readonly uidNext: number;
  readonly attempt: number;
  /** Items that are at the target already: settled, moved or matched. Source UID -> target UID (undefined: unknown). */
  readonly already: ReadonlyMap<number, AlreadyThere>;
  /** Items that stopped three workers: not tried again. */
  readonly stops: ReadonlySet<number>;
  /** One item after the other, each answered before the next is sent. */
  readonly oneByOne: boolean;
}

export interface AlreadyThere {
  readonly target: number | undefined;
  /** The record of ours that it was matched with: target folder, and UID there before it was moved. */
  readonly from?: { readonly folder: string; readonly uid: number } | undefined;
  readonly sha256?: string | undefined;
  readonly canonical?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly certain?: boolean | undefined;
  /** Flags that it has there, where they may be other than the source's listing says now. */
  readonly flags?: readonly string[] | undefined;
  /** It may be another item: not copied again by itself, and not counted as copied. */
  readonly doubtful?: boolean | undefined;
  /** What the target could not take of it, in words. */
  readonly losses?: string | undefined;
}
