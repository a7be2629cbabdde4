import { createHash } from 'node:crypto';
import { z } from 'zod';
import { formatInternalDate } from '../../domain/internal-date.ts';
import type { FolderState, ItemListing } from '../../domain/mail.ts';
import type { FolderChanges } from '../../ports/mail-source.ts';

/** What a server tells of an item without its content. */
const ItemFacts = z.object({
  /** ItemId: case-sensitive, another one after a move. */
  id: z.string(),
  size: z.int(),
  /** Epoch seconds of DateTimeReceived. */
  received: z.int(),
  flags: z.array(z.string()),
  /** Item class, where it is none of mail. */
  notMail: z.string().optional(),
  /** PR_SEARCH_KEY, base64: copied on copy, kept on a move. */
  key: z.string().optional(),
  /** ChangeKey of an item that is no mail: another one means that its content may be another one. */
  version: z.string().optional(),
  /** Where it is read, where its id does not say it. */
  url: z.string().optional(),
});
export type ItemFacts = z.infer<typeof ItemFacts>;

const Change = z.union([
  z.strictObject({ item: ItemFacts }),
  z.strictObject({ gone: z.string() }),
  z.strictObject({ id: z.string(), read: z.boolean() }),
]);
export type Change = z.infer<typeof Change>;

/** One answer of SyncFolderItems, as it is kept: written once, never changed. */
export const MapSegment = z.object({
  schema: z.literal(1),
  folder: z.string(),
  /** Random; of the map's first segment it makes the UIDVALIDITY. */
  nonce: z.string(),
  /** A listing of the whole folder begins here: the server was given no SyncState. */
  anew: z.boolean(),
  /** Where the server goes on after these changes. */
  syncState: z.string(),
  /** The server had nothing more to tell. */
  last: z.boolean(),
  changes: z.array(Change),
});
export type MapSegment = z.infer<typeof MapSegment>;

interface Entry {
  readonly uid: number;
  readonly facts: ItemFacts;
  /** Number of the segment that changed it last. */
  readonly changedIn: number;
}

/** An item as it is asked for. */
export interface NamedItem {
  readonly uid: number;
  readonly facts: ItemFacts;
  /** Which of those with the same search key it is, from 1: who copies an item copies its search key. */
  readonly copy: number;
}

/**
 * Which UID stands for which item of one folder: the sum of its segments, always the same for the same segments.
 *
 * Exchange has no numbers that rise with time, and the engine copies by such numbers, newest first. So an item gets its
 * UID here, when the server has told all that it had to tell: by DateTimeReceived among those that came together, above
 * all that were there before. An item that is known keeps its UID, also when the folder is listed anew.
 */
export class ItemMap {
  readonly folder: string;
  readonly #live = new Map<string, Entry>();
  /** By UID; empty: to be sorted anew. */
  #byUid: Entry[] = [];
  /** UIDs that are gone, with the number of the segment. */
  readonly #gone: { readonly uid: number; readonly in: number }[] = [];
  /** By id, also of what is gone: a changed item stays the copy that it was. */
  readonly #copies = new Map<string, number>();
  /** By search key: ids of items that are there. */
  readonly #byKey = new Map<string, Set<string>>();
  /** Told, but not all that came with it has been told yet. */
  #pending = new Map<string, ItemFacts>();
  /** Items that a listing from the beginning has named so far; null while there is none. */
  #listed: Set<string> | null = null;
  #segments = 0;
  #nonce = '';
  #syncState = '';
  #uidNext = 1;
  #moves = 0;
  #read = { moves: 0, segments: 0 };

  constructor(folder: string) {
    this.folder = folder;
  }

  /** As it is now, it was read from where it is kept. */
  noteRead(): void {
    this.#read = { moves: this.#moves, segments: this.#segments };
  }

  /** Whether items came or went since it was read. */
  get hasMoved(): boolean {
    return this.#moves !== this.#read.moves;
  }

  /** Whether there was anything to read. */
  get wasKnown(): boolean {
    return this.#read.segments > 0;
  }

  get segments(): number {
    return this.#segments;
  }

  /** '' before the first answer. */
  get syncState(): string {
    return this.#syncState;
  }

  /** The server has more to tell than it has told. */
  get isPartial(): boolean {
    return this.#pending.size > 0 || this.#listed !== null;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Whether the listing from the beginning that is not at its end has named it. */
  hasListed(id: string): boolean {
    return this.#listed?.has(id) === true;
  }

  apply(segment: MapSegment): void {
    if (this.#segments === 0) this.#nonce = segment.nonce;
    this.#segments += 1;
    this.#syncState = segment.syncState;
    if (segment.anew) {
      this.#listed = new Set();
      this.#pending = new Map();
    }
    for (const change of segment.changes) this.#change(change);
    if (segment.last) this.#settle();
  }

  /** UIDVALIDITY is a hash, so that no two folders have the same, also when they exchange their names. */
  get uidValidity(): number {
    const hash = createHash('sha256').update(`${this.folder}\n${this.#nonce}`).digest();
    return (hash.readUInt32BE(0) & 0x7fffffff) + 1;
  }

  state(): FolderState {
    return {
      uidValidity: this.uidValidity,
      uidNext: this.#uidNext,
      messages: this.#live.size,
      highestModSeq: String(this.#segments),
    };
  }

  /** Items with from <= uid <= to, ascending. */
  list(from: number, to: number): ItemListing[] {
    return this.#entries()
      .filter(({ uid }) => uid >= from && uid <= to)
      .map(({ uid, facts }) => ({
        uid,
        size: facts.size,
        internalDate: formatInternalDate(facts.received * 1000),
        flags: facts.flags,
        ...(facts.notMail === undefined ? {} : { notMail: facts.notMail }),
      }));
  }

  /** Those of the UIDs that are there, ascending. */
  facts(uids: readonly number[]): NamedItem[] {
    const wanted = new Set(uids);
    return this.#entries()
      .filter(({ uid }) => wanted.has(uid))
      .map(({ uid, facts }) => ({ uid, facts, copy: this.#copies.get(facts.id) ?? 1 }));
  }

  changesSince(known: Pick<FolderState, 'uidNext' | 'highestModSeq'>): FolderChanges {
    const since = Number(known.highestModSeq ?? 0);
    const entries = this.#entries().filter(({ uid }) => uid < known.uidNext);
    return {
      flags: entries
        .filter(({ changedIn }) => changedIn > since)
        .map(({ uid, facts }) => ({ uid, flags: facts.flags })),
      present: entries.map(({ uid }) => uid),
      vanished: this.#gone.filter((item) => item.in > since && item.uid < known.uidNext).map(({ uid }) => uid),
    };
  }

  #change(change: Change): void {
    if ('gone' in change) {
      this.#remove(change.gone);
      this.#pending.delete(change.gone);
    } else if ('read' in change) {
      const known = this.#live.get(change.id)?.facts ?? this.#pending.get(change.id);
      if (known !== undefined) this.#put({ ...known, flags: withSeen(known.flags, change.read) });
    } else {
      this.#put(change.item);
    }
  }

  #put(facts: ItemFacts): void {
    this.#listed?.add(facts.id);
    const known = this.#live.get(facts.id);
    if (known === undefined) {
      this.#pending.set(facts.id, facts);
    } else if (isRewritten(known.facts, facts)) {
      this.#remove(facts.id);
      this.#pending.set(facts.id, facts);
    } else if (!isSame(known.facts, facts)) {
      this.#place({ uid: known.uid, facts, changedIn: this.#segments });
    }
  }

  /** All is told: what a whole listing did not name is gone, and what is new gets its UID. */
  #settle(): void {
    const listed = this.#listed;
    const unlisted = listed === null ? [] : [...this.#live.values()].filter(({ facts }) => !listed.has(facts.id));
    this.#listed = null;
    const left = Map.groupBy(unlisted, ({ facts }) => sameness(facts));
    const fresh: ItemFacts[] = [];
    for (const facts of inOrder(this.#pending.values())) {
      // The same item under another id: the mailbox was moved or restored.
      const before = facts.key === undefined ? undefined : left.get(sameness(facts))?.shift();
      if (before === undefined) {
        fresh.push(facts);
      } else {
        this.#copies.set(facts.id, this.#copies.get(before.facts.id) ?? 1);
        this.#forget(before.facts);
        this.#place({ uid: before.uid, facts, changedIn: this.#segments });
      }
    }
    for (const { facts } of [...left.values()].flat()) this.#remove(facts.id);
    for (const facts of fresh) {
      this.#place({ uid: this.#uidNext, facts, changedIn: this.#segments });
      this.#uidNext += 1;
      this.#moves += 1;
    }
    this.#pending = new Map();
  }

  #place(entry: Entry): void {
    this.#count(entry.facts);
    this.#live.set(entry.facts.id, entry);
    this.#byUid = [];
  }

  /** Mail needs no key: its copies are told apart by how many they are. */
  #count({ id, key, version }: ItemFacts): void {
    if (key === undefined || version === undefined) return;
    const alike = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, alike.add(id));
    const taken = new Set([...alike].filter((other) => other !== id).map((other) => this.#copies.get(other)));
    let copy = this.#copies.get(id) ?? 1;
    while (taken.has(copy)) copy += 1;
    this.#copies.set(id, copy);
  }

  #forget({ id, key = '' }: ItemFacts): void {
    this.#live.delete(id);
    this.#byKey.get(key)?.delete(id);
    this.#byUid = [];
  }

  #remove(id: string): void {
    const known = this.#live.get(id);
    if (known === undefined) return;
    this.#forget(known.facts);
    this.#moves += 1;
    this.#gone.push({ uid: known.uid, in: this.#segments });
  }

  #entries(): readonly Entry[] {
    if (this.#byUid.length === 0) this.#byUid = [...this.#live.values()].sort((a, b) => a.uid - b.uid);
    return this.#byUid;
  }
}

/** Oldest first; of equal dates the order is the ids', so that it is the same whenever the map is read. */
function inOrder(items: Iterable<ItemFacts>): ItemFacts[] {
  return [...items].sort((a, b) => a.received - b.received || (a.id < b.id ? -1 : 1));
}

function sameness({ key = '', received }: ItemFacts): string {
  return `${key} ${String(received)}`;
}

/**
 * A draft that was saved again is another message, as it is over IMAP; other mail does not change. A contact, an event, a
 * task or a note that was saved is another one: what its content says decides later whether it is to be written again.
 */
function isRewritten(before: ItemFacts, now: ItemFacts): boolean {
  if (before.version !== undefined || now.version !== undefined) return before.version !== now.version;
  const isDraft = before.flags.includes('\\Draft') || now.flags.includes('\\Draft');
  return isDraft && (before.size !== now.size || before.received !== now.received);
}

function isSame(before: ItemFacts, now: ItemFacts): boolean {
  return (
    before.size === now.size &&
    before.received === now.received &&
    before.notMail === now.notMail &&
    before.key === now.key &&
    before.version === now.version &&
    before.url === now.url &&
    before.flags.join(' ') === now.flags.join(' ')
  );
}

function withSeen(flags: readonly string[], read: boolean): string[] {
  const others = flags.filter((flag) => flag !== '\\Seen');
  return read ? ['\\Seen', ...others] : others;
}
