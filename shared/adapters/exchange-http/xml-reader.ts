/** What a reader meets, in order. Names are without their prefix: Exchange's elements differ also by local names alone. */
export interface XmlEvents {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  text(text: string): void;
  close(name: string): void;
}

/** The octets are no XML that an answer may consist of. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** A tag, comment or CDATA section longer than this is no answer of a mail server. */
const longestMarkup = 4 * 1024 * 1024;
/** `&#x10FFFF;` */
const longestReference = 12;

/**
 * Reads XML as it arrives. Exchange writes characters that XML 1.0 forbids as references (`&#x1;`): they become U+FFFD
 * here, where other parsers give up. No DTD (SOAP 1.1 section 3 forbids it): nothing expands.
 */
export class XmlReader {
  readonly #events: XmlEvents;
  readonly #decoder = new TextDecoder();
  #left = '';
  readonly #open: string[] = [];

  constructor(events: XmlEvents) {
    this.#events = events;
  }

  push(octets: Uint8Array): void {
    const text = this.#left + this.#decoder.decode(octets, { stream: true });
    let at = 0;
    for (;;) {
      const tag = text.indexOf('<', at);
      const end = tag === -1 ? text.length : tag;
      // A reference may be cut off at the end of what has arrived.
      const kept = tag === -1 ? cutReference(text, at) : end;
      if (kept > at) this.#events.text(decodeReferences(text.slice(at, kept)));
      if (tag === -1) {
        this.#left = text.slice(kept);
        return;
      }
      const next = this.#markup(text, tag);
      if (next === undefined) {
        this.#left = text.slice(tag);
        if (this.#left.length > longestMarkup) throw new XmlError('A tag does not end.');
        return;
      }
      at = next;
    }
  }

  end(): void {
    if (this.#open.length > 0 || this.#left.includes('<')) throw new XmlError('The answer breaks off.');
  }

  /** Where the markup at `at` ends; undefined while its end has not arrived. */
  #markup(text: string, at: number): number | undefined {
    if (text.startsWith('<!--', at)) return after(text, '-->', at + 4);
    if (text.startsWith('<![CDATA[', at)) {
      const next = after(text, ']]>', at + 9);
      if (next !== undefined) this.#events.text(text.slice(at + 9, next - 3));
      return next;
    }
    if (text.startsWith('<?', at)) return after(text, '?>', at + 2);
    if (text.startsWith('<!', at)) {
      // Not before enough has arrived to tell it from a comment or a CDATA section.
      if (text.length - at < 9) return undefined;
      throw new XmlError('A DTD is not allowed in SOAP.');
    }
    const end = tagEnd(text, at);
    if (end === undefined) return undefined;
    this.#tag(text.slice(at + 1, end));
    return end + 1;
  }

  #tag(tag: string): void {
    if (tag.startsWith('/')) {
      this.#close(localName(tag.slice(1).trim()));
      return;
    }
    const empty = tag.endsWith('/');
    const [, qualified = '', rest = ''] = /^([^\s/]+)([\s\S]*)$/.exec(empty ? tag.slice(0, -1) : tag) ?? [];
    if (qualified === '') throw new XmlError('A tag without a name.');
    const name = localName(qualified);
    this.#open.push(name);
    this.#events.open(name, attributesOf(rest));
    if (empty) this.#close(name);
  }

  #close(name: string): void {
    if (this.#open.pop() !== name) throw new XmlError('Tags do not match.');
    this.#events.close(name);
  }
}

function after(text: string, mark: string, from: number): number | undefined {
  const at = text.indexOf(mark, from);
  return at === -1 ? undefined : at + mark.length;
}

/** `>` may stand in an attribute's value. */
function tagEnd(text: string, from: number): number | undefined {
  let quote = '';
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return at;
  }
  return undefined;
}

function localName(qualified: string): string {
  return qualified.slice(qualified.indexOf(':') + 1);
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', double, single] of text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    attributes[localName(name)] = decodeReferences(double ?? single ?? '');
  }
  return attributes;
}

function cutReference(text: string, from: number): number {
  const at = text.lastIndexOf('&');
  const isCut = at >= from && text.length - at < longestReference && !text.includes(';', at);
  return isCut ? at : text.length;
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return named[name] ?? whole;
      return character(hex === undefined ? Number(decimal) : parseInt(hex, 16));
    },
  );
}

/** XML 1.0 section 2.2; anything else stands for a character that somebody's mail should not have had. */
function character(code: number): string {
  const allowed =
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff);
  return allowed ? String.fromCodePoint(code) : '\uFFFD';
}
