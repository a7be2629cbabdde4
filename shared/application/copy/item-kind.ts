import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemRecord } from '../../domain/ledger.ts';

/** What an item is by its fingerprint and the second of its INTERNALDATE: the same for equal ones. */
export function kindOf({ fingerprint, seconds }: { readonly fingerprint: string; readonly seconds: number }): string {
  return `${fingerprint} ${String(seconds)}`;
}

export function kindOfRecord({ fingerprint = '', internalDate }: ItemRecord): string {
  return kindOf({ fingerprint, seconds: internalDateSeconds(internalDate) });
}
