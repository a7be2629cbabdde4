/** One element of BER (X.690 section 8.1): its tag octet and its contents. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octets: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Writes an element; the lengths are definite and as short as can be, which makes it DER too. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(content.length), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(tags.sequence, ...parts);
}

export function text(value: string, tag: number = tags.octets): Buffer {
  return element(tag, Buffer.from(value));
}

/** Whole numbers from 0 to 2^31 - 1. */
export function integer(value: number, tag: number = tags.integer): Buffer {
  const octets = Buffer.alloc(5);
  octets.writeUInt32BE(value, 1);
  // As short as can be, but the first bit is the sign.
  let start = 0;
  while (start < 4 && octets[start] === 0 && (octets[start + 1] ?? 0) < 0x80) start += 1;
  return element(tag, octets.subarray(start));
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(length);
  const start = octets.findIndex((octet) => octet !== 0);
  return Buffer.concat([Buffer.from([0x80 | (4 - start)]), octets.subarray(start)]);
}

/** The first element and what follows it; undefined while octets are missing. Throws for what is no BER as LDAP uses it. */
export function readElement(octets: Buffer): { readonly element: Element; readonly rest: Buffer } | undefined {
  const [tag, first] = octets;
  if (tag === undefined || first === undefined) return undefined;
  const count = first < 0x80 ? 0 : first & 0x7f;
  // RFC 4511 section 5.1: definite lengths only.
  if (first === 0x80 || count > 4) throw new Error('An LDAP message with a length of this form cannot be read.');
  if (octets.length < 2 + count) return undefined;
  const start = 2 + count;
  const end = start + (count === 0 ? first : octets.readUIntBE(2, count));
  if (octets.length < end) return undefined;
  return { element: { tag, content: octets.subarray(start, end) }, rest: octets.subarray(end) };
}

export function readAll(content: Buffer): readonly Element[] {
  const found: Element[] = [];
  let rest = content;
  while (rest.length > 0) {
    const next = readElement(rest);
    if (next === undefined) throw new Error('An element ends before its end.');
    found.push(next.element);
    rest = next.rest;
  }
  return found;
}

export function readInteger({ content }: Element): number {
  return content.length === 0 ? 0 : content.readIntBE(0, Math.min(content.length, 6));
}
