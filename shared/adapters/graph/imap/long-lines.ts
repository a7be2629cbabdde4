/**
 * Makes lines short without changing what a reader sees: header lines are folded, lines of base64 and quoted-printable
 * are broken where these allow it (RFC 2045 sections 6.7 and 6.8), and a part with a long line in the clear becomes
 * quoted-printable. Returns its argument where no line is too long. Whatever cannot be understood is left as it is: the
 * server may then refuse it, which is recorded.
 */
export function rewriteLongLines(octets: Buffer, longest: number): Buffer {
  if (!hasLongLine(octets, longest)) return octets;
  const text = octets.toString('latin1');
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  return Buffer.from(new Rewriter(lines, longest).entity(0, lines.length).join('\r\n'), 'latin1');
}

function hasLongLine(octets: Buffer, longest: number): boolean {
  let start = 0;
  while (octets.length - start > longest) {
    const end = octets.indexOf(0x0a, start);
    if (end < 0 || end - start > longest) return true;
    start = end + 1;
  }
  return false;
}

interface Header {
  readonly lines: readonly string[];
  /** Lower case, unfolded; '' where it is not there. */
  readonly type: string;
  readonly encoding: string;
  readonly boundary: string | undefined;
}

/** Lines are in Latin-1: one character an octet. */
class Rewriter {
  readonly #lines: readonly string[];
  readonly #longest: number;

  constructor(lines: readonly string[], longest: number) {
    this.#lines = lines;
    this.#longest = longest;
  }

  /** A message or a part of one: header, empty line, body. */
  entity(from: number, to: number): string[] {
    const header = this.#header(from, to);
    const bodyFrom = from + header.lines.length;
    if (bodyFrom >= to) return this.#folded(header.lines);
    const isLong = this.#isLong(bodyFrom, to);
    if (!isLong) return [...this.#folded(header.lines), ...this.#lines.slice(bodyFrom, to)];
    // The empty line between belongs to neither.
    const [empty = ''] = this.#lines.slice(bodyFrom, bodyFrom + 1);
    const start = bodyFrom + 1;
    if (header.boundary !== undefined && header.type.startsWith('multipart/')) {
      return [...this.#folded(header.lines), empty, ...this.#parts(start, to, header.boundary)];
    }
    if (header.type.startsWith('message/rfc822') && isInTheClear(header.encoding)) {
      return [...this.#folded(header.lines), empty, ...this.entity(start, to)];
    }
    const body = this.#lines.slice(start, to);
    if (header.encoding === 'base64') {
      return [...this.#folded(header.lines), empty, ...body.flatMap((line) => this.#broken(line, 76))];
    }
    if (header.encoding === 'quoted-printable') {
      return [...this.#folded(header.lines), empty, ...body.flatMap((line) => this.#softBroken(line))];
    }
    if (!isInTheClear(header.encoding)) return [...this.#folded(header.lines), empty, ...body];
    return [...this.#folded(asQuotedPrintable(header.lines)), empty, ...body.flatMap(quotedPrintable)];
  }

  /** A multipart body: preamble, parts between their boundaries, epilogue (RFC 2046 section 5.1.1). */
  #parts(from: number, to: number, boundary: string): string[] {
    const written: string[] = [];
    let partFrom: number | undefined;
    let isOver = false;
    const close = (end: number): void => {
      if (partFrom !== undefined) written.push(...this.entity(partFrom, end));
      partFrom = undefined;
    };
    for (let at = from; at < to; at += 1) {
      const line = this.#lines[at] ?? '';
      const delimiter = isOver ? undefined : delimiterOf(line, boundary);
      if (delimiter === undefined) {
        // Nobody reads a preamble or an epilogue: any break does.
        if (partFrom === undefined) written.push(...this.#broken(line, this.#longest));
        continue;
      }
      close(at);
      written.push(line);
      if (delimiter === 'open') partFrom = at + 1;
      else isOver = true;
    }
    close(to);
    return written;
  }

  #header(from: number, to: number): Header {
    let end = from;
    while (end < to && (this.#lines[end] ?? '') !== '') end += 1;
    const lines = this.#lines.slice(from, end);
    const unfolded = lines.join('\n').replace(/\n[ \t]/g, ' ');
    const contentType = fieldOf(unfolded, 'content-type');
    return {
      lines,
      type: contentType.toLowerCase(),
      encoding: fieldOf(unfolded, 'content-transfer-encoding').toLowerCase(),
      boundary: /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType)?.slice(1).find(Boolean),
    };
  }

  #isLong(from: number, to: number): boolean {
    for (let at = from; at < to; at += 1) if ((this.#lines[at] ?? '').length > this.#longest) return true;
    return false;
  }

  /** At white space, which folding leaves as it is; a field without any is left to the server (RFC 5322 section 2.2.3). */
  #folded(lines: readonly string[]): string[] {
    return lines.flatMap((line) => {
      const folded: string[] = [];
      let rest = line;
      while (rest.length > this.#longest) {
        const at = Math.max(rest.lastIndexOf(' ', this.#longest - 1), rest.lastIndexOf('\t', this.#longest - 1));
        // Not before a field's body has begun, nor so that a line of white space alone is left.
        if (at <= rest.indexOf(':') + 1 || rest.slice(0, at).trim() === '' || rest.slice(at).trim() === '') break;
        folded.push(rest.slice(0, at));
        rest = rest.slice(at);
      }
      return [...folded, rest];
    });
  }

  #broken(line: string, length: number): string[] {
    if (line.length <= this.#longest) return [line];
    return line.match(new RegExp(`.{1,${String(length)}}`, 'gs')) ?? [line];
  }

  /** With soft line breaks, never within `=XX`. */
  #softBroken(line: string): string[] {
    if (line.length <= this.#longest) return [line];
    const pieces = line.match(/(?:=[0-9A-Fa-f]{2}|[^]){1,25}/g) ?? [line];
    return pieces.map((piece, at) => (at < pieces.length - 1 ? `${piece}=` : piece));
  }
}

function isInTheClear(encoding: string): boolean {
  return ['', '7bit', '8bit', 'binary'].includes(encoding);
}

function fieldOf(unfolded: string, name: string): string {
  const start = unfolded.toLowerCase().startsWith(`${name}:`) ? 0 : unfolded.toLowerCase().indexOf(`\n${name}:`) + 1;
  if (start === 0 && !unfolded.toLowerCase().startsWith(`${name}:`)) return '';
  return (unfolded.slice(start).split('\n')[0] ?? '').slice(name.length + 1).trim();
}

function delimiterOf(line: string, boundary: string): 'open' | 'close' | undefined {
  if (!line.startsWith(`--${boundary}`)) return undefined;
  const rest = line.slice(boundary.length + 2);
  if (/^[ \t]*$/.test(rest)) return 'open';
  return /^--[ \t]*$/.test(rest) ? 'close' : undefined;
}

function asQuotedPrintable(lines: readonly string[]): readonly string[] {
  let isField = false;
  const others = lines.filter((line) => {
    if (!/^[ \t]/.test(line)) isField = /^content-transfer-encoding:/i.test(line);
    return !isField;
  });
  return [...others, 'Content-Transfer-Encoding: quoted-printable'];
}

/** One line of text as lines of at most 76 characters (RFC 2045 section 6.7). */
function quotedPrintable(line: string): string[] {
  const encoded = Array.from({ length: line.length }, (_, at) => {
    const character = line.charAt(at);
    const code = character.charCodeAt(0);
    const isLastSpace = at === line.length - 1 && (character === ' ' || character === '\t');
    const isPlain = (code >= 0x20 && code <= 0x7e && character !== '=') || character === '\t';
    return isPlain && !isLastSpace ? character : `=${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  const lines: string[] = [];
  let current = '';
  for (const piece of encoded) {
    if (current.length + piece.length > 75) {
      lines.push(`${current}=`);
      current = '';
    }
    current += piece;
  }
  return [...lines, current];
}
