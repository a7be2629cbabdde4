import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemClass } from '../../domain/items/item-class.ts';
import type { ItemListing } from '../../domain/mail.ts';
import type { ResolvedOptions } from '../../domain/options.ts';
import type { SkipCode } from './page.ts';
import type { PassPlan } from './pass-plan.ts';

export interface SelectionRules {
  readonly options: Pick<ResolvedOptions, 'receivedAfter' | 'receivedBefore' | 'skipDeleted'>;
  readonly maxItemBytes: number | undefined;
  readonly cutOff: PassPlan['cutOff'];
  /** Of the folder; absent: mail. */
  readonly itemClass?: ItemClass | undefined;
}

/** Why this item is left out, or null. Pure: a page planned anew after a crash decides alike. */
export function skipReason(item: ItemListing, folderIndex: number, rules: SelectionRules): SkipCode | null {
  const { options, maxItemBytes, cutOff } = rules;
  if (item.notMail !== undefined) return 'ITEM_NOT_MAIL';
  if (options.skipDeleted && item.flags.some((flag) => flag.toLowerCase() === '\\deleted')) return 'DELETED_SKIPPED';
  if (maxItemBytes !== undefined && item.size > maxItemBytes) return 'ITEM_TOO_LARGE';
  // Nobody received a contact or an event: who wants the mail of the last two years wants all contacts.
  const isMail = (rules.itemClass ?? 'mail') === 'mail';
  const receivedAfter = isMail ? options.receivedAfter : null;
  const receivedBefore = isMail ? options.receivedBefore : null;
  if (receivedAfter === null && receivedBefore === null && cutOff === null) return null;
  const seconds = internalDateSeconds(item.internalDate);
  if (receivedAfter !== null && seconds * 1000 < Date.parse(receivedAfter)) return 'DATE_FILTERED';
  if (receivedBefore !== null && seconds * 1000 >= Date.parse(receivedBefore)) return 'DATE_FILTERED';
  if (cutOff !== null && isBelow({ seconds, folder: folderIndex, uid: item.uid }, cutOff)) return 'OVER_ITEM_CAP';
  return null;
}

export interface Place {
  readonly seconds: number;
  readonly folder: number;
  readonly uid: number;
}

/** Newest first by date; equal dates by folder and UID, so that the cap is exact and every slice draws the same line. */
function isBelow(item: Place, cutOff: Place): boolean {
  if (item.seconds !== cutOff.seconds) return item.seconds < cutOff.seconds;
  if (item.folder !== cutOff.folder) return item.folder > cutOff.folder;
  return item.uid < cutOff.uid;
}

/** True for what is not older than the line. */
export function isWithin(item: Place, cutOff: Place): boolean {
  return !isBelow(item, cutOff);
}

/** The oldest item that is still within the cap of `most`, null when all are. */
export function findCutOff(items: readonly Place[], most: number): Place | null {
  if (items.length <= most) return null;
  const newestFirst = [...items].sort((a, b) => (isBelow(a, b) ? 1 : -1));
  return most === 0 ? { seconds: Number.MAX_SAFE_INTEGER, folder: 0, uid: 0 } : (newestFirst[most - 1] ?? null);
}
