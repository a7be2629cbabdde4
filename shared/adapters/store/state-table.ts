/**
 * A small table of items under two keys: the part of DynamoDB that we use, in our words, so that every rule of the
 * batch store is written once (table-batch-store.ts) and holds for DynamoDB and SQLite alike.
 *
 * One write is one item: no transactions. A write under a condition either takes place or answers with the item as it
 * stands, so that the caller can recognise its own earlier write.
 */
export interface StateTable {
  /** As of now, never an older copy. */
  get(key: ItemKey): Promise<Attributes | undefined>;
  /** Writes the whole item. */
  put(key: ItemKey, item: Attributes, condition?: Condition): Promise<WriteOutcome>;
  /** Changes single attributes of an item; where there is none it is made of `initial` and `set`. */
  update(key: ItemKey, change: Change, condition?: Condition): Promise<WriteOutcome>;
  /** Removing what is not there is success, unless the condition says otherwise. */
  remove(key: ItemKey, condition?: Condition): Promise<WriteOutcome>;
  /**
   * The items of a partition whose `sort` begins with `prefix`, by `sort`, in the pages they are read in. `from`, which
   * begins with `prefix` too: those at or behind it, and nothing before it is read.
   */
  query(partition: string, prefix: string, from?: string): AsyncIterable<readonly StoredItem[]>;
  /** The items of all partitions whose name begins with `prefix`, in no order. Reads the whole table on DynamoDB. */
  scan(prefix: string): AsyncIterable<readonly StoredItem[]>;
}

export interface ItemKey {
  readonly partition: string;
  readonly sort: string;
}

/** Plain JSON under attribute names; a member that is undefined is not stored. */
export type Attributes = Readonly<Record<string, unknown>>;

export interface StoredItem {
  readonly key: ItemKey;
  readonly item: Attributes;
}

export interface Change {
  readonly set?: Attributes;
  /** Set only where the item has no such attribute. */
  readonly initial?: Attributes;
  /** Adds to a number; one that is not there counts as 0. Not safe to repeat: only beside a condition that ends it. */
  readonly add?: Readonly<Record<string, number>>;
}

/** What conditions compare: servers differ in what they call equal lists and maps. */
export type Scalar = string | number | boolean;

/** A condition on an attribute that the item has not, or on an item that is not there, does not hold. */
export type Condition =
  | { readonly is: 'absent' }
  | { readonly is: 'equal'; readonly attribute: string; readonly value: Scalar }
  | { readonly is: 'less'; readonly attribute: string; readonly than: number }
  | { readonly is: 'any'; readonly of: readonly Condition[] }
  | { readonly is: 'all'; readonly of: readonly Condition[] };

export const absent: Condition = { is: 'absent' };

export function equal(attribute: string, value: Scalar): Condition {
  return { is: 'equal', attribute, value };
}

export function less(attribute: string, than: number): Condition {
  return { is: 'less', attribute, than };
}

export function any(...of: readonly Condition[]): Condition {
  return { is: 'any', of };
}

export function all(...of: readonly Condition[]): Condition {
  return { is: 'all', of };
}

export type WriteOutcome =
  /** `item` as it stands now. */
  | { readonly outcome: 'written'; readonly item: Attributes }
  /** The condition did not hold: `item` is what stands there instead. */
  | { readonly outcome: 'refused'; readonly item: Attributes | undefined };
