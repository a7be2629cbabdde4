import { errorCatalogue, type ErrorCode } from '../error-catalogue.ts';

/** `fatal` refuses the file, `error` the row; a `warning` refuses nothing. */
export type Severity = 'fatal' | 'error' | 'warning';

/** Something an admin should know about a batch file. Holds no value of a cell, since it might be a password. */
export interface Finding {
  readonly severity: Severity;
  readonly code: ErrorCode;
  /** 1-based line of the file. */
  readonly line: number;
  /** 1-based data row; null for findings about the header or the file. */
  readonly row: number | null;
  /** Name of the column; null where the finding is about the whole line or file. */
  readonly column: string | null;
  /** 1-based number of the column. */
  readonly field: number | null;
  /** What is wrong; Microsoft's own words where Microsoft has some. */
  readonly message: string;
  /** What to do about it. */
  readonly suggestion: string;
}

export interface FindingPlace {
  readonly line: number;
  readonly row?: number;
  readonly column?: string;
  readonly field?: number;
}

export interface FindingText {
  /** Default: the catalogue's text. */
  readonly message?: string;
  /** Default: the catalogue's fix. */
  readonly suggestion?: string;
}

export function finding(severity: Severity, code: ErrorCode, at: FindingPlace & FindingText): Finding {
  return {
    severity,
    code,
    line: at.line,
    row: at.row ?? null,
    column: at.column ?? null,
    field: at.field ?? null,
    message: at.message ?? errorCatalogue[code].text,
    suggestion: at.suggestion ?? errorCatalogue[code].fix,
  };
}
