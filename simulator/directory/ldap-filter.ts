import { readAll, type Element } from './der.ts';
import { isSameValue, type PracticeEntry } from './practice-entry.ts';

/** Bit-wise AND, [MS-ADTS] section 3.1.1.3.4.4.1. */
const bitAnd = '1.2.840.113556.1.4.803';

/** Whether an entry matches a filter as it is on the wire, RFC 4511 section 4.5.1.7. */
export function matches(filter: Element, entry: PracticeEntry): boolean {
  switch (filter.tag) {
    case 0xa0:
      return readAll(filter.content).every((part) => matches(part, entry));
    case 0xa1:
      return readAll(filter.content).some((part) => matches(part, entry));
    case 0xa2:
      return readAll(filter.content).every((part) => !matches(part, entry));
    case 0xa3:
    case 0xa8:
      return hasEqual(filter, entry);
    case 0xa4:
      return hasSubstrings(filter, entry);
    case 0xa5:
      return compares(filter, entry, (value, limit) => value >= limit);
    case 0xa6:
      return compares(filter, entry, (value, limit) => value <= limit);
    case 0x87:
      return isPresent(filter.content.toString(), entry);
    case 0xa9:
      return hasBits(filter, entry);
    default:
      throw new Error(`A filter of the tag ${String(filter.tag)} is not understood.`);
  }
}

function isPresent(attribute: string, entry: PracticeEntry): boolean {
  return attribute.toLowerCase() === 'objectclass' || entry.values(attribute).length > 0;
}

function assertion({ content }: Element): { readonly attribute: string; readonly value: Buffer } {
  const [attribute, value] = readAll(content);
  return { attribute: attribute?.content.toString() ?? '', value: value?.content ?? Buffer.alloc(0) };
}

function hasEqual(filter: Element, entry: PracticeEntry): boolean {
  const { attribute, value } = assertion(filter);
  return entry.values(attribute).some((one) => isSameValue(attribute, one, value));
}

function compares(filter: Element, entry: PracticeEntry, holds: (value: bigint, limit: bigint) => boolean): boolean {
  const { attribute, value } = assertion(filter);
  const numbers = entry.texts(attribute).filter((text) => /^-?\d+$/.test(text));
  const limit = value.toString();
  return /^-?\d+$/.test(limit) && numbers.some((text) => holds(BigInt(text), BigInt(limit)));
}

/** `initial` (0x80), `any` (0x81) and `final` (0x82) parts, in order, without regard to case. */
function hasSubstrings({ content }: Element, entry: PracticeEntry): boolean {
  const [attribute, parts] = readAll(content);
  if (attribute === undefined || parts === undefined) return false;
  const wanted = readAll(parts.content).map(({ tag, content: part }) => ({ tag, text: part.toString().toLowerCase() }));
  return entry.texts(attribute.content.toString()).some((value) => holdsInOrder(value.toLowerCase(), wanted));
}

function holdsInOrder(value: string, parts: readonly { readonly tag: number; readonly text: string }[]): boolean {
  let from = 0;
  for (const { tag, text } of parts) {
    const at = tag === 0x82 ? Math.max(from, value.length - text.length) : value.indexOf(text, from);
    if (at < from || !value.startsWith(text, at) || (tag === 0x80 && at !== 0)) return false;
    from = at + text.length;
  }
  return true;
}

function hasBits({ content }: Element, entry: PracticeEntry): boolean {
  const parts = new Map(readAll(content).map(({ tag, content: part }) => [tag, part.toString()]));
  if (parts.get(0x81) !== bitAnd) return false;
  const mask = BigInt(parts.get(0x83) ?? '0');
  return entry.texts(parts.get(0x82) ?? '').some((text) => (BigInt(text) & mask) === mask);
}
