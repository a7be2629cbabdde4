import { createHash } from 'node:crypto';

/**
 * What stands in a property of every item that we make: a line of text that fits into 255 characters (longer values are
 * cut off in listings).
 */
export interface ItemMark {
  /** Of an item that is no mail: its key at the source. Empty for mail. */
  readonly key: string;
  /** Which version of it this is; of mail what it is known by. */
  readonly version: string;
  /** Random, one for each time that a mailbox was opened: tells what is being written from what was left half done. */
  readonly session: string;
  /** The folder that it was made in, see `placeOf`. */
  readonly place: string;
  /**
   * Calls that are to follow the first one until the item is whole: attachments, occurrences. The last call of all sets
   * it to 0: what still says another number was left half done.
   */
  readonly parts: number;
  /** Octets of all attachments, also of those that came with the first call. */
  readonly octets: number;
  /** INTERNALDATE, epoch seconds. */
  readonly date: number;
  /** Octets at the source. */
  readonly size: number;
  /** Short names of what was lost. */
  readonly losses: readonly string[];
}

const longest = 255;

/** Short for a folder's id. */
export function placeOf(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 8);
}

export function encodeMark(mark: ItemMark): string {
  const { key, version, session, place, parts, octets, date, size } = mark;
  const numbers = [parts, octets, date, size].map(String);
  const head = ['1', key, version, session, place, ...numbers].join(';');
  let losses = '';
  for (const loss of mark.losses) {
    const more = losses === '' ? loss : `${losses},${loss}`;
    if (head.length + 1 + more.length > longest) break;
    losses = more;
  }
  return `${head};${losses}`;
}

/** Undefined: it is none of ours, or of a version that is not known here. */
export function decodeMark(text: string | undefined): ItemMark | undefined {
  const fields = /^1;([0-9a-f]*);([0-9a-f]*);([0-9a-f]+);([0-9a-f]+);(\d+);(\d+);(-?\d+);(\d+);([a-z0-9,-]*)$/
    .exec(text ?? '')
    ?.slice(1);
  if (fields === undefined) return undefined;
  const [key = '', version = '', session = '', place = '', parts, octets, date, size, losses = ''] = fields;
  return {
    key,
    version,
    session,
    place,
    parts: Number(parts),
    octets: Number(octets),
    date: Number(date),
    size: Number(size),
    losses: losses === '' ? [] : losses.split(','),
  };
}
