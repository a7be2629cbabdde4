import { describe, expect, it } from '@jest/globals';
import { writeBatchFileWithoutPasswords } from '../../../shared/application/read-batch-file/write-batch-file-without-passwords.ts';
import type { RowRules } from '../../../shared/domain/batch-file/batch-file-row.ts';
import { chunks, imapRules, type FileContent } from './lint.ts';

async function copyOf(content: FileContent, rules: Partial<RowRules> = {}): Promise<string> {
  let text = '';
  for await (const piece of writeBatchFileWithoutPasswords(chunks(content), { ...imapRules, ...rules })) text += piece;
  return text;
}

describe('the copy of a batch file that is kept', () => {
  it('has the same columns and rows in the same order, without passwords', async () => {
    const copy = await copyOf(
      [
        'Password,EmailAddress,UserName,TargetPassword,_note,badItemLimit',
        'Geheim123,alice@contoso.test,alice,Target123,"one, ""two""",5',
        '',
        ',,,,,',
        'Geheim456,bob@contoso.test,bob,,,',
      ].join('\n'),
    );

    expect(copy).toBe(
      [
        'Password,EmailAddress,UserName,TargetPassword,_note,badItemLimit\r\n',
        ',alice@contoso.test,alice,,"one, ""two""",5\r\n',
        ',bob@contoso.test,bob,,,\r\n',
      ].join(''),
    );
  });

  it.each([
    [
      'a column that nobody knows',
      'EmailAddress,UserName,Password,Pasword',
      'a@contoso.test,a,x,S3cr3t',
      { allowUnknownColumns: true },
    ],
    ['a password column set aside', 'EmailAddress,UserName,Password,_OldPassword', 'a@contoso.test,a,x,S3cr3t', {}],
    ['a passphrase set aside', 'EmailAddress,UserName,Password,_passphrase', 'a@contoso.test,a,x,S3cr3t', {}],
    ['a row with a comma too many', 'EmailAddress,UserName,Password', 'a@contoso.test,a,x,S3cr3t', {}],
    ['the column of an option', 'EmailAddress,UserName,Password,badItemLimit', 'a@contoso.test,a,x,S3cr3t', {}],
    ['the column of its user name', 'EmailAddress,UserName,Password', 'a@contoso.test,S3cr3t,', {}],
    ['a column further than its own', 'EmailAddress,UserName,Password,UserRoot,_note', 'a@contoso.test,,a,S3cr3t,', {}],
    ['the column _note', 'EmailAddress,UserName,Password,_note', 'a@contoso.test,a,,S3cr3t', {}],
    ['an address that is none', 'EmailAddress,UserName,Password', 'S3cr3t,a,x', {}],
    ['a row with a stray quote', 'EmailAddress,UserName,Password', 'a@contoso.test,a"b,S3cr3t', {}],
    ['a file without a header', 'a@contoso.test,a,S3cr3t', 'b@contoso.test,b,S3cr3t', {}],
    ['a file with semicolons', 'EmailAddress;UserName;Password', 'a@contoso.test;a;S3cr3t', {}],
    ['a header with a stray quote', 'EmailAddress,User"Name,Password', 'a@contoso.test,a,S3cr3t', {}],
  ])('holds no password that stands in %s', async (_, header, row, rules) => {
    const copy = await copyOf(`${header}\n${row}\nc@contoso.test,c,S3cr3t\n`, rules);

    expect(copy).not.toContain('S3cr3t');
  });

  it('keeps the user name of a row without a password where it is that of its address, or a password is sealed', async () => {
    const header = 'EmailAddress,UserName,Password';
    const rows = ['a@contoso.test,A@contoso.test,', 'b@contoso.test,b,', 'c@contoso.test,CONTOSO\\c,'];

    const copy = await copyOf([header, ...rows].join('\n'), {
      hasSealedPassword: (address) => address.startsWith('c'),
    });

    expect(copy).toBe([header, ...rows, ''].join('\r\n'));
  });

  it('keeps an address that is nearly one, so that it can be corrected', async () => {
    const copy = await copyOf('EmailAddress,UserName,Password\nalice@contoso..test,alice,Geheim123\n');

    expect(copy).toContain('alice@contoso..test,alice,\r\n');
  });
});
