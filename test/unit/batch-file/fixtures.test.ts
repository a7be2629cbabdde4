import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { lint, shortForm } from './lint.ts';

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../../fixtures/csv/${name}`, import.meta.url));

describe('a file as people make it', () => {
  it.each([
    ['imap-good.csv', 'imap', 3, []],
    ['staged-good.csv', 'staged', 3, []],
    ['utf-16.txt', 'imap', 1, []],
    ['excel-semicolons.csv', 'imap', 0, ['fatal CSV_SEPARATOR 1 -']],
    ['excel-unicode-text.txt', 'imap', 0, ['fatal CSV_SEPARATOR 1 -']],
    ['windows-1252.csv', 'imap', 2, ['fatal CSV_NOT_TEXT 2 -']],
    [
      'imap-mistakes.csv',
      'imap',
      11,
      [
        'error CSV_ADDRESS_DUPLICATE 3 1',
        'error CSV_ADDRESS_INVALID 4 1',
        'error CSV_USERNAME_SPACES 5 2',
        'error CSV_ADDRESS_EMPTY 6 1',
        'error CSV_USERNAME_EMPTY 7 2',
        'error CSV_PASSWORD_EMPTY 8 3',
        'error CSV_OPTION_INVALID 9 5',
        'warning CSV_ROW_EMPTY 10 -',
        'warning CSV_ADDRESS_DOUBTFUL 11 1',
        'error CSV_QUOTES 12 -',
        'warning CSV_PASSWORD_SPACES 13 3',
      ],
    ],
  ] as const)('%s is judged line by line', async (name, type, rows, findings) => {
    const result = await lint(await fixture(name), { type });

    expect(shortForm(result)).toEqual(findings);
    expect(result.rows).toBe(rows);
    expect(JSON.stringify(result)).not.toMatch(/Pa55|M@ster|Pa\$\$/);
  });
});
