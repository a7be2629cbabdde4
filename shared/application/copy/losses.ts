import type { ItemRecord } from '../../domain/ledger.ts';

/** Longest text of a record. */
const mostCharacters = 200;

/** What a target could not take of an item, for its record; undefined: nothing. */
export function inWords(losses: readonly string[] | undefined): string | undefined {
  if (losses === undefined || losses.length === 0) return undefined;
  return losses.join('; ').replace(/\s+/g, ' ').slice(0, mostCharacters);
}

/** The item is copied all the same: the code says only that not all of it is. */
export function lossesOf({ outcome, code, text }: Pick<ItemRecord, 'outcome' | 'code' | 'text'>): string | undefined {
  return outcome === 'copied' && code === 'ITEM_COPIED_WITH_LOSSES' ? (text ?? '') : undefined;
}

export function lossyRecord(losses: string | undefined): Pick<ItemRecord, 'code' | 'text'> {
  return losses === undefined ? {} : { code: 'ITEM_COPIED_WITH_LOSSES', text: losses };
}
