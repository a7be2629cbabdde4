import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { headerLimit } from '../../../domain/item-digest.ts';

/**
 * The header fields by which an item is known again (Message-ID, Date, From, Subject), octet by octet as they were
 * written. Graph takes messages apart: the names and dates that it gives back are not the text that stood there, so the
 * text is kept in a property of ours.
 */
export function headOf(octets: Uint8Array): Buffer {
  const header = headerSection(octets);
  const text = header.toString('latin1');
  const found = new Map<string, string>();
  const field = /^(message-id|date|from|subject)[ \t]*:(?:[^\r\n]|\r(?!\n)|\r?\n(?=[ \t]))*/gim;
  for (const match of text.matchAll(field)) {
    const name = (match[1] ?? '').toLowerCase();
    if (!found.has(name)) found.set(name, match[0].replace(/\r?\n/g, '\r\n'));
  }
  return Buffer.from([...found.values(), ''].join('\r\n'), 'latin1');
}

/** With the line end of its last field, without the empty line. The whole message where it has none. */
export function headerSection(octets: Uint8Array): Buffer {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  const crlf = buffer.indexOf('\r\n\r\n');
  const lf = buffer.indexOf('\n\n');
  const ends = [crlf === -1 ? Infinity : crlf + 2, lf === -1 ? Infinity : lf + 1, buffer.length, headerLimit];
  return buffer.subarray(0, Math.min(...ends));
}

/** As the value of a property: text, whatever octets there are, and small. */
export function encodeHead(head: Buffer): string {
  return deflateRawSync(head).toString('base64');
}

/** Undefined: it is not what we wrote. */
export function decodeHead(value: string): Buffer | undefined {
  try {
    return inflateRawSync(Buffer.from(value, 'base64'), { maxOutputLength: headerLimit });
  } catch {
    // Somebody else's property under our name, or one that was cut off: as good as none.
    return undefined;
  }
}
