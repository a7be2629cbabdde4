import type { ItemEnvelope } from '../../../domain/mail.ts';
import type { ItemMark } from './item-mark.ts';

/** An item as a listing of its folder shows it. */
export interface ListedItem {
  readonly id: string;
  /** Epoch milliseconds by the server's clock. */
  readonly created: number;
  readonly modified: number;
  /** Epoch seconds, what INTERNALDATE is to IMAP. */
  readonly date: number;
  readonly flags: readonly string[];
  /** Undefined: others made it. */
  readonly mark: ItemMark | undefined;
  /** Changes with every change. */
  readonly changeKey: string;
}

export interface ItemToWrite {
  readonly octets: Buffer;
  readonly envelope: ItemEnvelope;
}

/** An item that is whole at the target. */
export interface WrittenItem {
  readonly id: string;
  readonly created: number;
  /** '': somebody may have changed it before it was whole. */
  readonly changeKey: string;
  /** Of an item that is no mail: see `ItemMark`; '' for mail. */
  readonly key: string;
  /** Short names. */
  readonly losses: readonly string[];
}

/** Items of ours in a folder that were left half done: whoever made them is gone. */
export interface HalfDoneItems {
  /** One that is to become this item, as it is now. It is nobody else's from then on. */
  take(key: string, version: string): Promise<ListedItem | undefined>;
}

/**
 * Nobody has seen an item and changed it so soon after it was made. Also of servers that do something to new items, and
 * note it as a change.
 */
const unseenMs = 5_000;

/** Whether nobody but us can have changed an item, by its times alone. */
export function isUntouched({ created, modified }: Pick<ListedItem, 'created' | 'modified'>): boolean {
  return modified - created <= unseenMs;
}

/** The items of one folder, whatever their class: the calls to Graph, without UIDs. */
export interface ItemCollection {
  /** Graph's id of the folder. */
  readonly folder: string;

  /** Items that were changed since then (epoch milliseconds by the server's clock); all, where it cannot be told. */
  list(since: number | undefined): Promise<readonly ListedItem[]>;

  /** Those that are still in the folder. */
  find(ids: readonly string[]): Promise<readonly ListedItem[]>;

  /**
   * One after the other, the header section of each item that is there (`whole`: with what it consists of), in the order
   * of the ids.
   */
  read(
    ids: readonly string[],
    whole: boolean,
    deliver: (id: string, octets: Buffer) => void | Promise<void>,
  ): Promise<void>;

  /**
   * Rejects with ItemRefusedError where nothing of it is left at the target. One that is there half done gets what it
   * lacks: its user may have changed it since, so nothing that is there is deleted or written over.
   */
  write(item: ItemToWrite, halfDone: HalfDoneItems): Promise<WrittenItem>;

  /** See `ItemMark`. */
  keyOf(item: ItemToWrite): string;

  /** Whether it is anywhere in the mailbox. */
  exists(id: string): Promise<boolean>;

  /** For good, not into the deleted items. */
  remove(id: string): Promise<void>;

  changeFlags(
    id: string,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): Promise<void>;

  /** The item is in this folder then; undefined: it is nowhere any more. Absent: Graph moves no items of this class. */
  take?(id: string): Promise<WrittenItem | undefined>;
}
