import { corruptStream } from './transfer-failure.ts';
import type { TransferredProperty, TransferredValue } from './transferred-property.ts';

/** Markers of [MS-OXCFXICS] 2.2.4.1.4 that an item may hold. */
export const marker = {
  newAttach: 0x4000_0003,
  startEmbed: 0x4001_0003,
  endEmbed: 0x4002_0003,
  startRecip: 0x4003_0003,
  endToRecip: 0x4004_0003,
  endAttach: 0x400e_0003,
} as const;
const markers: ReadonlySet<number> = new Set(Object.values(marker));
/** Markers of folders and whole messages: an item that was copied alone has none. */
const foreignMarkers: ReadonlySet<number> = new Set([
  0x4009_0003, 0x400a_0003, 0x400b_0003, 0x400c_0003, 0x400d_0003, 0x4010_0003, 0x4018_0003,
]);
const deletesProperty = 0x4016_0003;
const metaProperties: ReadonlySet<number> = new Set([0x4008, 0x400f]);

export type StreamElement =
  | { readonly kind: 'marker'; readonly marker: number }
  /** MetaTagFXDelProp: what follows stands in place of recipients or attachments. */
  | { readonly kind: 'replaces'; readonly tag: number }
  | { readonly kind: 'property'; readonly property: TransferredProperty }
  | { readonly kind: 'meta' };

/** Reads a stream element by element; 400 where it ends amidst one or has what it may not. */
export class StreamElements {
  readonly #stream: Buffer;
  #at = 0;

  constructor(stream: Buffer) {
    this.#stream = stream;
  }

  get atEnd(): boolean {
    return this.#at >= this.#stream.length;
  }

  next(): StreamElement {
    const word = this.#take(4).readUInt32LE(0);
    if (markers.has(word)) return { kind: 'marker', marker: word };
    if (foreignMarkers.has(word)) throw corruptStream('it holds a marker that an item has not');
    if (word === deletesProperty) return { kind: 'replaces', tag: this.#take(4).readUInt32LE(0) };
    const [type, id] = [word & 0xffff, word >>> 16];
    const named = id >= 0x8000 ? this.#name() : undefined;
    const value = this.#values(type);
    if (metaProperties.has(id)) return { kind: 'meta' };
    return { kind: 'property', property: { id, type: baseType(type), named, value } };
  }

  #name(): NonNullable<TransferredProperty['named']> {
    const guid = guidText(this.#take(16));
    const kind = this.#take(1).readUInt8(0);
    if (kind === 0) return { guid, lid: this.#take(4).readUInt32LE(0) };
    if (kind !== 1) throw corruptStream('a property has a name of no known kind');
    const end = this.#terminator();
    const name = this.#take(end - this.#at).toString('utf16le');
    this.#take(2);
    return { guid, name };
  }

  #terminator(): number {
    for (let at = this.#at; at + 1 < this.#stream.length; at += 2) if (this.#stream.readUInt16LE(at) === 0) return at;
    throw corruptStream('a name does not end');
  }

  #values(type: number): TransferredProperty['value'] {
    if (!isMultiple(type)) return this.#value(type);
    const count = this.#take(4).readUInt32LE(0);
    if (count > this.#stream.length) throw corruptStream('a property has more values than octets');
    return Array.from({ length: count }, () => this.#value(type & ~0x1000));
  }

  #value(type: number): TransferredValue {
    switch (type) {
      case 0x02:
        return this.#take(2).readInt16LE(0);
      case 0x03:
      case 0x0a:
        return this.#take(4).readInt32LE(0);
      case 0x04:
        return this.#take(4).readFloatLE(0);
      case 0x05:
      case 0x07:
        return this.#take(8).readDoubleLE(0);
      case 0x06:
      case 0x14:
        return this.#take(8).readBigInt64LE(0);
      case 0x0b:
        return this.#take(2).readUInt16LE(0) !== 0;
      case 0x40:
        return timeText(this.#take(8).readBigUInt64LE(0));
      case 0x48:
        return guidText(this.#take(16));
      default:
        return this.#variable(type);
    }
  }

  #variable(type: number): TransferredValue {
    const encoding = encodingOf(type);
    if (encoding === undefined && ![0x0d, 0xfb, 0x102].includes(type))
      throw corruptStream(`a property has type 0x${type.toString(16)}, which none has`);
    const octets = this.#take(this.#take(4).readUInt32LE(0));
    return encoding === undefined ? octets : text(octets, encoding);
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#stream.length) throw corruptStream('it ends amidst a property');
    this.#at += length;
    return this.#stream.subarray(this.#at - length, this.#at);
  }
}

/** UTF-8's own number has the bit that else means several values. */
function isMultiple(type: number): boolean {
  return type !== 0xfde9 && (type & 0x1000) !== 0;
}

function baseType(type: number): number {
  const single = isMultiple(type) ? type & ~0x1000 : type;
  return encodingOf(single) === undefined ? single : 0x1f;
}

function encodingOf(type: number): string | undefined {
  if (type === 0x1f || type === 0x84b0) return 'utf-16le';
  if (type === 0x1e) return 'windows-1252';
  if (type === 0xfde9) return 'utf-8';
  return (type & 0x8000) === 0 ? undefined : 'windows-1252';
}

/** With its terminator, which must be there. */
function text(octets: Buffer, encoding: string): string {
  const width = encoding === 'utf-16le' ? 2 : 1;
  if (octets.length % width !== 0 || octets.length < width) throw corruptStream('a text has no whole letters');
  if (octets.subarray(-width).some((octet) => octet !== 0)) throw corruptStream('a text does not end with NUL');
  return new TextDecoder(encoding).decode(octets.subarray(0, -width));
}

function timeText(fileTime: bigint): string {
  const epochMs = Number(fileTime / 10_000n) - 11_644_473_600_000;
  return Math.abs(epochMs) > 8.64e15 ? '1601-01-01T00:00:00Z' : `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

function guidText(octets: Buffer): string {
  const part = (from: number, to: number): string => Buffer.from(octets.subarray(from, to)).reverse().toString('hex');
  return `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}-${octets.toString('hex', 8, 10)}-${octets.toString('hex', 10)}`;
}
