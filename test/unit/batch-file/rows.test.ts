import { describe, expect, it } from '@jest/globals';
import { acceptedRows, lint, read, shortForm } from './lint.ts';

const imap = (...rows: readonly string[]): string => ['EmailAddress,UserName,Password,UserRoot', ...rows].join('\n');
const staged = (...rows: readonly string[]): string =>
  ['EmailAddress,Password,ForceChangePassword', ...rows].join('\n');

describe('EmailAddress', () => {
  it.each([
    'alice@contoso.test',
    "o'neil+tag@sub.contoso-students.edu",
    '"Alice A."@contoso.test',
    `${'a'.repeat(64)}@contoso.test`,
  ])('may be %s', async (address) => {
    const [row] = await acceptedRows(imap(`"${address.replaceAll('"', '""')}",alice,Geheim123,`));

    expect(row?.emailAddress).toBe(address);
  });

  it.each([
    ['alice', 'has no @'],
    ['@contoso.test', 'has nothing before the @'],
    ['alice@', 'has nothing after the @'],
    ['alice@bob@contoso.test', 'has more than one @'],
    ['alice smith@contoso.test', 'has a space before the @'],
    ['alice@conto so.test', 'has a space after the @'],
    ['.alice@contoso.test', 'begins or ends with a dot, or has two dots in a row, before the @'],
    ['alice@contoso..test', 'begins or ends with a dot, or has two dots in a row, after the @'],
    ['alice@-contoso.test', 'has a domain after the @ that cannot exist'],
    ['al(ice@contoso.test', 'has a character before the @ that an address cannot have'],
    [`${'a'.repeat(65)}@contoso.test`, 'has more than 64 characters before the @'],
    ['Alice <alice@contoso.test>', 'holds < or >: write the bare address'],
    ['mailto:alice@contoso.test', 'begins with mailto: or smtp:'],
    ['alice@contoso.test;bob@contoso.test', 'holds a comma or semicolon: one address a row'],
    ['“alice@contoso.test”', 'holds a typographic quotation mark'],
    ['alice\u200B@contoso.test', 'holds a space or mark that cannot be seen'],
    [`alice@${Array(12).fill('例え例え例え例え例え').join('.')}.test`, 'is longer than 320 octets'],
    ['/o=NT5/ou=First/cn=alice', 'holds an Exchange name (/o=...) instead of an SMTP address'],
  ])('is refused as %s, since it %s', async (address, problem) => {
    const result = await lint(imap(`${address},alice,Geheim123,`, 'bob@contoso.test,bob,Geheim123,'));

    expect(result).toMatchObject({ refused: false, rows: 2, badRows: 1 });
    expect(result.findings).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'CSV_ADDRESS_INVALID',
        line: 2,
        row: 1,
        column: 'EmailAddress',
        field: 1,
        message: `EmailAddress is not a valid SMTP address: it ${problem}.`,
      }),
    ]);
  });

  it('is taken without the spaces around it', async () => {
    const content = imap(' alice@contoso.test ,alice,Geheim123,');

    expect((await acceptedRows(content))[0]?.emailAddress).toBe('alice@contoso.test');
    expect(shortForm(await lint(content))).toEqual(['warning CSV_SPACES_REMOVED 2 1']);
  });

  it('may stand once in a file, whatever its case; the first row counts', async () => {
    const content = imap(
      'alice@contoso.test,a,Geheim123,',
      'ALICE@contoso.test,b,Geheim123,',
      'bob@contoso.test,c,Geheim123,',
    );

    const result = await lint(content);
    const rows = await acceptedRows(content);

    expect(shortForm(result)).toEqual(['error CSV_ADDRESS_DUPLICATE 3 1']);
    expect(result.findings[0]?.message).toBe('The mailbox is already in line 2 of the file.');
    expect(rows.map(({ userName }) => userName)).toEqual(['a', 'c']);
  });

  it('draws a warning for what is nearly the domain of all the others', async () => {
    const many = Array.from({ length: 40 }, (_, index) => `u${index}@contoso.test,u${index},Geheim123,`);

    const result = await lint(imap(...many, 'zoe@contsoo.test,zoe,Geheim123,', 'yan@fabrikam.test,yan,Geheim123,'));

    expect(shortForm(result)).toEqual(['warning CSV_ADDRESS_DOUBTFUL 42 1']);
    expect(result.ok).toBe(true);
  });

  it.each([
    ['alice@gmail.com', 'EmailAddress is the target mailbox, but gmail.com is where people have private mailboxes.'],
    ['alice@localhost', 'The domain of EmailAddress has no dot.'],
    ['\u0430lice@contoso.test', 'EmailAddress holds letters outside of a-z: some look like Latin ones but are not.'],
  ])('draws a warning as %s', async (address, message) => {
    const result = await lint(imap(`${address},alice,Geheim123,`));

    expect(result.ok).toBe(true);
    expect(result.findings).toEqual([expect.objectContaining({ code: 'CSV_ADDRESS_DOUBTFUL', message })]);
  });
});

describe('UserName', () => {
  it.each([
    'hollyh',
    'contoso\\hollyh',
    'hollyh@contoso.test',
    'contoso-students/mailadmin/terry.adams',
    'terry.adams*mailadmin',
    '#terry.adams@contoso-students.edu#mailadmin#',
    'contoso\\mailadmin\\terry.adams',
    'admin@contoso.test\\terry.adams',
  ])('may be %s', async (userName) => {
    const content = imap(`terry@contoso.test,${userName},Geheim123,`);

    expect((await acceptedRows(content))[0]?.userName).toBe(userName);
    expect((await lint(content)).findings).toEqual([]);
  });

  it.each([
    ['', 'CSV_USERNAME_EMPTY', 'UserName is empty.'],
    ['  ', 'CSV_USERNAME_EMPTY', 'UserName is empty.'],
    [' alice', 'CSV_USERNAME_SPACES', 'UserName begins or ends with a space.'],
    ['alice ', 'CSV_USERNAME_SPACES', 'UserName begins or ends with a space.'],
    ['"al\nice"', 'CSV_CONTROL_CHARACTER', 'UserName holds a line break, a tab or another control character.'],
    ['a'.repeat(1025), 'CSV_VALUE_TOO_LONG', 'UserName is longer than 1024 characters.'],
  ])('is refused as %j', async (userName, code, message) => {
    const result = await lint(imap(`alice@contoso.test,${userName},Geheim123,`));

    expect(result.findings).toEqual([
      expect.objectContaining({ severity: 'error', code, message, column: 'UserName', field: 2 }),
    ]);
  });

  it('may be blank where an administrator signs in', async () => {
    const [row] = await acceptedRows(imap('alice@contoso.test,,,'), { sourceLogin: 'admin' });

    expect(row).toEqual({ line: 2, row: 1, emailAddress: 'alice@contoso.test', options: {}, ignored: {} });
  });

  it('draws a warning where it names an administrator and the endpoint has one', async () => {
    const result = await lint(imap('terry@contoso.test,terry*mailadmin,,'), { sourceLogin: 'admin' });

    expect(shortForm(result)).toEqual(['warning CSV_USERNAME_ADMIN 2 2']);
  });

  it('draws a warning where two rows read the same mailbox', async () => {
    const result = await lint(
      imap(
        'a@contoso.test,team,Geheim123,/users/a',
        'b@contoso.test,team,Geheim123,/users/b',
        'c@contoso.test,Team,Geheim123,/users/a',
      ),
    );

    expect(shortForm(result)).toEqual(['warning CSV_MAILBOX_TWICE 4 2']);
  });
});

describe('Password', () => {
  it.each(['', '   '])('must not be blank where users sign in (%j)', async (password) => {
    const result = await lint(imap(`alice@contoso.test,alice,${password},`));

    expect(shortForm(result)).toEqual(['error CSV_PASSWORD_EMPTY 2 3']);
  });

  it('may be blank where one was sealed before', async () => {
    const hasSealedPassword = (address: string) => address === 'Alice@contoso.test';

    const content = imap('Alice@contoso.test,alice,,', 'bob@contoso.test,bob,,');
    const result = await lint(content, { hasSealedPassword });

    expect(shortForm(result)).toEqual(['error CSV_PASSWORD_EMPTY 3 3']);
  });

  it('is taken with its spaces, of which a warning tells', async () => {
    const content = imap('alice@contoso.test,alice, Geheim123 ,');

    expect((await acceptedRows(content))[0]?.password).toBe(' Geheim123 ');
    expect(shortForm(await lint(content))).toEqual(['warning CSV_PASSWORD_SPACES 2 3']);
  });

  it.each(['Ge“heim”', 'Geheim\u00A0123'])(
    'draws a warning for a character that is easily mistaken (%s)',
    async (password) => {
      const result = await lint(imap(`alice@contoso.test,alice,${password},`));

      expect(shortForm(result)).toEqual(['warning CSV_ODD_CHARACTER 2 3']);
    },
  );

  it('is dropped where no side signs in with it, which is said once', async () => {
    const content = imap('alice@contoso.test,alice,Geheim123,', 'bob@contoso.test,bob,Geheim123,');

    const rows = await acceptedRows(content, { sourceLogin: 'oauth' });
    const result = await lint(content, { sourceLogin: 'oauth' });

    expect(rows.map(({ password }) => password)).toEqual([undefined, undefined]);
    expect(shortForm(result)).toEqual(['warning CSV_PASSWORD_UNUSED 2 3']);
  });

  it('is kept, and demanded, where the target signs in with it', async () => {
    const header = 'EmailAddress,UserName,Password,TargetPassword';
    const content = [header, 'a@contoso.test,,Geheim123,', 'b@contoso.test,,,Target123', 'c@contoso.test,,,'].join(
      '\n',
    );
    const rules = { sourceLogin: 'admin', targetLogin: 'user' } as const;

    const rows = await acceptedRows(content, rules);

    expect(rows).toMatchObject([{ password: 'Geheim123' }, { targetPassword: 'Target123' }]);
    expect(shortForm(await lint(content, rules))).toEqual(['error CSV_PASSWORD_EMPTY 4 4']);
  });

  it('of a staged mailbox has at least 8 characters, or is blank', async () => {
    const result = await lint(staged('a@contoso.test,1234567,', 'b@contoso.test,12345678,', 'c@contoso.test,,'), {
      type: 'staged',
    });

    expect(shortForm(result)).toEqual(['error CSV_PASSWORD_SHORT 2 2']);
  });
});

describe('ForceChangePassword', () => {
  it.each([
    ['True', true],
    ['False', false],
    ['TRUE', true],
    [' false ', false],
    ['', undefined],
  ])('may be %j', async (cell, expected) => {
    const [row] = await acceptedRows(staged(`alice@contoso.test,Geheim123,${cell}`), { type: 'staged' });

    expect(row).toBeDefined();
    expect(row?.forceChangePassword).toBe(expected);
  });

  it.each([
    ['Flase', 'Did you mean False?'],
    ['Tru', 'Did you mean True?'],
    ['yes', 'Did you mean True?'],
    ['0', 'Did you mean False?'],
    ['perhaps', 'Write True or False.'],
    ['constructor', 'Write True or False.'],
  ])('is refused as %s', async (cell, suggestion) => {
    const result = await lint(staged(`alice@contoso.test,Geheim123,${cell}`), { type: 'staged' });

    expect(result.findings).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'CSV_FORCE_CHANGE_INVALID',
        line: 2,
        field: 3,
        message: 'ForceChangePassword is not True or False.',
        suggestion,
      }),
    ]);
  });
});

describe('options in a row', () => {
  const withOptions = (...rows: readonly string[]) =>
    ['EmailAddress,UserName,Password,badItemLimit,excludeFolders', ...rows].join('\n');

  it('are parsed, and a blank cell leaves the option to the batch', async () => {
    const rows = await acceptedRows(
      withOptions('a@contoso.test,a,Geheim123,unlimited,"#Inbox#,Old/*"', 'b@contoso.test,b,Geheim123,,'),
    );

    expect(rows.map(({ options }) => options)).toEqual([
      { badItemLimit: 'unlimited', excludeFolders: ['#Inbox#', 'Old/*'] },
      {},
    ]);
  });

  it('make the row bad where their value is not valid', async () => {
    const result = await lint(withOptions('a@contoso.test,a,Geheim123,ten,Old*'));

    expect(result.findings).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'CSV_OPTION_INVALID',
        column: 'badItemLimit',
        field: 4,
        message: 'The value of badItemLimit is not valid.',
        suggestion: 'badItemLimit takes a whole number from 0 on, or unlimited.',
      }),
      expect.objectContaining({ code: 'CSV_OPTION_INVALID', column: 'excludeFolders', field: 5 }),
    ]);
  });
});

describe('a row', () => {
  it('has all its findings at once and goes on to the next', async () => {
    const events = await read(imap('nobody,alice ,,', 'bob@contoso.test,bob,Geheim123,'));

    expect(events).toMatchObject([
      { kind: 'bad', row: { line: 2, row: 1 } },
      { kind: 'accepted', row: { line: 3, row: 2, emailAddress: 'bob@contoso.test' } },
      { kind: 'end', summary: { refused: false, rows: 2, badRows: 1 } },
    ]);
    expect(shortForm({ findings: events[0]?.kind === 'bad' ? events[0].row.findings : [] })).toEqual([
      'error CSV_ADDRESS_INVALID 2 1',
      'error CSV_USERNAME_SPACES 2 2',
      'error CSV_PASSWORD_EMPTY 2 3',
    ]);
  });

  it('without any value is ignored with a warning and has no number', async () => {
    const content = imap(',,,', 'bob@contoso.test,bob,Geheim123,');

    expect(shortForm(await lint(content))).toEqual(['warning CSV_ROW_EMPTY 2 -']);
    expect((await acceptedRows(content))[0]).toMatchObject({ line: 3, row: 1 });
  });

  it('never shows a value of its own, wherever the password slipped to', async () => {
    const secret = 'S3cr3t!Pa55';
    const cells = ['alice@contoso.test', 'alice', secret, '/root', '5', 'True'];
    const header = 'EmailAddress,UserName,Password,UserRoot,badItemLimit,verify';
    for (let shift = 1; shift < cells.length; shift += 1) {
      const shifted = [...cells.slice(shift), ...cells.slice(0, shift)];
      const events = await read(`${header}\n${shifted.join(',')}\n${shifted.slice(1).join(',')}\n"${secret}\n`);
      const shown = events.map((event) => (event.kind === 'accepted' ? [] : event));

      expect(JSON.stringify(shown)).not.toContain(secret);
    }
  });
});
