import { Random } from './random.ts';

const WORDS =
  'Angebot Rechnung meeting notes budget quarter invoice project delivery Termin Protokoll review contract holiday lunch update release question answer report travel Büro français naïve smörgås'.split(
    ' ',
  );
const NAMES = ['Anna Weber', 'Bob Miller', 'Chloé Dubois', 'Dmitri Petrov', 'Eve Sánchez', 'Farid Haddad', 'Grace Lee'];
const POOL_BYTES = 1 << 20;

let pool: Buffer | undefined;

/** About `bytes` of base64-like lines ending in LF; a slice of one shared pool, so that 700 MB take a second to make. */
export function filler(random: Random, bytes: number): Buffer {
  pool ??= makePool();
  const line = 77;
  const parts: Buffer[] = [];
  for (let left = Math.max(bytes, line); left > 0;) {
    const start = random.between(0, Math.floor(pool.length / line) - 1) * line;
    const part = pool.subarray(start, Math.min(pool.length, start + Math.ceil(left / line) * line));
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts);
}

export function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.pick(WORDS)).join(' ');
}

export type Person = { readonly name: string; readonly address: string };

export function person(random: Random): Person {
  const name = random.pick(NAMES);
  return {
    name,
    address: `${name
      .split(' ')[0]!
      .normalize('NFD')
      .replaceAll(/[^A-Za-z]/g, '')
      .toLowerCase()}@contoso.test`,
  };
}

/** RFC 2047 where the text is not ASCII. */
export function encodedWord(text: string): string {
  return /^[\u0020-\u007e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
}

function makePool(): Buffer {
  const random = new Random('the pool of all filler');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const lines = Math.floor(POOL_BYTES / 77);
  const bytes = Buffer.alloc(lines * 77);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = index % 77 === 76 ? 0x0a : alphabet.charCodeAt(random.between(0, 63));
  }
  return bytes;
}
