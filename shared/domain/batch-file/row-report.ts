import type { ErrorCode } from '../error-catalogue.ts';
import { finding, type Finding, type FindingText, type Severity } from './finding.ts';
import type { Column } from './columns.ts';

/** One row of the file as it was cut at its commas. */
export interface FileRecord {
  readonly line: number;
  /** 1-based data row. */
  readonly row: number;
  readonly cells: readonly string[];
}

/** The cells of one row by name, and what was found about them. */
export class RowReport {
  readonly findings: Finding[] = [];
  readonly record: FileRecord;
  readonly #columns: readonly Column[];

  constructor(record: FileRecord, columns: readonly Column[]) {
    this.record = record;
    this.#columns = columns;
  }

  /** The cell as written; '' where the file has no such column. */
  cell(name: Column['name']): string {
    return this.record.cells[this.#columns.findIndex((column) => column.name === name)] ?? '';
  }

  /** False where the whole column is missing: that is said once, of the header, and not of each row. */
  has(name: Column['name']): boolean {
    return this.#columns.some((column) => column.name === name);
  }

  add(severity: Severity, code: ErrorCode, at: { readonly column?: Column['name'] } & FindingText): void {
    const field = this.#columns.findIndex((column) => column.name === at.column) + 1;
    const { line, row } = this.record;
    this.findings.push(finding(severity, code, { line, row, ...at, ...(field === 0 ? {} : { field }) }));
  }

  get isBad(): boolean {
    return this.findings.some(({ severity }) => severity !== 'warning');
  }
}
