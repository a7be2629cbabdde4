/** A column of a report: its name in the header, what it holds (docs/reports.md), and its value for a row. */
export interface Column<Row> {
  readonly name: string;
  readonly doc: string;
  readonly value: (row: Row) => string | number | boolean | null;
  /** The cell is to be read by us again, character by character: nothing is put before a formula. */
  readonly asWritten?: true;
}

/** Excel reads UTF-8 only where a byte order mark says so; without it, folder names with umlauts come out garbled. */
const byteOrderMark = '\uFEFF';

/**
 * What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"): folder names and server texts come
 * from strangers. A cell that begins with an apostrophe gets one more, so that dropping one gives back the original.
 */
const dangerousStart = /^[=+\-@\t\r\n']/;

export function withoutFormula(text: string): string {
  return dangerousStart.test(text) ? `'${text}` : text;
}

/** RFC 4180 section 2: quotes where a separator, a quote, a line end or an outer space is part of the cell. */
function quoted(text: string): string {
  return /[",;\r\n\t]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function cell<Row>({ value: valueOf, asWritten }: Column<Row>, row: Row): string {
  const value = valueOf(row);
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  return quoted(asWritten === true ? value : withoutFormula(value));
}

const lineOf = (cells: readonly string[]): string => `${cells.join(',')}\r\n`;

/** Byte order mark and header line; begins every part of a report. */
export function csvHeader<Row>(columns: readonly Column<Row>[]): string {
  return byteOrderMark + lineOf(columns.map((column) => quoted(column.name)));
}

export function csvLine<Row>(columns: readonly Column<Row>[], row: Row): string {
  return lineOf(columns.map((column) => cell(column, row)));
}
