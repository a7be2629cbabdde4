import { createHash } from 'node:crypto';
import { z } from 'zod';

/** What is known of an item beside its id, which Graph's immutable ids are: the same until it leaves the mailbox. */
const NewItem = z.strictObject({
  id: z.string(),
  /** Epoch milliseconds by the server's clock: `createdDateTime`. */
  created: z.int(),
  /** As it was when we had made it, or first saw it: another one tells that somebody changed the item. '': somebody may have. */
  changeKey: z.string(),
  /** Of an item of ours that is no mail: see `ItemMark`. */
  key: z.string().optional(),
  /** Id of the folder that it lies in, where that is another one: it was moved at the source, and Graph cannot move it. */
  home: z.string().optional(),
});
export type NewItem = z.infer<typeof NewItem>;

/** One step of a folder's map, as it is kept: written once, never changed. */
export const UidSegment = z.strictObject({
  schema: z.literal(1),
  folder: z.string(),
  /** Random; of the map's first segment it makes the UIDVALIDITY. */
  nonce: z.string(),
  /**
   * Epoch milliseconds by the server's clock: a listing named all that was changed before. Absent: this is no listing,
   * but what we have made or moved.
   */
  listedTo: z.int().optional(),
  added: z.array(NewItem),
  /** Ids that we moved away or deleted: where one comes back it is another item. */
  gone: z.array(z.string()),
  /** Ids of ours that were left half done: they have no UID before they are whole. */
  halfDone: z.array(z.string()).optional(),
});
export type UidSegment = z.infer<typeof UidSegment>;

export interface MappedItem extends NewItem {
  readonly uid: number;
}

/**
 * Which UID stands for which item of one target folder: the sum of its segments, always the same for the same segments.
 *
 * The engine settles a window by asking for what has higher UIDs than there were before. Graph has ids without an order,
 * so an item gets its UID here when it is made or first seen, above all that were there before.
 */
export class UidMap {
  readonly folder: string;
  readonly #uids = new Map<string, number>();
  readonly #items = new Map<number, MappedItem>();
  readonly #byKey = new Map<string, readonly MappedItem[]>();
  readonly #halfDone = new Set<string>();
  #segments = 0;
  #nonce = '';
  #uidNext = 1;
  #listedTo: number | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  get segments(): number {
    return this.#segments;
  }

  get uidNext(): number {
    return this.#uidNext;
  }

  /** Items that the map has ever named and that we did not take away. */
  get size(): number {
    return this.#uids.size;
  }

  get halfDone(): ReadonlySet<string> {
    return this.#halfDone;
  }

  /** Undefined before the first listing. */
  get listedTo(): number | undefined {
    return this.#listedTo;
  }

  /** UIDVALIDITY is a hash, so that no two folders have the same, also when they exchange their names. */
  get uidValidity(): number {
    const hash = createHash('sha256').update(`${this.folder}\n${this.#nonce}`).digest();
    return (hash.readUInt32BE(0) & 0x7fffffff) + 1;
  }

  apply(segment: UidSegment): void {
    if (this.#segments === 0) this.#nonce = segment.nonce;
    this.#segments += 1;
    if (segment.listedTo !== undefined) this.#listedTo = Math.max(this.#listedTo ?? 0, segment.listedTo);
    for (const id of segment.gone) this.#remove(id);
    // Two who saw the same item may both have written it down: the first one counts.
    for (const item of segment.added) if (!this.#uids.has(item.id)) this.#add(item);
    for (const id of segment.halfDone ?? []) if (!this.#uids.has(id)) this.#halfDone.add(id);
  }

  uidOf(id: string): number | undefined {
    return this.#uids.get(id);
  }

  item(id: string): MappedItem | undefined {
    const uid = this.#uids.get(id);
    return uid === undefined ? undefined : this.#items.get(uid);
  }

  /** Every version of an item of ours that was whole here, and that we did not take away. */
  versionsOf(key: string): readonly MappedItem[] {
    return this.#byKey.get(key) ?? [];
  }

  /** Items that lie in another folder. */
  get guests(): readonly MappedItem[] {
    return [...this.#items.values()].filter(({ home }) => home !== undefined);
  }

  idOf(uid: number): string | undefined {
    return this.#items.get(uid)?.id;
  }

  /** Items with from <= uid <= to, ascending. */
  between(from: number, to: number): readonly MappedItem[] {
    const items: MappedItem[] = [];
    for (let uid = Math.max(1, from); uid <= Math.min(to, this.#uidNext - 1); uid += 1) {
      const item = this.#items.get(uid);
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  #add(item: NewItem): void {
    const mapped = { ...item, uid: this.#uidNext };
    this.#halfDone.delete(item.id);
    this.#uids.set(item.id, mapped.uid);
    this.#items.set(mapped.uid, mapped);
    if (item.key !== undefined) this.#byKey.set(item.key, [...this.versionsOf(item.key), mapped]);
    this.#uidNext += 1;
  }

  #remove(id: string): void {
    this.#halfDone.delete(id);
    const item = this.item(id);
    if (item === undefined) return;
    this.#uids.delete(id);
    this.#items.delete(item.uid);
    if (item.key !== undefined)
      this.#byKey.set(
        item.key,
        this.versionsOf(item.key).filter((version) => version.id !== id),
      );
  }
}
