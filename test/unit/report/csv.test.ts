import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvHeader, csvLine, type Column } from '../../../shared/domain/report/csv.ts';

type Row = readonly string[];
const columns = (count: number): readonly Column<Row>[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `Column${String(index)}`,
    doc: '',
    value: (row: Row) => row[index] ?? null,
  }));

const table = fc
  .integer({ min: 1, max: 6 })
  .chain((width) =>
    fc.array(fc.array(anyCell(), { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
  );

/** Everything that is awkward in a cell, and everything else. */
function anyCell(): fc.Arbitrary<string> {
  const awkward = fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', "'", '"', ',', ';', ' ', '\r\n', 'ü', '😀');
  return fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.oneof(awkward, fc.string({ maxLength: 4 }))).map((parts) => parts.join('')),
  );
}

const written = (rows: readonly Row[]): string => {
  const shape = columns(rows[0]!.length);
  return csvHeader(shape) + rows.map((row) => csvLine(shape, row)).join('');
};
const readBack = (text: string): string[][] => parse(text, { bom: true, record_delimiter: '\r\n', columns: false });

describe('a CSV of ours', () => {
  it('reads back as what was written, once the one leading apostrophe is dropped', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const [, ...cells] = readBack(written(rows));
        expect(cells.map((row) => row.map((cell) => cell.replace(/^'/, '')))).toEqual(rows);
      }),
    );
  });

  it('has no cell that a spreadsheet takes for a formula', () => {
    fc.assert(
      fc.property(table, (rows) => {
        for (const row of readBack(written(rows))) for (const cell of row) expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
      }),
    );
  });

  it('quotes, separates and ends lines as RFC 4180 says', () => {
    expect(csvLine(columns(4), ['plain', 'a "quoted", word', 'two\r\nlines', ' edge'])).toBe(
      'plain,"a ""quoted"", word","two\r\nlines"," edge"\r\n',
    );
  });

  it('begins with a byte order mark, so that Excel reads UTF-8', () => {
    expect(csvHeader(columns(2))).toBe('\uFEFFColumn0,Column1\r\n');
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['-x@contoso.test', "'-x@contoso.test"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', '"\'\t=1"'],
    ["'already", "''already"],
  ])('writes %j as %j', (cell, expected) => {
    expect(csvLine(columns(1), [cell])).toBe(`${expected}\r\n`);
  });

  it('writes numbers and truth as they are, and nothing for null', () => {
    const shape: readonly Column<null>[] = [
      { name: 'A', doc: '', value: () => -1 },
      { name: 'B', doc: '', value: () => true },
      { name: 'C', doc: '', value: () => null },
    ];
    expect(csvLine(shape, null)).toBe('-1,true,\r\n');
  });
});
