import type { ItemRecord } from '../../domain/ledger.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';

/** An item at the target that may be one of the source's that is new there by its UID. */
export interface KnownItem {
  readonly record: ItemRecord;
  readonly target: TargetFolder;
  /** Of the target folder when the record's UID was true: under another one it names another item, or none. */
  readonly uidValidity: number;
  /** No ledger has the record: it was made of what is at the target. */
  readonly unnamed?: boolean | undefined;
}
