import { describe, expect, it } from '@jest/globals';
import { acceptedRows, lint, shortForm } from './lint.ts';

const header = 'EmailAddress,UserName,Password';
const rows = (count: number): string =>
  Array.from({ length: count }, (_, index) => `u${index}@contoso.test,u${index},Geheim123\n`).join('');

const utf16be = (text: string): Uint8Array => Buffer.from(text, 'utf16le').swap16();

describe('a batch file as a whole', () => {
  it.each([
    ['no bytes', ''],
    ['only a byte order mark', '\uFEFF'],
    ['only blank lines', '\n \r\n\n'],
    ['a header and nothing else', `${header}\n`],
    ['a header and blank lines', `${header}\n\n\n`],
    ['a header and rows of commas', `${header}\n,,\n,,\n`],
  ])('is refused as empty with %s', async (_, content) => {
    const result = await lint(content);

    expect(result.refused).toBe(true);
    expect(result.findings).toContainEqual(
      expect.objectContaining({ severity: 'fatal', code: 'CSV_EMPTY', message: "Upload file can't be empty" }),
    );
  });

  it('may have 50,000 rows for imap and not one more', async () => {
    const full = await lint(`${header}\n${rows(50_000)}\n\n`);
    const over = await lint(`${header}\n${rows(50_001)}`);

    expect(full).toMatchObject({ ok: true, rows: 50_000, findings: [] });
    expect(over).toMatchObject({ refused: true, rows: 50_000 });
    expect(over.findings).toEqual([
      expect.objectContaining({
        severity: 'fatal',
        code: 'CSV_TOO_MANY_ROWS',
        line: 50_002,
        message:
          'The CSV file contains more than 50,000 rows. Please divide the file into two or more files and submit them separately.',
      }),
    ]);
  });

  it('may have 2,000 rows for staged and not one more', async () => {
    const addresses = (count: number) =>
      `EmailAddress\n${Array.from({ length: count }, (_, index) => `u${index}@contoso.test\n`).join('')}`;

    const full = await lint(addresses(2000), { type: 'staged' });
    const over = await lint(addresses(2001), { type: 'staged' });

    expect(full).toMatchObject({ ok: true, rows: 2000 });
    expect(over.findings[0]?.message).toBe(
      'The CSV file contains more than 2,000 rows. Please divide the file into two or more files and submit them separately.',
    );
  });

  it('may have 10 MB and not one octet more', async () => {
    const start = `${header},_note\na@contoso.test,a,Geheim123,`;
    const filled = start + 'x'.repeat(10 * 1024 * 1024 - start.length);

    const full = await lint(filled);
    const over = await lint(`${filled}x`);

    expect(full.ok).toBe(true);
    expect(shortForm(over)).toEqual(['fatal CSV_TOO_LARGE 1 -']);
  });

  it('is refused for a row with the wrong number of columns, in Microsoft’s words', async () => {
    const result = await lint(`${header}\na@contoso.test,a,Geheim123\nb@contoso.test,b\nc@contoso.test,c,Ge,heim\n`);

    expect(result).toMatchObject({ refused: true, rows: 3, badRows: 2 });
    expect(result.findings).toEqual([
      {
        severity: 'fatal',
        code: 'CSV_COLUMN_COUNT',
        line: 3,
        row: 2,
        column: null,
        field: null,
        message:
          'Row 2 has the wrong number of columns. Expected number: 3. Actual number: 2. Please edit this row and re-submit the file.',
        suggestion: 'Keep the comma of a value that is empty.',
      },
      expect.objectContaining({
        line: 4,
        message:
          'Row 3 has the wrong number of columns. Expected number: 3. Actual number: 4. Please edit this row and re-submit the file.',
        suggestion: 'Put a value that holds a comma into double quotes, and remove commas too many at the end.',
      }),
    ]);
  });
});

describe('the encoding of a batch file', () => {
  const text = `${header}\r\nmüller@contoso.test,"contoso\\müller","Grüße, ""€"" 𝄞"\r\n`;

  it.each<[string, Uint8Array]>([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16LE with a byte order mark', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['UTF-16LE', Buffer.from(text, 'utf16le')],
    ['UTF-16BE with a byte order mark', utf16be(`\uFEFF${text}`)],
    ['UTF-16BE', utf16be(text)],
  ])('may be %s', async (_, content) => {
    const [row] = await acceptedRows(content);

    expect(row).toMatchObject({
      line: 2,
      row: 1,
      emailAddress: 'müller@contoso.test',
      userName: 'contoso\\müller',
      password: 'Grüße, "€" 𝄞',
    });
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('may end its lines with %s, the last one or not', async (_, end) => {
    const lines = [header, 'a@contoso.test,a,Geheim123', 'b@contoso.test,b,Geheim123'];

    const closed = await acceptedRows(lines.join(end) + end);
    const open = await acceptedRows(lines.join(end));

    expect(closed.map(({ line, password }) => [line, password])).toEqual([
      [2, 'Geheim123'],
      [3, 'Geheim123'],
    ]);
    expect(open).toEqual(closed);
  });

  it('keeps counting lines over mixed ends and line breaks inside of quotes', async () => {
    const content = `${header},_note\r\na@contoso.test,a,Geheim123,"one\r\ntwo\rthree"\n\nb@contoso.test,b,,x\r\n`;

    const result = await lint(content);
    const [first] = await acceptedRows(content);

    expect(shortForm(result)).toEqual(['error CSV_PASSWORD_EMPTY 6 3']);
    expect(first).toMatchObject({ line: 2, ignored: { _note: 'one\ntwo\nthree' } });
  });

  it('is named as the fault, line by line, where an umlaut was saved in Windows-1252', async () => {
    const content = Buffer.from(`${header}\na@contoso.test,a,Geheim123\nb@contoso.test,b,Gr\xFC\xDFe1234\n`, 'latin1');

    const result = await lint(content);

    expect(result.findings).toEqual([
      expect.objectContaining({
        severity: 'fatal',
        code: 'CSV_NOT_TEXT',
        line: 3,
        message: 'Line 3 holds a character that is not valid UTF-8.',
        suggestion: expect.stringContaining('CSV UTF-8'),
      }),
    ]);
  });

  it('is refused for half of a surrogate pair in UTF-16', async () => {
    const content = Buffer.concat([
      Buffer.from(`\uFEFF${header}\na@contoso.test,a,Geheim`, 'utf16le'),
      Buffer.from([0x34, 0xd8]),
      Buffer.from('\n', 'utf16le'),
    ]);

    expect(shortForm(await lint(content))).toEqual(['fatal CSV_NOT_TEXT 2 -']);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'a workbook',
      Buffer.from('PK\u0003\u0004rest'),
      'The file is an Excel workbook (.xlsx) or another zip file, not a CSV.',
    ],
    [
      'an octet of value 0',
      Buffer.from(`${header}\na@contoso.test,a,Ge\0heim\n`),
      'The file holds octets with the value 0: it is not a text file.',
    ],
    [
      'an old workbook',
      Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 1, 2]),
      'The file is an old Excel workbook (.xls) or Office document, not a CSV.',
    ],
  ])('is refused for %s', async (_, content, message) => {
    const result = await lint(content);

    expect(result.findings).toEqual([expect.objectContaining({ severity: 'fatal', code: 'CSV_NOT_TEXT', message })]);
  });
});

describe('double quotes', () => {
  it('may surround any value and hold commas and doubled quotes', async () => {
    const [row] = await acceptedRows(`"EmailAddress","UserName","Password"\n"a@contoso.test","a","1,""2"",3"\n`);

    expect(row).toMatchObject({ emailAddress: 'a@contoso.test', password: '1,"2",3' });
  });

  it('spoil only the row where one stands in a bare value', async () => {
    const result = await lint(`${header}\na@contoso.test,a,Ge"heim\nb@contoso.test,b,Geheim123\n`);

    expect(result).toMatchObject({ refused: false, rows: 2, badRows: 1 });
    expect(shortForm(result)).toEqual(['error CSV_QUOTES 2 -']);
  });

  it('refuse the file where one is closed in the middle of a value, for rows may be swallowed', async () => {
    const result = await lint(`${header}\na@contoso.test,a,"Ge"heim"\nb@contoso.test,b,Geheim123\n`);

    expect(shortForm(result)).toEqual(['fatal CSV_QUOTES 2 -']);
  });

  it('refuse the file where one is never closed, and say where it was opened', async () => {
    const result = await lint(`${header}\na@contoso.test,a,x\nb@contoso.test,b,"Geheim\nc@contoso.test,c,y\n`);

    expect(result.findings).toEqual([
      expect.objectContaining({
        severity: 'fatal',
        code: 'CSV_QUOTES',
        line: 3,
        message: expect.stringContaining('The double quotes of the row that begins in line 3 do not match'),
      }),
    ]);
  });

  it('are all reported, whatever the rows before them had', async () => {
    const content = `${header}\na@contoso.test,a,p"x"z\nb@contoso.test,b,"p"q"\nc@contoso.test,c,x"\nd@contoso.test,d,"e\n`;

    expect(shortForm(await lint(content))).toEqual([
      'error CSV_QUOTES 2 -',
      'fatal CSV_QUOTES 3 -',
      'error CSV_QUOTES 4 -',
      'fatal CSV_QUOTES 5 -',
    ]);
  });

  it('in a broken header refuse the file instead of taking the first row for a header', async () => {
    const result = await lint(`EmailAddress,User"Name,Password\nEmailAddress,UserName,Password\n`);

    expect(shortForm(result)).toEqual(['fatal CSV_QUOTES 1 -']);
  });

  it('end the reading of a file that has them everywhere', async () => {
    const result = await lint(`${header}\n${'a@contoso.test,"a"b"c"d,x\n'.repeat(20_000)}`);

    expect(result.refused).toBe(true);
  });
});
