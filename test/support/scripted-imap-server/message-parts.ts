import { quoted } from './command-arguments.ts';

/** The header with its empty line, and the rest. */
export function splitMessage(octets: Buffer): { readonly header: Buffer; readonly body: Buffer } {
  if (octets.subarray(0, 2).equals(Buffer.from('\r\n'))) {
    return { header: octets.subarray(0, 2), body: octets.subarray(2) };
  }
  const end = octets.indexOf('\r\n\r\n');
  const cut = end === -1 ? octets.length : end + 4;
  return { header: octets.subarray(0, cut), body: octets.subarray(cut) };
}

interface HeaderField {
  readonly name: string;
  /** With its folding and line end. */
  readonly text: string;
}

function fieldsOf(octets: Buffer): readonly HeaderField[] {
  const lines = splitMessage(octets)
    .header.toString('latin1')
    .split(/(?<=\r\n)(?![ \t])/);
  return lines.flatMap((text) => {
    const colon = text.indexOf(':');
    return colon === -1 ? [] : [{ name: text.slice(0, colon).trim().toLowerCase(), text }];
  });
}

/** What `BODY[section]` holds: all, HEADER, TEXT, HEADER.FIELDS (...), HEADER.FIELDS.NOT (...). */
export function sectionOf(octets: Buffer, section: string): Buffer {
  const upper = section.toUpperCase();
  const { header, body } = splitMessage(octets);
  if (upper === '') return octets;
  if (upper === 'HEADER') return header;
  if (upper === 'TEXT' || upper === '1') return body;
  const fields = /^HEADER\.FIELDS(\.NOT)? \((.*)\)$/.exec(upper);
  if (fields === null) return Buffer.alloc(0);
  const names = new Set((fields[2] ?? '').toLowerCase().replaceAll('"', '').split(' '));
  const chosen = fieldsOf(octets).filter(({ name }) => names.has(name) === (fields[1] === undefined));
  return Buffer.from(`${chosen.map(({ text }) => text).join('')}\r\n`, 'latin1');
}

export function headerValue(octets: Buffer, name: string): string | undefined {
  const field = fieldsOf(octets).find((candidate) => candidate.name === name.toLowerCase());
  return field?.text
    .slice(field.text.indexOf(':') + 1)
    .replace(/\r\n/g, '')
    .trim();
}

/** Enough of an ENVELOPE for clients: addresses are left out. */
export function envelopeOf(octets: Buffer): string {
  const value = (name: string): string => {
    const text = headerValue(octets, name);
    return text === undefined ? 'NIL' : quoted(text);
  };
  return `(${value('date')} ${value('subject')} NIL NIL NIL NIL NIL NIL ${value('in-reply-to')} ${value('message-id')})`;
}

export function bodyStructureOf(octets: Buffer): string {
  const { body } = splitMessage(octets);
  const lines = body.toString('latin1').split('\r\n').length;
  return `("text" "plain" ("charset" "utf-8") NIL NIL "8bit" ${body.length} ${lines} NIL NIL NIL NIL)`;
}
