import { finding, type Finding } from './finding.ts';

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

interface Detected {
  readonly encoding: Encoding;
  /** Octets of the byte order mark. */
  readonly bom: number;
}

/** First octets of what is uploaded in place of a CSV. */
const binaryFormats: readonly { readonly octets: readonly number[]; readonly name: string }[] = [
  { octets: [0x50, 0x4b, 0x03, 0x04], name: 'an Excel workbook (.xlsx) or another zip file' },
  { octets: [0xd0, 0xcf, 0x11, 0xe0], name: 'an old Excel workbook (.xls) or Office document' },
  { octets: [0x25, 0x50, 0x44, 0x46], name: 'a PDF file' },
  { octets: [0x1f, 0x8b], name: 'a gzip file' },
  { octets: [0xff, 0xfe, 0x00, 0x00], name: 'text in UTF-32' },
  { octets: [0x00, 0x00, 0xfe, 0xff], name: 'text in UTF-32' },
];

/** Octets that decide what the file is. */
const headLength = 4;

/** Lines with damaged characters that are named; the advice is the same for all of them. */
const maxDamagedLines = 20;

function startsWith(bytes: Uint8Array, octets: readonly number[]): boolean {
  return octets.every((octet, index) => bytes[index] === octet);
}

/** By the byte order mark; without one UTF-16 shows by the zero octet beside the first, which is an ASCII letter. */
function detect(head: Uint8Array): Detected {
  if (startsWith(head, [0xef, 0xbb, 0xbf])) return { encoding: 'utf-8', bom: 3 };
  if (startsWith(head, [0xff, 0xfe])) return { encoding: 'utf-16le', bom: 2 };
  if (startsWith(head, [0xfe, 0xff])) return { encoding: 'utf-16be', bom: 2 };
  const [first, second] = head;
  if (first !== undefined && second !== undefined && (first === 0) !== (second === 0))
    return { encoding: first === 0 ? 'utf-16be' : 'utf-16le', bom: 0 };
  return { encoding: 'utf-8', bom: 0 };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/**
 * Turns the octets of a batch file into text with `\n` at the end of each line, wherever the chunks are cut. What cannot
 * be decoded is reported by line and stands as U+FFFD; a file that is no text ends at the place where that shows.
 */
export class BatchFileDecoder {
  readonly findings: Finding[] = [];
  /** True once the file has proved to be no text: whatever follows is not worth decoding. */
  isBinary = false;
  #head: Uint8Array = new Uint8Array(0);
  #decoder: InstanceType<typeof TextDecoder> | null = null;
  #encoding: Encoding = 'utf-8';
  #line = 1;
  #lastDamagedLine = 0;
  #damagedLines = 0;
  #endsWithCr = false;

  push(chunk: Uint8Array): string {
    if (this.isBinary) return '';
    if (this.#decoder !== null) return this.#text(this.#decoder.decode(chunk, { stream: true }));
    this.#head = concat(this.#head, chunk);
    return this.#head.length < headLength ? '' : this.#begin();
  }

  end(): string {
    if (this.isBinary) return '';
    const begun = this.#decoder === null ? this.#begin() : '';
    return begun + this.#text(this.#decoder?.decode() ?? '');
  }

  #begin(): string {
    const binary = binaryFormats.find(({ octets }) => startsWith(this.#head, octets));
    if (binary !== undefined) {
      this.#refuse(`The file is ${binary.name}, not a CSV.`);
      return '';
    }
    const { encoding, bom } = detect(this.#head);
    this.#encoding = encoding;
    this.#decoder = new TextDecoder(encoding, { ignoreBOM: true });
    return this.#text(this.#decoder.decode(this.#head.subarray(bom), { stream: true }));
  }

  #refuse(message: string): void {
    this.isBinary = true;
    this.findings.push(finding('fatal', 'CSV_NOT_TEXT', { line: this.#line, message }));
  }

  /** Makes every end of line a `\n`; a `\r` at the end of a chunk waits for its `\n`; the last line needs no end. */
  #text(decoded: string): string {
    if (decoded === '') return '';
    const whole = this.#endsWithCr ? `\r${decoded}` : decoded;
    this.#endsWithCr = whole.endsWith('\r');
    const text = (this.#endsWithCr ? whole.slice(0, -1) : whole).replaceAll(/\r\n?/g, '\n');
    return this.#inspect(text);
  }

  #inspect(text: string): string {
    const end = text.indexOf('\0');
    for (const [mark] of (end === -1 ? text : text.slice(0, end)).matchAll(/[\n\uFFFD]/g)) {
      if (mark === '\n') this.#line += 1;
      else this.#noteDamage();
    }
    if (end === -1) return text;
    this.#refuse('The file holds octets with the value 0: it is not a text file.');
    return text.slice(0, end);
  }

  /**
   * U+FFFD stands for what the decoder could not read, or for what an earlier conversion could not: either way the
   * character that was meant is lost.
   */
  #noteDamage(): void {
    if (this.#line === this.#lastDamagedLine) return;
    this.#lastDamagedLine = this.#line;
    this.#damagedLines += 1;
    if (this.#damagedLines > maxDamagedLines) return;
    const name = this.#encoding.toUpperCase();
    const message = `Line ${this.#line} holds a character that is not valid ${name}.`;
    this.findings.push(finding('fatal', 'CSV_NOT_TEXT', { line: this.#line, message }));
  }
}
