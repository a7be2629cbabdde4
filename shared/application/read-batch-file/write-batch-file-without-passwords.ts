import { stringify } from 'csv-stringify/sync';
import type { RowRules } from '../../domain/batch-file/batch-file-row.ts';
import { isBlank } from '../../domain/batch-file/cell-rules.ts';
import { isSecretColumn, type Column } from '../../domain/batch-file/columns.ts';
import { readHeader } from '../../domain/batch-file/header.ts';
import { looksLikeAddress } from '../../domain/batch-file/smtp-address.ts';
import { batchFileText } from './batch-file-text.ts';
import { csvRecords } from './csv-records.ts';

const rowsPerPiece = 500;

/**
 * The file as it is kept: UTF-8, CRLF, the same columns and rows in the same order (blank rows left out), and no
 * password. Blanked are the cells of password columns, of columns that nobody knows, of rows that could not be cut into
 * their columns, and an EmailAddress that is none: all places where a password may stand by mistake. A file whose header
 * cannot be read yields nothing.
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
    piece.push(withoutSecrets(cells, columns));
    if (piece.length < rowsPerPiece) continue;
    yield csv(piece);
    piece = [];
  }
  if (piece.length > 0) yield csv(piece);
}

function withoutSecrets(cells: readonly string[] | null, columns: readonly Column[]): readonly string[] {
  return columns.map((column, index) => {
    const cell = cells?.length === columns.length ? (cells[index] ?? '') : '';
    if (column.kind === 'unused' || isSecretColumn(column)) return '';
    return column.name === 'EmailAddress' && !looksLikeAddress(cell.trim()) ? '' : cell;
  });
}

function csv(rows: readonly (readonly string[])[]): string {
  return stringify([...rows], { record_delimiter: '\r\n' });
}
