import { createHash, hash, type Hash } from 'node:crypto';
import { TextDecoder } from 'node:util';
import { internalDateSeconds } from './internal-date.ts';
import { firstDeviation } from './line-ends.ts';

/** Digests of one item; base64 SHA-256. */
export interface ItemDigest {
  /** Of the octets as read. */
  readonly sha256: string;
  /**
   * Of the canonical form (every line ends in CRLF, no NUL), only where it differs: the form in which we send, and servers
   * keep, messages with bare LF or NUL, which RFC 5322 section 2.3 and RFC 9051 section 4.3.1 do not allow.
   */
  readonly canonical?: string | undefined;
  readonly size: number;
  /** Header section, one character an octet, at most `headerLimit`, for the fingerprint. */
  readonly header: string;
}

const CR = 13;
const LF = 10;
/** Headers beyond this do not count: a fingerprint needs four fields, and a broken message may be all header. */
export const headerLimit = 256 * 1024;

/**
 * Digests an item while it streams by. The usual message is already canonical: then this is one SHA-256 and one search a
 * chunk. At the first octet that is not, the hash is forked and both forms are followed.
 */
export class ItemDigester {
  readonly #announced: number | undefined;
  /** SHA-256 of an item that came in one chunk, which needs no object for its hash; base64. */
  #whole: string | undefined;
  #raw: Hash | undefined;
  #canonical: Hash | undefined;
  #size = 0;
  #endsInCr = false;
  /** What came before the end of the header. */
  #begun: Buffer = noOctets;
  #header: string | undefined;

  /** `announced`: how many octets come, where that is known. */
  constructor(announced?: number) {
    this.#announced = announced;
  }

  /** False once an octet came that the canonical form changes. */
  get isCanonical(): boolean {
    return this.#canonical === undefined;
  }

  update(octets: Uint8Array): void {
    if (octets.length === 0) return;
    if (this.#whole !== undefined) throw new Error('More octets came than were announced.');
    const deviation = this.#canonical === undefined ? firstDeviation(octets, this.#endsInCr) : 0;
    if (this.#header === undefined) this.#keepHeader(asBuffer(octets), deviation);
    if (deviation === -1 && this.#size === 0 && octets.length === this.#announced)
      this.#whole = hash('sha256', octets, 'base64');
    else this.#digest(octets, deviation);
    this.#size += octets.length;
    this.#endsInCr = octets[octets.length - 1] === CR;
  }

  finish(): ItemDigest {
    const sha256 = this.#whole ?? (this.#raw ?? createHash('sha256')).digest('base64');
    const canonical = this.#canonical?.digest('base64');
    return {
      sha256,
      size: this.#size,
      header: this.#header ?? latin1(this.#begun),
      ...(canonical === undefined || canonical === sha256 ? {} : { canonical }),
    };
  }

  #digest(octets: Uint8Array, deviation: number): void {
    this.#raw ??= createHash('sha256');
    if (deviation === -1) {
      this.#raw.update(octets);
      return;
    }
    if (this.#canonical !== undefined) {
      this.#raw.update(octets);
      this.#canonical.update(canonicalForm(octets, this.#endsInCr));
      return;
    }
    this.#raw.update(octets.subarray(0, deviation));
    this.#canonical = this.#raw.copy();
    this.#raw.update(octets.subarray(deviation));
    const previousIsCr = deviation === 0 ? this.#endsInCr : octets[deviation - 1] === CR;
    this.#canonical.update(canonicalForm(octets.subarray(deviation), previousIsCr));
  }

  #keepHeader(chunk: Buffer, deviation: number): void {
    const isFirst = this.#begun.length === 0;
    // The end of the header may lie across two chunks, so look at the joined octets.
    const joined = isFirst ? chunk : Buffer.concat([this.#begun, chunk]);
    const soFar = joined.subarray(0, headerLimit);
    const end = headerEnd(soFar, isFirst ? deviation : 0);
    if (end !== -1 || soFar.length === headerLimit) this.#header = latin1(end === -1 ? soFar : soFar.subarray(0, end));
    // Socket chunks are reused: copy.
    else this.#begun = Buffer.from(soFar);
  }
}

const noOctets = Buffer.alloc(0);
const emptyLine = Buffer.from('\r\n\r\n');
const bareEmptyLine = Buffer.from('\n\n');

/** `deviation`: before it no line ends in a bare LF; -1 where none does. */
function headerEnd(octets: Buffer, deviation: number): number {
  const crlf = octets.indexOf(emptyLine);
  if (crlf !== -1 && (deviation === -1 || deviation > crlf)) return crlf + 2;
  const before = crlf === -1 ? octets : octets.subarray(0, crlf);
  const lf = before.indexOf(bareEmptyLine);
  if (lf !== -1) return lf + 1;
  return crlf === -1 ? -1 : crlf + 2;
}

/** One character an octet. */
function latin1(octets: Buffer): string {
  return octets.toString('latin1');
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}

/**
 * CRLF line ends, and 0x80 for NUL: what Dovecot makes of it, and the same length, so that an announced literal need not
 * be taken back when a NUL turns up in it. A lone CR stays: servers leave it alone.
 */
export function canonicalForm(octets: Uint8Array, previousIsCr = false): Buffer {
  const out = Buffer.allocUnsafe(octets.length * 2);
  let length = 0;
  let afterCr = previousIsCr;
  for (const octet of octets) {
    if (octet === LF && !afterCr) out[length++] = CR;
    out[length++] = octet === 0 ? 0x80 : octet;
    afterCr = octet === CR;
  }
  return out.subarray(0, length);
}

/** The digest by which `bytes` sameness is decided. */
export function canonicalDigest(digest: Pick<ItemDigest, 'sha256' | 'canonical'>): string {
  return digest.canonical ?? digest.sha256;
}

export interface Fingerprint {
  /** Keyed SHA-256, base64. */
  readonly value: string;
  /** False where Message-ID is missing: equality is then only a doubt. */
  readonly certain: boolean;
}

/**
 * Sameness for servers that alter octets, from a header section of one character an octet: a keyed SHA-256 over
 * Message-ID, Date, From and Subject (unfolded, encoded words decoded) and INTERNALDATE to the second. Keyed, so that a
 * ledger does not give subjects away to guessing.
 */
export function fingerprint(header: string, internalDate: string, key: FingerprintKey): Fingerprint {
  const fields = headerFields(header);
  const messageId = fields.get('message-id') ?? '';
  let text = '';
  for (const name of fingerprintFields) text += `${decodeWords(fields.get(name) ?? '')}\0`;
  text += String(internalDateSeconds(internalDate));
  return { value: key.hmac(text), certain: messageId !== '' };
}

/** Octets of a block of SHA-256, and of its digest. */
const blockLength = 64;
const digestLength = 32;

/**
 * HMAC-SHA-256 (RFC 2104) of short texts under one key. Made of two plain hashes over buffers that are used again: an
 * object of its own for each text, as `createHmac` makes, takes several times as long as the hashing.
 */
export class FingerprintKey {
  /** The key's inner block, and room for a text behind it. */
  #inner: Buffer;
  /** The key's outer block, and the inner digest behind it. */
  readonly #outer: Buffer;

  /** At most 64 octets (longer ones RFC 2104 has hashed first). */
  constructor(key: Uint8Array) {
    if (key.length > blockLength) throw new RangeError('A key of a fingerprint has at most 64 octets');
    this.#inner = Buffer.alloc(4096);
    this.#outer = Buffer.alloc(blockLength + digestLength);
    this.#inner.fill(0x36, 0, blockLength);
    this.#outer.fill(0x5c, 0, blockLength);
    for (const [at, octet] of key.entries()) {
      this.#inner[at] = octet ^ 0x36;
      this.#outer[at] = octet ^ 0x5c;
    }
  }

  /** Base64, of the text in UTF-8. */
  hmac(text: string): string {
    // UTF-8 takes at most three octets for what is one unit of a string.
    const most = blockLength + 3 * text.length;
    if (most > this.#inner.length) this.#inner = Buffer.concat([this.#inner.subarray(0, blockLength)], most);
    const end = blockLength + this.#inner.write(text, blockLength, 'utf8');
    // As text: a buffer of its own for each takes four times as long to make as the hash.
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'binary'), blockLength, 'binary');
    return hash('sha256', this.#outer, 'base64');
  }
}

const fingerprintFields = ['message-id', 'date', 'from', 'subject'] as const;

/** First occurrence of each field of the fingerprint, unfolded (RFC 5322 section 2.2.3), white space collapsed. */
function headerFields(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const field = /(message-id|date|from|subject)[ \t]*:((?:[^\r\n]|\r(?!\n)|\r?\n(?=[ \t]))*)/iy;
  for (let start = 0; found.size < fingerprintFields.length;) {
    if (mayBegin(text.charCodeAt(start))) {
      field.lastIndex = start;
      const match = field.exec(text);
      const name = match?.[1]?.toLowerCase();
      if (name !== undefined && !found.has(name)) found.set(name, collapsed(match?.[2] ?? ''));
    }
    const lineEnd = text.indexOf('\n', start);
    if (lineEnd === -1) break;
    start = lineEnd + 1;
  }
  return found;
}

/** Whether a field of the fingerprint may begin with this letter: spares most lines a closer look. */
function mayBegin(letter: number): boolean {
  switch (letter | 0x20) {
    case 0x64: // d
    case 0x66: // f
    case 0x6d: // m
    case 0x73: // s
      return true;
    default:
      return false;
  }
}

function collapsed(value: string): string {
  return /[\r\n\t]| {2}/.test(value) ? value.replace(/[\r\n\t ]+/g, ' ').trim() : value.trim();
}

/** RFC 2047 encoded words to text; 8-bit octets that form UTF-8 are read as UTF-8, since servers may re-encode them. */
function decodeWords(value: string): string {
  if (!value.includes('=?')) return eightBit(value);
  const joined = value.replace(/(\?=) +(=\?)/g, '$1$2');
  return joined.replace(
    /=\?([^?\s]+)\?([bq])\?([^?\s]*)\?=/gi,
    (whole, charset: string, encoding: string, text: string) => {
      const octets =
        encoding.toLowerCase() === 'b'
          ? Buffer.from(text, 'base64')
          : Buffer.from(
              text
                .replace(/_/g, ' ')
                .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
              'latin1',
            );
      return decoded(octets, charset) ?? whole;
    },
  );
}

const byteOrderMark = 0xef;

/** Undefined: a charset that is not known. A language may follow its name (RFC 2231 section 5). */
function decoded(octets: Buffer, charset: string): string | undefined {
  const name = (charset.split('*')[0] ?? charset).toLowerCase();
  // As the decoder does, which leaves the mark out and takes several times as long.
  if (name === 'utf-8' && octets[0] !== byteOrderMark) return octets.toString('utf8');
  return decoderOf(name)?.decode(octets);
}

/** Making one takes longer than decoding with it. Null: a charset that is not known. */
const decoders = new Map<string, TextDecoder | null>();
const mostDecoders = 64;

function decoderOf(charset: string): TextDecoder | null {
  const known = decoders.get(charset);
  if (known !== undefined) return known;
  if (decoders.size >= mostDecoders) decoders.clear();
  const decoder = newDecoder(charset);
  decoders.set(charset, decoder);
  return decoder;
}

function newDecoder(charset: string): TextDecoder | null {
  try {
    return new TextDecoder(charset);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function eightBit(value: string): string {
  // eslint-disable-next-line no-control-regex -- "any octet above ASCII" is what is meant
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  const octets = Buffer.from(value, 'latin1');
  const text = octets.toString('utf8');
  return text.includes('�') ? value : text;
}
