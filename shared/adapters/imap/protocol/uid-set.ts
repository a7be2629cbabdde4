/** Sequence sets (RFC 3501 `sequence-set`): `1:5,9,12:20`. */

import { ImapProtocolError } from './imap-error.ts';

/** More than any mailbox holds: a set that names more (`1:4294967295`) is nonsense, and as an array takes all memory. */
const mostUids = 10_000_000;

/** Servers refuse command lines above 8 kB (RFC 7162 section 4: at least 8192 octets); room for tag and command. */
const longestSet = 7000;

/** Ascending UIDs as sets that each fit a command line. No UIDs, no sets. */
export function formatUidSets(uids: readonly number[], longest: number = longestSet): string[] {
  const sets: string[] = [];
  let set = '';
  for (const run of runsOf(uids)) {
    const range = run.first === run.last ? String(run.first) : `${String(run.first)}:${String(run.last)}`;
    if (set !== '' && set.length + 1 + range.length > longest) {
      sets.push(set);
      set = range;
    } else {
      set = set === '' ? range : `${set},${range}`;
    }
  }
  if (set !== '') {
    sets.push(set);
  }
  return sets;
}

/**
 * The numbers of a set in the order written (APPENDUID and COPYUID sets are in that order, RFC 4315 section 3), only
 * those within `bounds`: a server may answer VANISHED with 1:4294967295, which nobody wants as an array.
 */
export function parseUidSet(
  set: string,
  bounds: { readonly from: number; readonly to: number } = { from: 1, to: 0xffff_ffff },
): number[] {
  const uids: number[] = [];
  for (const range of set.split(',')) {
    const match = /^(\d+)(?::(\d+))?$/.exec(range.trim());
    if (match === null) {
      continue;
    }
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    const low = Math.max(Math.min(first, last), bounds.from);
    const high = Math.min(Math.max(first, last), bounds.to);
    if (uids.length + high - low >= mostUids) {
      throw new ImapProtocolError('The server names more UIDs than any mailbox has.');
    }
    for (let uid = low; uid <= high; uid += 1) {
      uids.push(uid);
    }
  }
  return uids;
}

function* runsOf(uids: readonly number[]): Generator<{ first: number; last: number }> {
  let first: number | undefined;
  let last = 0;
  for (const uid of uids) {
    if (first !== undefined && uid === last + 1) {
      last = uid;
      continue;
    }
    if (first !== undefined) {
      yield { first, last };
    }
    first = uid;
    last = uid;
  }
  if (first !== undefined) {
    yield { first, last };
  }
}

/** The UIDs of a set as sent (`1:5,9` or `20:*`): asked about without making a list of them. */
export class UidSet {
  readonly #ranges: readonly { readonly first: number; readonly last: number }[];
  readonly #lowest: number;
  readonly #highest: number;
  /** Where the last UID was found, or -1: who asks for all of them asks mostly in their order. */
  #at = 0;

  constructor(set: string) {
    this.#ranges = set.split(',').map((range) => {
      const [first = '0', last = first] = range.split(':');
      return { first: Number(first), last: last === '*' ? Infinity : Number(last) };
    });
    this.#lowest = Math.min(...this.#ranges.map(({ first }) => first));
    this.#highest = Math.max(...this.#ranges.map(({ last }) => last));
  }

  has(uid: number): boolean {
    if (uid < this.#lowest || uid > this.#highest) return false;
    if (!this.#holds(this.#at, uid)) {
      const next = this.#at + 1;
      this.#at = this.#holds(next, uid) ? next : this.#ranges.findIndex((_, at) => this.#holds(at, uid));
    }
    return this.#at !== -1;
  }

  /** Whether no UID is in both. */
  isApartFrom(other: UidSet): boolean {
    if (this.#highest < other.#lowest || other.#highest < this.#lowest) return true;
    return this.#ranges.every((a) => other.#ranges.every((b) => a.last < b.first || b.last < a.first));
  }

  #holds(at: number, uid: number): boolean {
    const range = this.#ranges[at];
    return range !== undefined && range.first <= uid && uid <= range.last;
  }
}
