import type { Person } from './item-parts.ts';

/** Longest text of a header that is written: subjects in Exchange have up to 255 characters. */
const mostCharacters = 255;

/** One line without control characters, white space collapsed, bounded, no half surrogate pair. */
export function headerText(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return Array.from(line).slice(0, mostCharacters).join('').trim();
}

/** Octets of an encoded word's text: 75 characters at most with `=?UTF-8?B?` and `?=` (RFC 2047 section 2). */
const wordOctets = 45;

/** ASCII as it is; anything else, and what looks like an encoded word, as encoded words on lines of their own. */
export function encodedHeader(text: string): string {
  const clean = headerText(text);
  if (/^[\x20-\x7e]*$/.test(clean) && !clean.includes('=?') && clean.length <= 900) return clean;
  const words: string[] = [];
  let word = '';
  for (const character of clean) {
    if (Buffer.byteLength(word + character) > wordOctets) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  words.push(word);
  return words.map((part) => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`).join('\r\n ');
}

/** An address of RFC 5322 section 3.4; what is no address becomes one that leads nowhere. */
export function encodedMailbox({ name, address }: Person): string {
  const usable = /^[^\s<>@,;:"()[\]\\]+@[^\s<>@,;:"()[\]\\]+$/.test(address) && /^[\x21-\x7e]+$/.test(address);
  const mailbox = usable && address.length <= 254 ? address : 'unknown@stagecoach.invalid';
  const shown = headerText(name);
  if (shown === '') return mailbox;
  const phrase = /^[A-Za-z0-9 ]+$/.test(shown) ? shown : encodedWordOrQuoted(shown);
  return `${phrase} <${mailbox}>`;
}

function encodedWordOrQuoted(text: string): string {
  const encoded = encodedHeader(text);
  return encoded.startsWith('=?') ? encoded : `"${encoded.replace(/["\\]/g, '\\$&')}"`;
}
