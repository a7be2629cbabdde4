/** One argument of a command: an atom or string (latin1), or a list. */
export type Argument = string | readonly Argument[];

/** A command as it came: lines joined, `{n}` marks in their places, and the literals. */
export interface CommandText {
  readonly text: string;
  readonly literals: readonly Buffer[];
}

/** Splits RFC 3501 command arguments. Sections (`BODY[HEADER.FIELDS (DATE)]<0.5>`) stay in one piece. */
export function parseArguments({ text, literals }: CommandText): readonly Argument[] {
  const parser = new ArgumentParser(text, literals);
  return parser.list();
}

class ArgumentParser {
  readonly #text: string;
  readonly #literals: readonly Buffer[];
  #at = 0;
  #literal = 0;

  constructor(text: string, literals: readonly Buffer[]) {
    this.#text = text;
    this.#literals = literals;
  }

  /** Up to a closing parenthesis or the end. */
  list(): readonly Argument[] {
    const items: Argument[] = [];
    for (;;) {
      while (this.#text[this.#at] === ' ') this.#at += 1;
      const next = this.#text[this.#at];
      if (next === undefined) return items;
      this.#at += 1;
      if (next === ')') return items;
      if (next === '(') items.push(this.list());
      else if (next === '"') items.push(this.#quoted());
      else if (next === '{' || (next === '~' && this.#text[this.#at] === '{')) items.push(this.#literalText());
      else items.push(this.#atom());
    }
  }

  #quoted(): string {
    let text = '';
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\') this.#at += 1;
      text += this.#text[this.#at] ?? '';
      this.#at += 1;
    }
    this.#at += 1;
    return text;
  }

  #literalText(): string {
    this.#at = this.#text.indexOf('}', this.#at) + 1;
    const literal = this.#literals[this.#literal];
    this.#literal += 1;
    return literal?.toString('latin1') ?? '';
  }

  #atom(): string {
    const start = this.#at - 1;
    let depth = 0;
    for (; this.#at <= this.#text.length; this.#at += 1) {
      const sign = this.#text[this.#at - 1];
      if (sign === '[') depth += 1;
      if (sign === ']') depth -= 1;
      const next = this.#text[this.#at];
      if (depth <= 0 && (next === undefined || next === ' ' || next === '(' || next === ')')) break;
    }
    return this.#text.slice(start, this.#at);
  }
}

export function textOf(argument: Argument | undefined): string {
  return typeof argument === 'string' ? argument : '';
}

export function listOf(argument: Argument | undefined): readonly Argument[] {
  return argument === undefined || typeof argument === 'string' ? [] : argument;
}

/** Members of a sequence set among `numbers`, which are ascending. */
export function membersOf(set: string, numbers: readonly number[]): ReadonlySet<number> {
  const last = numbers.at(-1) ?? 0;
  const value = (word: string): number => (word === '*' ? last : Number(word));
  const ranges = set.split(',').map((range) => {
    const [first = '0', second = first] = range.split(':');
    return [Math.min(value(first), value(second)), Math.max(value(first), value(second))] as const;
  });
  return new Set(numbers.filter((number) => ranges.some(([low, high]) => low <= number && number <= high)));
}

/** `3,5:7` of ascending numbers. */
export function setOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range?.[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}:${last}`)).join(',');
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
