import { stringify } from 'csv-stringify/sync';
import type { RowRules } from '../../domain/batch-file/batch-file-row.ts';
import { isBlank } from '../../domain/batch-file/cell-rules.ts';
import { isSecretColumn, type Column } from '../../domain/batch-file/columns.ts';
import { readHeader } from '../../domain/batch-file/header.ts';
import { parseOption } from '../../domain/options.ts';
import { looksLikeAddress } from '../../domain/batch-file/smtp-address.ts';
import { batchFileText } from './batch-file-text.ts';
import { csvRecords } from './csv-records.ts';

const rowsPerPiece = 500;

/**
 * The file as it is kept: UTF-8, CRLF, the same columns and rows in the same order (blank rows left out), and no
 * password. Blanked are the cells of password columns, of columns that nobody knows, of rows that could not be cut into
 * their columns, an EmailAddress that is none, values that their option does not take, and what stands beside the
 * password in a row that lacks its user name or password: all places where a password may stand by mistake. A file whose
 * header cannot be read yields nothing.
 */
export async function* writeBatchFileWithoutPasswords(
  input: AsyncIterable<Uint8Array>,
  rules: RowRules,
): AsyncGenerator<string, void> {
  // Whoever keeps a copy has linted the file: its findings are known.
  const ignore = () => undefined;
  let columns: readonly Column[] | undefined;
  let piece: (readonly string[])[] = [];
  for await (const { line, cells } of csvRecords(batchFileText(input, ignore))) {
    if (cells?.every(isBlank) === true) continue;
    if (columns === undefined) {
      if (cells === null) return;
      const reading = readHeader(cells, line, rules);
      if (reading.outcome === 'unreadable') return;
      columns = reading.header.columns;
      piece.push(cells);
      continue;
    }
    piece.push(withoutSecrets(cells, columns, rules));
    if (piece.length < rowsPerPiece) continue;
    yield csv(piece);
    piece = [];
  }
  if (piece.length > 0) yield csv(piece);
}

function withoutSecrets(
  cells: readonly string[] | null,
  columns: readonly Column[],
  rules: RowRules,
): readonly string[] {
  if (cells?.length !== columns.length) return columns.map(() => '');
  const cellOf = (name: string) => cells[columns.findIndex((column) => column.name === name)] ?? '';
  const mayHaveSlipped = lacksItsLogin(cellOf, rules);
  const address = cellOf('EmailAddress').trim().toLowerCase();
  const isTold = (cell: string) => cell === address || cell === address.split('@', 1)[0];
  return columns.map((column, index) => {
    const cell = cells[index] ?? '';
    const isBeside = [columns[index - 1], columns[index + 1]].some(
      (other) => other !== undefined && isSecretColumn(other),
    );
    if (mayHaveSlipped && isBeside && column.kind !== 'option' && !isTold(cell.trim().toLowerCase())) return '';
    return mayHoldSecret(column, cell) ? '' : cell;
  });
}

/** By one comma too few or too many, the password stands in the column beside its own. */
function lacksItsLogin(cellOf: (name: string) => string, { sourceLogin, hasSealedPassword }: RowRules): boolean {
  if (sourceLogin !== 'user') return false;
  if (isBlank(cellOf('UserName'))) return true;
  return isBlank(cellOf('Password')) && hasSealedPassword?.(cellOf('EmailAddress').trim()) !== true;
}

function mayHoldSecret(column: Column, cell: string): boolean {
  const { kind, name } = column;
  if (kind === 'unused' || isSecretColumn(column)) return true;
  if (kind === 'option') return !isBlank(cell) && parseOption(name, cell, 'row').outcome !== 'parsed';
  return name === 'EmailAddress' && !looksLikeAddress(cell.trim());
}

function csv(rows: readonly (readonly string[])[]): string {
  return stringify([...rows], { record_delimiter: '\r\n' });
}
