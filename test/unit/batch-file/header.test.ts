import { describe, expect, it } from '@jest/globals';
import { lint, shortForm } from './lint.ts';

const row = 'alice@contoso.test,alice,Geheim123';

const missing = (column: string) =>
  `Column "${column}" is missing from the CSV file. The import process can't continue because this column is required. Please edit the CSV file and re-submit it.`;

describe('the header of an imap file', () => {
  it('is taken exactly as Microsoft writes it, in any order, with our own columns', async () => {
    const header = 'UserName,EmailAddress,Password,UserRoot,TargetUserName,TargetPassword,badItemLimit,_note';
    const result = await lint(`${header}\nalice,alice@contoso.test,Geheim123,/users/alice,al,Target123,5,hello\n`);

    expect(result).toEqual({ ok: true, refused: false, rows: 1, badRows: 0, findings: [], findingsLeftOut: 0 });
  });

  it.each([
    [
      'Email Address,UserName,Password',
      'EmailAddress',
      1,
      'Rename column 1 to EmailAddress: one word, written exactly so.',
    ],
    ['EmailAddress,User_Name,Password', 'UserName', 2, 'Rename column 2 to UserName: one word, written exactly so.'],
    ['EmailAddress,UserName,Pasword', 'Password', 3, 'Rename column 3 to Password: one word, written exactly so.'],
    ['Email,UserName,Password', 'EmailAddress', 1, 'Rename column 1 to EmailAddress: one word, written exactly so.'],
    [
      'emailaddress,UserName,Password',
      'EmailAddress',
      1,
      'Upper and lower case count in the names of columns: rename column 1 to EmailAddress.',
    ],
    ['EmailAddress, UserName,Password', 'UserName', 2, 'Remove the spaces around UserName in the name of column 2.'],
    [
      '“EmailAddress”,UserName,Password',
      'EmailAddress',
      1,
      'The name of column 1 holds a typographic quotation mark: write it anew as EmailAddress.',
    ],
    ['EmailAddress,UserName,Foo', 'Password', null, 'Add the column Password to the header.'],
  ])('%s lacks %s', async (header, column, field, suggestion) => {
    const result = await lint(`${header}\n${row}\n`);

    expect(result.refused).toBe(true);
    expect(result.findings).toContainEqual({
      severity: 'fatal',
      code: 'CSV_COLUMN_MISSING',
      line: 1,
      row: null,
      column,
      field,
      message: missing(column),
      suggestion,
    });
  });

  it('reports all its faults and those of the rows at once', async () => {
    const result = await lint('Email Address,UserName,Password,Color\nalice,alice ,Geheim123,red\n');

    expect(shortForm(result)).toEqual([
      'fatal CSV_COLUMN_MISSING 1 1',
      'fatal CSV_COLUMN_UNKNOWN 1 4',
      'error CSV_ADDRESS_INVALID 2 1',
      'error CSV_USERNAME_SPACES 2 2',
    ]);
  });

  it.each([
    ['UserRot', 'Rename column 4 to UserRoot: one word, written exactly so.'],
    ['BadItemLimit', 'Upper and lower case count in the names of columns: rename column 4 to badItemLimit.'],
    ['ForceChangePassword', 'The column belongs to a file of type staged: remove it, or use an endpoint of that type.'],
  ])('refuses the unknown column %s with advice', async (column, suggestion) => {
    const result = await lint(`EmailAddress,UserName,Password,${column}\n${row},x\n`);

    expect(result.findings[0]).toMatchObject({
      severity: 'fatal',
      code: 'CSV_COLUMN_UNKNOWN',
      column,
      field: 4,
      message: `The column "${column}" is not known.`,
      suggestion,
    });
  });

  it('ignores unknown columns with allowUnknownColumns, and says so, above all of misspelt ones', async () => {
    const result = await lint(`EmailAddress,UserName,Password,Color,UserRot\n${row},red,/x\n`, {
      allowUnknownColumns: true,
    });

    expect(result.ok).toBe(true);
    expect(result.findings).toEqual([
      expect.objectContaining({ severity: 'warning', code: 'CSV_COLUMN_IGNORED', field: 4 }),
      expect.objectContaining({
        severity: 'warning',
        code: 'CSV_COLUMN_IGNORED',
        field: 5,
        suggestion: 'Rename column 5 to UserRoot: one word, written exactly so.',
      }),
    ]);
  });

  it('refuses the same column twice and a column without a name', async () => {
    const result = await lint(`EmailAddress,UserName,Password,UserName,\n${row},alice,\n`);

    expect(shortForm(result)).toEqual(['fatal CSV_COLUMN_TWICE 1 4', 'fatal CSV_COLUMN_UNNAMED 1 5']);
  });

  it.each([
    [';', 'semicolons'],
    ['\t', 'tabs'],
    ['|', 'vertical bars'],
  ])('names the separator %j where it stands in place of commas', async (separator, name) => {
    const result = await lint(['EmailAddress,UserName,Password', row].join('\n').replaceAll(',', separator));

    expect(result.findings).toEqual([
      expect.objectContaining({
        severity: 'fatal',
        code: 'CSV_SEPARATOR',
        line: 1,
        message: `The columns of the file are separated by ${name} instead of commas.`,
      }),
    ]);
  });

  it('is missed where the file begins with data, without showing any of it', async () => {
    const result = await lint('alice@contoso.test,alice,Passw0rd\nbob@contoso.test,bob,Pa55word\n');

    expect(shortForm(result)).toEqual(['fatal CSV_HEADER_MISSING 1 -']);
    expect(JSON.stringify(result)).not.toMatch(/Passw0rd|Pa55word|alice/);
  });

  it('may follow blank lines, which count as lines', async () => {
    const result = await lint(`\n\nEmailAddress,UserName,Password\n\n,alice,Geheim123\n`);

    expect(shortForm(result)).toEqual(['error CSV_ADDRESS_EMPTY 5 1']);
  });

  it('takes an option that only a batch can have, but says that it has no effect', async () => {
    const result = await lint(`EmailAddress,UserName,Password,notify\n${row},a@b.test\n`);

    expect(result.ok).toBe(true);
    expect(shortForm(result)).toEqual(['warning CSV_COLUMN_UNUSED 1 4']);
  });

  it('needs only EmailAddress where an administrator signs in', async () => {
    const result = await lint('EmailAddress\nalice@contoso.test\n', { sourceLogin: 'admin' });

    expect(result.ok).toBe(true);
  });
});

describe('the header of a staged file', () => {
  it.each(['EmailAddress', 'EmailAddress,Password', 'EmailAddress,Password,ForceChangePassword'])(
    'may be %s',
    async (header) => {
      const cells = ['alice@contoso.test', 'Geheim123', 'True'].slice(0, header.split(',').length).join(',');

      const result = await lint(`${header}\n${cells}\n`, { type: 'staged' });

      expect(result).toMatchObject({ ok: true, findings: [] });
    },
  );

  it('must have EmailAddress', async () => {
    const result = await lint('Password\nGeheim123\n', { type: 'staged' });

    expect(result.findings).toEqual([
      expect.objectContaining({ code: 'CSV_COLUMN_MISSING', message: missing('EmailAddress') }),
    ]);
  });

  it('refuses columns of an imap file', async () => {
    const result = await lint('EmailAddress,UserName\nalice@contoso.test,alice\n', { type: 'staged' });

    expect(result.findings[0]).toMatchObject({
      severity: 'fatal',
      code: 'CSV_COLUMN_UNKNOWN',
      suggestion: 'The column belongs to a file of type imap: remove it, or use an endpoint of that type.',
    });
  });
});

describe('a cutover migration', () => {
  it('takes no file at all', async () => {
    const result = await lint('EmailAddress\n', { type: 'cutover' });

    expect(shortForm(result)).toEqual(['fatal CSV_NOT_USED 1 -']);
  });
});
