import type { BadRow, BatchFileRow, RowRules } from '../../domain/batch-file/batch-file-row.ts';
import { isBlank } from '../../domain/batch-file/cell-rules.ts';
import { finding, type Finding } from '../../domain/batch-file/finding.ts';
import { readHeader } from '../../domain/batch-file/header.ts';
import { rowLimit } from '../../domain/batch-file/limits.ts';
import { RowChecker, type CheckedRow } from '../../domain/batch-file/row-checker.ts';
import { batchFileText } from './batch-file-text.ts';
import { csvRecords, type CsvRecord, type MismatchedQuotes } from './csv-records.ts';
import { FindingList } from './finding-list.ts';

export interface BatchFileSummary {
  /** True when a finding is fatal: no row of the file may be migrated, whatever was read before it. */
  readonly refused: boolean;
  /** Data rows read, good and bad; blank ones are not counted. */
  readonly rows: number;
  readonly badRows: number;
  /** All of them, by line; at most 100,000. */
  readonly findings: readonly Finding[];
  /** How many more there were. */
  readonly findingsLeftOut: number;
}

export type BatchFileEvent =
  | { readonly kind: 'accepted'; readonly row: BatchFileRow }
  | { readonly kind: 'bad'; readonly row: BadRow }
  /** Always the last. */
  | { readonly kind: 'end'; readonly summary: BatchFileSummary };

/**
 * Reads a batch file row by row. A fatal finding may come after thousands of good rows (one row with a comma too many
 * refuses the file, as in Microsoft's service), so whoever acts on rows lints the file first. Rejects only with what
 * `input` rejects with.
 */
export async function* readBatchFile(
  input: AsyncIterable<Uint8Array>,
  rules: RowRules,
): AsyncGenerator<BatchFileEvent, void> {
  const findings = new FindingList();
  const count = { rows: 0, bad: 0 };
  if (rules.type === 'cutover') findings.add(finding('fatal', 'CSV_NOT_USED', { line: 1 }));
  else yield* readRows({ input, rules, findings, count });
  const summary = { rows: count.rows, badRows: count.bad, ...findings.summary() };
  yield { kind: 'end', summary };
}

interface Reading {
  readonly input: AsyncIterable<Uint8Array>;
  readonly rules: RowRules;
  readonly findings: FindingList;
  readonly count: { rows: number; bad: number };
}

async function* readRows({ input, rules, findings, count }: Reading): AsyncGenerator<BatchFileEvent, void> {
  const report = (found: Finding) => findings.add(found);
  const limit = rowLimit(rules.type);
  let checker: RowChecker | undefined;
  // Rows are not looked at any more, but the file is heard to its end for what is wrong with its characters.
  let isOver = false;
  for await (const record of csvRecords(batchFileText(input, report))) {
    if (isOver) continue;
    if (record.cells !== null && isBlankLine(record.cells)) continue;
    if (checker === undefined) {
      checker = begin(record, rules, report);
      isOver = checker === undefined;
      continue;
    }
    const { line, cells } = record;
    if (cells !== null && cells.length > 1 && cells.every(isBlank)) {
      report(finding('warning', 'CSV_ROW_EMPTY', { line }));
      continue;
    }
    if (count.rows === limit) {
      report(tooManyRows(line, limit));
      isOver = true;
      continue;
    }
    count.rows += 1;
    const row = count.rows;
    const checked = cells === null ? badQuotes(record, row) : checker.check({ line, row, cells });
    checked.findings.forEach(report);
    if (checked.kind === 'bad') count.bad += 1;
    yield checked.kind === 'bad' ? { kind: 'bad', row: checked.row } : { kind: 'accepted', row: checked.row };
  }
  checker?.finish().forEach(report);
  if (count.rows === 0 && !findings.hasFatal) report(emptyFile(checker !== undefined));
}

/** Undefined where the header cannot be read, and so nothing below it. */
function begin(
  record: CsvRecord | MismatchedQuotes,
  rules: RowRules,
  report: (found: Finding) => void,
): RowChecker | undefined {
  if (record.cells === null) {
    report(finding('fatal', 'CSV_QUOTES', { line: record.line }));
    return undefined;
  }
  const reading = readHeader(record.cells, record.line, rules);
  if (reading.outcome === 'unreadable') {
    report(reading.finding);
    return undefined;
  }
  reading.header.findings.forEach(report);
  return new RowChecker(reading.header.columns, rules);
}

/**
 * A quote inside a bare value spoils that row; one that is opened and not closed where it should be may have swallowed
 * other rows, so that nobody knows where rows begin: that refuses the file.
 */
function badQuotes({ line, isOneCell, noticedIn }: MismatchedQuotes, row: number): CheckedRow {
  const where = noticedIn === line ? '' : `; it shows in line ${noticedIn}`;
  const message = isOneCell
    ? 'A value that does not stand in double quotes holds a double quote.'
    : `The double quotes of the row that begins in line ${line} do not match${where}.`;
  const findings = [finding(isOneCell ? 'error' : 'fatal', 'CSV_QUOTES', { line, row, message })];
  return { kind: 'bad', row: { line, row, findings }, findings };
}

/** Also a blank line in a file of one column: a mailbox without an address is no row. */
function isBlankLine(cells: readonly string[]): boolean {
  return cells.length === 1 && isBlank(cells[0] ?? '');
}

function tooManyRows(line: number, limit: number): Finding {
  const rows = limit.toLocaleString('en-US');
  return finding('fatal', 'CSV_TOO_MANY_ROWS', {
    line,
    // Microsoft's words (KB 10062).
    message: `The CSV file contains more than ${rows} rows. Please divide the file into two or more files and submit them separately.`,
  });
}

function emptyFile(hasHeader: boolean): Finding {
  const suggestion = 'The file has a header but no row below it: add a line for each mailbox.';
  return finding('fatal', 'CSV_EMPTY', { line: 1, ...(hasHeader ? { suggestion } : {}) });
}
