const typographicQuote = /[\u2018-\u201F\u2039\u203A\u00AB\u00BB]/u;
// Soft hyphen, no-break and fixed-width spaces, zero-width characters, direction marks, byte order mark.
const invisible = /\u00AD|\u00A0|\u2007|\u202F|[\u200B-\u200F]|[\u202A-\u202E]|[\u2060-\u2064]|\uFEFF/u;
const control = /[\p{Cc}\u2028\u2029]/u;

export function hasControlCharacter(value: string): boolean {
  return control.test(value);
}

/** Names the kind of a character that is easily mistaken, never the character itself; null where there is none. */
export function oddCharacter(value: string): string | null {
  if (typographicQuote.test(value)) return 'a typographic quotation mark';
  if (invisible.test(value)) return 'a space or mark that cannot be seen';
  return null;
}
