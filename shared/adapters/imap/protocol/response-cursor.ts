import type { FramedResponse } from './response-framer.ts';

/** Ends of an atom, by octet: blank, quote, parentheses, brace. Brackets and `\` are part of it. */
const atomEnd = new Uint8Array(256);
for (const end of ' "(){') {
  atomEnd[end.charCodeAt(0)] = 1;
}

export type ResponseValue = string | undefined | readonly ResponseValue[];

/**
 * Walks over one response, value by value (RFC 3501 section 9). Lenient: at the end of the text it hands out empty
 * values, so that a truncated or odd response is incomplete, never an exception.
 */
export class ResponseCursor {
  readonly #text: string;
  readonly #literals: readonly (Buffer | undefined)[];
  #position: number;
  #literal = 0;

  constructor(response: FramedResponse, position = 0) {
    this.#text = response.text;
    this.#literals = response.literals;
    this.#position = position;
  }

  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  get rest(): string {
    return this.#text.slice(this.#position);
  }

  /** Steps over blanks, then over `expected` if it comes next. */
  take(expected: string): boolean {
    this.skipBlanks();
    if (!this.#text.startsWith(expected, this.#position)) {
      return false;
    }
    this.#position += expected.length;
    return true;
  }

  skipBlanks(): void {
    while (this.#text.charCodeAt(this.#position) === 0x20) {
      this.#position += 1;
    }
  }

  /** An atom, a number, a flag. */
  atom(): string {
    this.skipBlanks();
    const start = this.#position;
    while (this.#position < this.#text.length && atomEnd[this.#text.charCodeAt(this.#position)] === 0) {
      this.#position += 1;
    }
    return this.#text.slice(start, this.#position);
  }

  /** Name of a FETCH attribute with its section, upper case: `BODY[HEADER.FIELDS (DATE)]<0>`. */
  attributeName(): string {
    const name = this.atom();
    if (!name.includes('[') || name.includes(']')) {
      return name.toUpperCase();
    }
    const start = this.#position - name.length;
    const bracket = this.#text.indexOf(']', this.#position);
    this.#position = bracket === -1 ? this.#text.length : bracket + 1;
    this.atom();
    return this.#text.slice(start, this.#position).toUpperCase();
  }

  /** Up to the next blank: names that should have been quoted and hold parentheses. */
  word(): string {
    this.skipBlanks();
    const blank = this.#text.indexOf(' ', this.#position);
    const end = blank === -1 ? this.#text.length : blank;
    const word = this.#text.slice(this.#position, end);
    this.#position = end;
    return word;
  }

  /** NaN where no number stands. */
  number(): number {
    const digits = this.atom();
    return digits === '' ? NaN : Number(digits);
  }

  /** How many there are of something; undefined where that is not said, or is nonsense that no record could keep. */
  count(): number | undefined {
    return wholeNumber(this.atom());
  }

  /** Quoted string, literal, atom or NIL (undefined), as wire text. */
  string(): string | undefined {
    this.skipBlanks();
    switch (this.#text[this.#position]) {
      case '"':
        return this.#quoted();
      case '{':
        return this.literal()?.toString('latin1');
      case '~':
        this.#position += 1;
        return this.string();
      default: {
        const atom = this.atom();
        return atom.length === 3 && atom.toUpperCase() === 'NIL' ? undefined : atom;
      }
    }
  }

  /** The literal whose `{n}` comes next; undefined where it was streamed. */
  literal(): Buffer | undefined {
    const close = this.#text.indexOf('}', this.#position);
    this.#position = close === -1 ? this.#text.length : close + 1;
    const octets = this.#literals[this.#literal];
    this.#literal += 1;
    return octets;
  }

  /** Text of a parenthesised list of atoms, without the parentheses: `\Seen $Label1`. */
  flatList(): string {
    if (!this.take('(')) {
      return '';
    }
    const close = this.#text.indexOf(')', this.#position);
    const end = close === -1 ? this.#text.length : close;
    const list = this.#text.slice(this.#position, end);
    this.#position = end + 1;
    return list;
  }

  /** Any value, lists nested. */
  value(depth = 0): ResponseValue {
    this.skipBlanks();
    if (this.#text[this.#position] !== '(') {
      return this.string();
    }
    this.#position += 1;
    const list: ResponseValue[] = [];
    while (!this.atEnd && depth < 64) {
      this.skipBlanks();
      if (this.#text[this.#position] === ')') {
        this.#position += 1;
        break;
      }
      const before = this.#position;
      list.push(this.value(depth + 1));
      if (this.#position === before) {
        // A character that begins no value: stepped over, or this would never end.
        this.#position += 1;
      }
    }
    return list;
  }

  #quoted(): string {
    const start = this.#position + 1;
    const close = this.#text.indexOf('"', start);
    if (close === -1) {
      this.#position = this.#text.length;
      return this.#text.slice(start);
    }
    const plain = this.#text.slice(start, close);
    if (!plain.includes('\\')) {
      this.#position = close + 1;
      return plain;
    }
    return this.#quotedWithEscapes(start);
  }

  #quotedWithEscapes(start: number): string {
    let content = '';
    let at = start;
    while (at < this.#text.length && this.#text[at] !== '"') {
      if (this.#text[at] === '\\') {
        at += 1;
      }
      content += this.#text[at] ?? '';
      at += 1;
    }
    this.#position = at + 1;
    return content;
  }
}

/** Digits as a number; undefined for any other text, and for more than a number holds. */
export function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
