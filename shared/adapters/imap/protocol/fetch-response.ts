import { ResponseCursor } from './response-cursor.ts';
import type { FramedResponse } from './response-framer.ts';

/** What one FETCH response says; attributes that it did not hold are undefined. */
export interface FetchData {
  readonly sequence: number;
  uid: number | undefined;
  flags: readonly string[] | undefined;
  internalDate: string | undefined;
  size: number | undefined;
  modSeq: string | undefined;
  /** Body or section: its octets, 'streamed', or 'nil' where the server could not read the message. */
  body: Buffer | 'streamed' | 'nil' | undefined;
}

/** Distinct flag lists are few, messages many: each list is parsed once. */
export class FlagLists {
  readonly #known = new Map<string, readonly string[]>();

  /** `\Seen $Label1` as an array, without \Recent, which is the session's and not the message's. */
  parse(text: string): readonly string[] {
    const known = this.#known.get(text);
    if (known !== undefined) {
      return known;
    }
    if (this.#known.size > 4096) {
      this.#known.clear();
    }
    const flags = text.split(' ').filter((flag) => flag !== '' && flag.toLowerCase() !== '\\recent');
    // The key is cut from a line: a copy of its own keeps that line from staying in memory.
    this.#known.set(Buffer.from(text, 'latin1').toString('latin1'), flags);
    return flags;
  }
}

/** What a listing says of a message, as nearly every server writes it. */
const listed =
  /^\* \d+ FETCH \(UID (\d{1,10}) FLAGS \(([^()"]*)\) INTERNALDATE "(\d\d-\w{3}-\d{4} [\d:]{8} [+-]\d{4})" RFC822\.SIZE (\d{1,15})\)$/;
/** What stands around a body, and before it. */
const aroundBody = /^\* \d+ FETCH \(UID (\d{1,10}) BODY\[(?:HEADER)?\] \{\d+\}\)?$/;

/**
 * Also reads a response that ends, so far, with the `{n}` of a literal that is just beginning. A mailbox holds tens of
 * thousands of messages: the two usual forms are read by one look each, every other one attribute by attribute.
 */
export function parseFetch(response: FramedResponse, sequence: number, flagLists: FlagLists): FetchData {
  const body = aroundBody.exec(response.text);
  if (body !== null) {
    return { ...noData(sequence), uid: Number(body[1]), body: response.literals[0] ?? 'streamed' };
  }
  const known = listed.exec(response.text);
  if (known !== null) {
    const [, uid, flags = '', internalDate, size] = known;
    return { ...noData(sequence), uid: Number(uid), flags: flagLists.parse(flags), internalDate, size: Number(size) };
  }
  return parseAttributes(response, sequence, flagLists);
}

/** The UID of a response whose first attribute it is, as every known server writes it, and of others where it is whole. */
export function uidOfFetch(response: FramedResponse): number | undefined {
  const first = /^\* \d+ FETCH \(UID (\d{1,10})\b/.exec(response.text);
  return first === null ? parseFetch(response, 0, new FlagLists()).uid : Number(first[1]);
}

function noData(sequence: number): FetchData {
  return {
    sequence,
    uid: undefined,
    flags: undefined,
    internalDate: undefined,
    size: undefined,
    modSeq: undefined,
    body: undefined,
  };
}

function parseAttributes(response: FramedResponse, sequence: number, flagLists: FlagLists): FetchData {
  const data = noData(sequence);
  const cursor = new ResponseCursor(response, response.text.indexOf('('));
  cursor.take('(');
  while (!cursor.atEnd && !cursor.take(')')) {
    readAttribute(cursor, data, flagLists);
  }
  return data;
}

function readAttribute(cursor: ResponseCursor, data: FetchData, flagLists: FlagLists): void {
  const name = cursor.attributeName();
  switch (name) {
    case 'UID':
      data.uid = cursor.number();
      return;
    case 'FLAGS':
      data.flags = flagLists.parse(cursor.flatList());
      return;
    case 'INTERNALDATE':
      data.internalDate = twoDigitDay(cursor.string()?.trim());
      return;
    case 'RFC822.SIZE':
      data.size = cursor.count();
      return;
    case 'MODSEQ':
      data.modSeq = cursor.flatList();
      return;
    case '':
      // Nothing that begins an attribute: step over one value, or stop at a stray character.
      if (cursor.value() === '') {
        cursor.word();
      }
      return;
    default:
      readSection(cursor, data, name);
  }
}

/** `date-day-fixed` of RFC 3501 may be blank-padded; APPEND takes two digits everywhere. */
function twoDigitDay(date: string | undefined): string | undefined {
  return date !== undefined && /^\d-/.test(date) ? `0${date}` : date;
}

function readSection(cursor: ResponseCursor, data: FetchData, name: string): void {
  if (!isBodySection(name)) {
    cursor.value();
    return;
  }
  cursor.skipBlanks();
  if (/^~?\{/.test(cursor.rest)) {
    cursor.take('~');
    data.body = cursor.literal() ?? 'streamed';
    return;
  }
  const text = cursor.string();
  data.body = text === undefined ? 'nil' : Buffer.from(text, 'latin1');
}

/** BODY[...], BINARY[...], RFC822 and RFC822.HEADER: what may be large and is handed out as octets. */
function isBodySection(name: string): boolean {
  return name.startsWith('BODY[') || name.startsWith('BINARY[') || name === 'RFC822' || name === 'RFC822.HEADER';
}

/** Whether the literal that begins at the end of `text` is a body section. */
export function endsInBodySection(text: string): boolean {
  return /(?:[ (]BODY\[[^\]]*\]|[ (]BINARY\[[^\]]*\]|[ (]RFC822(?:\.HEADER)?)(?:<\d+>)? ~?\{\d+\+?\}$/i.test(text);
}
