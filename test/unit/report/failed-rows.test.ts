import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { lintBatchFile } from '../../../shared/application/read-batch-file/lint-batch-file.ts';
import { readBatchFile } from '../../../shared/application/read-batch-file/read-batch-file.ts';
import { writeBatchFileWithoutPasswords } from '../../../shared/application/read-batch-file/write-batch-file-without-passwords.ts';
import { writeReports } from '../../../shared/application/write-reports.ts';
import type { BatchFileRow, RowRules } from '../../../shared/domain/batch-file/batch-file-row.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { badRowJob } from '../../../shared/domain/queued-job.ts';
import { memoryServices, textOf } from '../../support/reports/memory-services.ts';
import { sampleBatch, sampleJob } from '../../support/reports/sample-batch.ts';
import { heldJob, waitingJob } from '../../support/reports/sample-mails.ts';
import { wholeReport } from '../../support/reports/whole-report.ts';

const first = 'work/contoso-1/batch-file-1.csv';
const second = 'work/contoso-1/batch-file-2.csv';
const position = { batch: 'contoso-1', pass: 'initial', run: 1, next: 'report', reason: '', mail: 'finished' } as const;

const rules: RowRules = {
  type: 'imap',
  sourceLogin: 'user',
  targetLogin: 'user',
  allowUnknownColumns: false,
  hasSealedPassword: () => true,
};

const signIn = { code: 'SOURCE_SIGN_IN_FAILED', message: 'The source said no.', kind: 'MailboxBlockedError' };

function failedJob(mailbox: string, row: number, changes: Partial<MailboxJob> = {}): MailboxJob {
  return waitingJob(mailbox, { status: 'Failed', row, line: row + 1, file: first, error: signIn, ...changes });
}

async function* octets(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new TextEncoder().encode(text));
}

/** What a batch keeps of an upload. */
async function copyOf(csv: string): Promise<Uint8Array> {
  let copy = '';
  for await (const piece of writeBatchFileWithoutPasswords(octets(csv), rules)) copy += piece;
  return new TextEncoder().encode(copy);
}

async function world(jobs: readonly MailboxJob[], files: Readonly<Record<string, string>>) {
  const parts = memoryServices({ batch: sampleBatch({ files: Object.keys(files) }), jobs });
  for (const [key, csv] of Object.entries(files)) parts.memory.objects.set(key, await copyOf(csv));
  return parts;
}

function failedRows({ services }: Awaited<ReturnType<typeof world>>): Promise<string> {
  return wholeReport(services, { batch: 'contoso-1', report: 'failed-rows' });
}

const rowsOf = (text: string): Record<string, string>[] => parse(text, { bom: true, columns: true });

async function accepted(text: string): Promise<readonly BatchFileRow[]> {
  const rows: BatchFileRow[] = [];
  for await (const event of readBatchFile(octets(text), rules)) if (event.kind === 'accepted') rows.push(event.row);
  return rows;
}

describe('FailedRows.csv', () => {
  const csv =
    '_Note,EmailAddress,Password,UserName,badItemLimit\r\n' +
    'works,ada@contoso.test,secret-1,ada,\r\n' +
    '"fails, first",bob@contoso.test,secret-2,CONTOSO\\bob,50\r\n' +
    ',cy@contoso.test,secret-3,cy,\r\n';

  it('has the failed rows in the columns of the batch file and their order, passwords blank, then the reason', async () => {
    const text = await failedRows(
      await world([sampleJob({ row: 1 }), failedJob('bob@contoso.test', 2), failedJob('cy@contoso.test', 3)], {
        [first]: csv,
      }),
    );
    expect(text.split('\r\n')[0]).toBe(
      '\uFEFF_Note,EmailAddress,Password,UserName,badItemLimit,_Line,_ErrorCode,_ErrorMessage,_Fix',
    );
    expect(text).not.toContain('secret');
    const rows = rowsOf(text);
    expect(rows).toMatchObject([
      {
        _Note: 'fails, first',
        EmailAddress: 'bob@contoso.test',
        Password: '',
        UserName: 'CONTOSO\\bob',
        badItemLimit: '50',
        _Line: '3',
        _ErrorCode: 'SOURCE_SIGN_IN_FAILED',
        _ErrorMessage: 'The source said no.',
      },
      { EmailAddress: 'cy@contoso.test', _Line: '4' },
    ]);
    for (const row of rows) expect(row['_Fix']).not.toBe('');
  });

  it('can be uploaded again as it is, and says the same of each mailbox', async () => {
    const text = await failedRows(
      await world([failedJob('bob@contoso.test', 2), failedJob('cy@contoso.test', 3)], { [first]: csv }),
    );
    expect(await lintBatchFile(octets(text), rules)).toMatchObject({ ok: true, rows: 2, findings: [] });
    const again = await accepted(text);
    const before = (await accepted(csv)).slice(1);
    const values = ({ emailAddress, userName, options }: BatchFileRow) => ({ emailAddress, userName, options });
    expect(again.map(values)).toEqual(before.map(values));
    expect(again.map((row) => row.password)).toEqual([undefined, undefined]);
  });

  it('has its own columns once, however often it goes round', async () => {
    const jobs = [failedJob('bob@contoso.test', 2)];
    const once = await failedRows(await world(jobs, { [first]: csv }));
    const twice = await failedRows(await world([failedJob('bob@contoso.test', 1, { line: 2 })], { [first]: once }));
    expect(twice.split('\r\n')[0]).toBe(once.split('\r\n')[0]);
    expect(rowsOf(twice)).toEqual(rowsOf(once).map((row) => ({ ...row, _Line: '2' })));
  });

  it('keeps every user name through the round, also one that looks like a formula', async () => {
    const userName = fc
      .oneof(fc.constantFrom('=cmd', '+49 1', '-x', '@home', "'quoted", 'a,b', 'say "hi"', 'ü;ö'), fc.string())
      .filter((name) => name.trim() === name && name !== '' && !/[\p{Cc}\uFFFD]/u.test(name) && name.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(userName, { minLength: 1, maxLength: 5 }), async (names) => {
        const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
        const lines = names.map((name, index) => `u${String(index)}@contoso.test,${quoted(name)},pw\r\n`);
        const jobs = names.map((_, index) => failedJob(`u${String(index)}@contoso.test`, index + 1));
        const file = `EmailAddress,UserName,Password\r\n${lines.join('')}`;
        const text = await failedRows(await world(jobs, { [first]: file }));
        expect((await accepted(text)).map((row) => row.userName)).toEqual(names);
      }),
      { numRuns: 60 },
    );
  });

  it('makes harmless what strangers and notes say, since the upload ignores it', async () => {
    const error = { ...signIn, message: '=HYPERLINK("http://evil.test")' };
    const file = '_Note,EmailAddress,UserName,Password\r\n=1+1,bob@contoso.test,bob,pw\r\n';
    const once = await failedRows(await world([failedJob('bob@contoso.test', 1, { error })], { [first]: file }));
    const [row] = rowsOf(once);
    expect(row).toMatchObject({ _Note: "'=1+1", _ErrorMessage: '\'=HYPERLINK("http://evil.test")' });
    const twice = await failedRows(await world([failedJob('bob@contoso.test', 1, { error })], { [first]: once }));
    expect(rowsOf(twice)).toMatchObject([{ _Note: "'=1+1" }]);
  });

  it('has bad rows, failed later passes and rows that another batch holds, and no others', async () => {
    const file =
      'EmailAddress,UserName,Password\r\n' +
      ['ada', 'bob', 'cy', 'dee', 'eve', 'fay'].map((name) => `${name}@contoso.test,${name},pw\r\n`).join('') +
      'not an address,gus,pw\r\n';
    const finding = { severity: 'error', code: 'CSV_ADDRESS_INVALID', line: 8, row: 7, column: null, field: null };
    const bad = badRowJob(
      {
        line: 8,
        row: 7,
        findings: [
          { ...finding, severity: 'error', code: 'CSV_ADDRESS_INVALID', message: 'It has no @.', suggestion: '' },
        ],
      },
      { batch: 'contoso-1', file: first, now: 0 },
    );
    const jobs = [
      sampleJob({ row: 1, file: first, green: false }),
      failedJob('bob@contoso.test', 2),
      failedJob('cy@contoso.test', 3, { status: 'IncrementalFailed' }),
      { ...heldJob('dee@contoso.test', 'contoso-pilot'), row: 4, file: first },
      waitingJob('eve@contoso.test', { row: 5, file: first, status: 'Stopped' }),
      waitingJob('fay@contoso.test', { row: 6, file: first, status: 'Skipped', reason: 'A later file replaced it.' }),
      bad,
    ];
    expect(rowsOf(await failedRows(await world(jobs, { [first]: file })))).toMatchObject([
      { UserName: 'bob', _ErrorCode: 'SOURCE_SIGN_IN_FAILED' },
      { UserName: 'cy' },
      { UserName: 'dee', _ErrorCode: 'MAILBOX_HELD_BY_OTHER_BATCH' },
      // What is no address may be a password: the copy leaves it out.
      { UserName: 'gus', EmailAddress: '', _ErrorCode: 'CSV_ADDRESS_INVALID', _ErrorMessage: 'It has no @.' },
    ]);
  });

  it('takes each row from the file it came from last, and has the columns of all of them', async () => {
    const jobs = [failedJob('ada@contoso.test', 1, { file: second }), failedJob('bob@contoso.test', 2)];
    const text = await failedRows(
      await world(jobs, {
        [first]: 'EmailAddress,UserName,Password\r\nada@contoso.test,old-name,pw\r\nbob@contoso.test,bob,pw\r\n',
        [second]: 'EmailAddress,UserName,Password,UserRoot\r\nada@contoso.test,new-name,pw,/mail\r\n',
      }),
    );
    expect(rowsOf(text)).toMatchObject([
      { EmailAddress: 'bob@contoso.test', UserName: 'bob', UserRoot: '' },
      { EmailAddress: 'ada@contoso.test', UserName: 'new-name', UserRoot: '/mail' },
    ]);
    expect(await lintBatchFile(octets(text), rules)).toMatchObject({ ok: true, rows: 2 });
  });

  it('is made from what the jobs know where the file is gone, and can be uploaded all the same', async () => {
    const jobs = [
      failedJob('ada@contoso.test', 1, { file: null, userName: 'CONTOSO\\ada', userRoot: '/mail' }),
      failedJob('bob@contoso.test', 2, { userName: 'bob' }),
    ];
    const text = await failedRows(await world(jobs, {}));
    expect(
      (await accepted(text)).map(({ emailAddress, userName, userRoot }) => [emailAddress, userName, userRoot]),
    ).toEqual([
      ['bob@contoso.test', 'bob', undefined],
      ['ada@contoso.test', 'CONTOSO\\ada', '/mail'],
    ]);
  });

  it('finds its rows in a file of one column, where rows may be left without any cell', async () => {
    const adminRules = { ...rules, sourceLogin: 'admin', targetLogin: 'admin' } as const;
    let copy = '';
    const file = 'EmailAddress\r\nada@contoso.test\r\nhunter2\r\n\r\nbob@contoso.test\r\n';
    for await (const piece of writeBatchFileWithoutPasswords(octets(file), adminRules)) copy += piece;
    const parts = memoryServices({ batch: sampleBatch({ files: [first] }), jobs: [failedJob('bob@contoso.test', 3)] });
    parts.memory.objects.set(first, new TextEncoder().encode(copy));
    expect(rowsOf(await failedRows(parts))).toMatchObject([{ EmailAddress: 'bob@contoso.test' }]);
  });

  it('is written with the other reports, in parts that are each a batch file', async () => {
    const many = 30_000;
    const jobs = Array.from({ length: many }, (_, index) =>
      failedJob(`user${String(index)}@contoso.test`, index + 1, { error: { ...signIn, message: 'x'.repeat(150) } }),
    );
    const lines = jobs.map(({ mailbox }) => `${mailbox},${mailbox},pw\r\n`);
    const { memory, services } = await world(jobs, { [first]: `EmailAddress,UserName,Password\r\n${lines.join('')}` });
    await writeReports(services, position);
    const parts = [...memory.objects].filter(([key]) => key.includes('FailedRows')).map(([, part]) => part);
    expect(parts.length).toBeGreaterThan(1);
    let rows = 0;
    for (const part of parts) {
      const lint = await lintBatchFile(octets(textOf(part)), rules);
      expect(lint.ok).toBe(true);
      rows += lint.rows;
    }
    expect(rows).toBe(many);
  }, 60_000);
});
