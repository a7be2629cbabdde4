import { parse, type CsvError, type Parser } from 'csv-parse';

/** A row as cut at its commas; `line` is the one on which it begins. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A row whose double quotes do not match. Its cells are not known. */
export interface MismatchedQuotes {
  readonly line: number;
  readonly cells: null;
  /** True where a cell that is not quoted holds a quote: only that cell is wrong, and the row ends where it seems to. */
  readonly isOneCell: boolean;
  /** Line in which it shows. */
  readonly noticedIn: number;
}

/** A file that is this wrong is not read to its end: the parser makes an error of each quote it cannot place. */
const maxQuoteErrors = 5000;

function lineBreaks(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + (cell.includes('\n') ? cell.split('\n').length - 1 : 0), 0);
}

/** Tells where rows begin whose double quotes do not match: the parser only knows where it noticed. */
class QuoteErrors {
  #lastRecordEnd = 0;
  /** The mismatch since which no good row ended. */
  #last: MismatchedQuotes | null = null;
  #errors = 0;

  recordEnded(line: number): void {
    this.#lastRecordEnd = line;
    this.#last = null;
  }

  /** Null where the row is known to be just as wrong already. */
  noticed(error: CsvError): MismatchedQuotes | null {
    this.#errors += 1;
    if (this.#errors > maxQuoteErrors) throw new TooManyQuoteErrors();
    const noticedIn = Number(error['lines']);
    const isOneCell = error.code === 'INVALID_OPENING_QUOTE';
    const last = this.#last;
    if (last !== null && last.noticedIn === noticedIn && (isOneCell || !last.isOneCell)) return null;
    if (last !== null && !last.isOneCell && error.code === 'CSV_QUOTE_NOT_CLOSED') return null;
    this.#last = { line: this.#begins(noticedIn), cells: null, isOneCell, noticedIn };
    return this.#last;
  }

  #begins(noticedIn: number): number {
    if (this.#last === null) return this.#lastRecordEnd + 1;
    return this.#last.isOneCell ? Math.min(this.#last.noticedIn + 1, noticedIn) : noticedIn;
  }
}

/**
 * Cuts text (lines ending in `\n`) into records after RFC 4180. The parser's own messages are not passed on, since they
 * quote the cell, which may be a password.
 */
export async function* csvRecords(text: AsyncIterable<string>): AsyncGenerator<CsvRecord | MismatchedQuotes, void> {
  const quotes = new QuoteErrors();
  let records: (CsvRecord | MismatchedQuotes)[] = [];
  let isHopeless = false;
  const parser = parse({
    record_delimiter: '\n',
    relax_column_count: true,
    skip_records_with_error: true,
    on_record: (cells: string[], info) => {
      quotes.recordEnded(info.lines);
      records.push({ line: info.lines - lineBreaks(cells), cells });
      // Nothing goes through the stream's own queue: records leave below, as many as a piece of text holds.
      return null;
    },
    on_skip: (error) => {
      const mismatch = error === undefined ? null : quotes.noticed(error);
      if (mismatch !== null) records.push(mismatch);
      return undefined;
    },
  });
  // Every failure also comes back from `write` and `end`; without a listener it would end the process.
  parser.on('error', () => undefined);
  try {
    for await (const piece of text) {
      // The text itself is heard to its end: it may have damaged characters to report.
      if (isHopeless) continue;
      isHopeless = await isTooMuch(write(parser, piece));
      yield* records;
      records = [];
    }
    if (!isHopeless) await isTooMuch(end(parser));
    yield* records;
  } finally {
    parser.destroy();
  }
}

class TooManyQuoteErrors extends Error {}

async function isTooMuch(step: Promise<void>): Promise<boolean> {
  try {
    await step;
    return false;
  } catch (error) {
    if (error instanceof TooManyQuoteErrors) return true;
    throw error;
  }
}

function write(parser: Parser, chunk: string): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

function end(parser: Parser): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.once('error', reject);
    parser.end(resolve);
  });
}
