import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { sendBatchMail, sendOpenMails } from '../../../shared/application/send-batch-mail.ts';
import { sendRefusedMail } from '../../../shared/application/send-refused-mail.ts';
import { writeReports } from '../../../shared/application/write-reports.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import { TransientError } from '../../../shared/domain/errors.ts';
import type { MailMessage } from '../../../shared/ports/mailer.ts';
import { memoryServices, textOf, type Memory } from '../../support/reports/memory-services.ts';
import { sampleBatch, sampleJob } from '../../support/reports/sample-batch.ts';
import { mixedJobs } from '../../support/reports/sample-mails.ts';

const position = { batch: 'contoso-1', pass: 'initial', run: 1, next: 'rest', reason: '', mail: 'finished' } as const;
const finished = { ...position, kind: 'finished' } as const;
const quarterOfAnHour = 15 * 60_000;

function world(parts: Partial<Memory> = {}) {
  return memoryServices({ batch: sampleBatch(), jobs: mixedJobs, ...parts });
}

function theMail(memory: Memory): MailMessage {
  expect(memory.mails).toHaveLength(1);
  return memory.mails[0]!;
}

/** The value beside a label in the text of a mail. */
function fact(mail: MailMessage, label: string): string {
  return new RegExp(`^ *${label}: +(.*)$`, 'm').exec(mail.text)?.[1] ?? `no ${label}`;
}

describe('the mail that a batch has finished', () => {
  it('says with the subject whether there were errors', async () => {
    const mixed = world();
    await sendBatchMail(mixed.services, finished);
    expect(theMail(mixed.memory).subject).toBe('E-mail migration batch "contoso-1" has finished - with errors');
    const green = world({ jobs: [sampleJob()] });
    await sendBatchMail(green.services, finished);
    expect(theMail(green.memory).subject).toBe('E-mail migration batch "contoso-1" has finished');
    const failed = world({ jobs: mixedJobs.filter((job) => job.status === 'Failed') });
    await sendBatchMail(failed.services, finished);
    expect(theMail(failed.memory).subject).toBe(
      'E-mail migration batch "contoso-1" has finished - no mailbox was migrated',
    );
  });

  it('has the numbers of the CSVs', async () => {
    const { memory, services } = world();
    await writeReports(services, { ...position, next: 'report' });
    await sendBatchMail(services, finished);
    const mail = theMail(memory);
    const rows = (name: string): Record<string, string>[] =>
      parse(textOf(memory.objects.get(`reports/contoso-1/${name}.csv`)), { bom: true, columns: true });
    const statistics = rows('MigrationStatistics');
    const sum = (column: string) => String(statistics.reduce((total, row) => total + Number(row[column]), 0));

    expect(fact(mail, 'Need a look')).toBe(String(rows('MigrationErrors').length));
    expect(mail.text).toContain(`${String(statistics.length)} of 5 mailboxes are synchronised`);
    expect(fact(mail, 'Proved complete')).toBe(String(statistics.filter((row) => row['Green'] === 'true').length));
    expect(fact(mail, 'At the source')).toBe(sum('ItemsTotal'));
    expect(fact(mail, 'Copied')).toBe(`${sum('ItemsCopied')}, 188.2 MB (${sum('BytesCopied')} bytes)`);
    expect(fact(mail, 'Skipped')).toBe('1');
    expect(fact(mail, 'Messages read again')).toBe(sum('ItemsVerified'));
    for (const row of statistics) expect(mail.text).toContain(row['VerificationDigest']);
    for (const row of rows('MigrationErrors')) {
      expect(mail.text).toContain(row['ErrorCode']);
      expect(mail.text).toContain(row['Fix']);
    }
  });

  it('says the same in HTML as in text', async () => {
    const { memory, services } = world();
    await sendBatchMail(services, finished);
    const { text, html } = theMail(memory);
    const plain = html
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"');
    for (const number of text.match(/\d+/g)!) expect(plain).toContain(number);
    expect(plain).toContain('SOURCE_SIGN_IN_FAILED');
  });

  it('names the worst problem first, with the mailboxes it struck', async () => {
    const { memory, services } = world();
    await sendBatchMail(services, finished);
    const { text } = theMail(memory);
    expect(text.indexOf('SOURCE_SIGN_IN_FAILED')).toBeLessThan(text.indexOf('ITEMS_NOT_COPIED'));
    expect(text).toContain('cy@contoso.test, dee@contoso.test');
  });

  it('shows five kinds of problem and says how many more there are', async () => {
    const codes = ['A_1', 'A_2', 'A_3', 'A_4', 'A_5', 'A_6', 'A_7'];
    const jobs = codes.map((code, index) =>
      sampleJob({
        mailbox: `u${String(index)}@contoso.test`,
        status: 'Failed',
        green: null,
        error: { code, message: code, kind: 'MailboxBlockedError' },
      }),
    );
    const { memory, services } = world({ jobs });
    await sendBatchMail(services, finished);
    const { text } = theMail(memory);
    expect(codes.filter((code) => text.includes(`Code:      ${code}`))).toHaveLength(5);
    expect(text).toContain('2 other kinds of problem');
  });

  it('attaches small reports, links large ones, and gives each a place that stays valid', async () => {
    const { memory, services } = world();
    await writeReports(services, { ...position, next: 'report' });
    memory.objects.set('reports/contoso-1/SkippedItems.csv', new Uint8Array(1024 * 1024 + 1));
    await sendBatchMail(services, finished);
    const mail = theMail(memory);
    expect(mail.attachments.map(({ name }) => name)).toEqual([
      'MigrationStatistics.csv',
      'MigrationErrors.csv',
      'FailedRows.csv',
      'VerificationReport.json',
    ]);
    expect(textOf(mail.attachments[0]!.octets)).toBe(
      textOf(memory.objects.get('reports/contoso-1/MigrationStatistics.csv')),
    );
    expect(mail.text).toContain('SkippedItems.csv\n  /data/reports/contoso-1/SkippedItems.csv');
    expect(mail.text).toContain('MigrationErrors.csv (attached)\n  /data/reports/contoso-1/MigrationErrors.csv');
  });

  it('leaves out reports of failures that list none', async () => {
    const { memory, services } = world({ jobs: [sampleJob()] });
    await writeReports(services, { ...position, next: 'report' });
    await sendBatchMail(services, finished);
    expect(theMail(memory).attachments.map(({ name }) => name)).toEqual([
      'MigrationStatistics.csv',
      'MigrationErrors.csv',
      'SkippedItems.csv',
      'VerificationReport.json',
    ]);
    expect(theMail(memory).text).not.toContain('FailedRows.csv');
  });

  it('links the console page of a report where there is a console', async () => {
    const { memory, services } = world();
    await writeReports(services, { ...position, next: 'report' });
    const consoleUrl = 'https://console.example/object?prefix=';
    await sendBatchMail({ ...services, settings: { ...services.settings, consoleUrl } }, finished);
    const mail = theMail(memory);
    expect(mail.html).toContain(`<a href="${consoleUrl}reports/contoso-1/MigrationErrors.csv"`);
    expect(mail.html + mail.text).not.toContain('X-Amz-Signature');
  });

  it('is written for people in their own time zone', async () => {
    const { memory, services } = world({ batch: sampleBatch({ options: { timeZone: 'Europe/Berlin' } }) });
    await sendBatchMail(services, finished);
    expect(fact(theMail(memory), 'Finished')).toBe('2026-11-20 21:02 (Europe/Berlin)');
  });

  it('shows strangers’ texts as text, loads nothing from anywhere, and fits a phone', async () => {
    const [green] = mixedJobs;
    const nasty = '<img src=x onerror=alert(1)>\r\nBcc: eve@evil.test';
    const jobs = [
      {
        ...green!,
        status: 'Failed' as const,
        error: { code: 'ITEM_REFUSED', message: nasty, kind: 'x' },
        mailbox: nasty,
      },
    ];
    const { memory, services } = world({ jobs });
    await sendBatchMail(services, finished);
    const { html, text } = theMail(memory);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).not.toMatch(/<(img|script|link|iframe|style)|url\(|@import|https?:/i);
    expect(html).toContain('name="viewport"');
    expect(text).not.toMatch(/^Bcc/m);
  });
});

describe('sending a mail of a batch', () => {
  it('sends it once, however often it is asked for', async () => {
    const { memory, services } = world();
    expect(await sendBatchMail(services, finished)).toEqual(position);
    await sendBatchMail(services, finished);
    expect(theMail(memory).text).not.toContain('received this mail before');
    expect(memory.records).toMatchObject([{ kind: 'finished', outcome: 'sent', detail: 'mail-1' }]);
  });

  it('does not send it again when a new run finds the same jobs', async () => {
    const { memory, services } = world();
    await sendBatchMail(services, finished);
    memory.batch = sampleBatch({ runs: 2, run: { ...sampleBatch().run!, number: 2 } });
    await sendBatchMail(services, { ...finished, run: 2 });
    expect(memory.mails).toHaveLength(1);
  });

  it('sends another one when a retry changed a single job', async () => {
    const { memory, services } = world();
    await sendBatchMail(services, finished);
    memory.jobs = mixedJobs.map((job) => (job.mailbox === 'cy@contoso.test' ? { ...job, version: 9 } : job));
    await sendBatchMail(services, finished);
    expect(memory.mails).toHaveLength(2);
    expect(memory.mails[1]!.text).not.toContain('received this mail before');
  });

  it('sends it once more, marked, when a claim was left open for a quarter of an hour', async () => {
    const { memory, services } = world();
    await expect(
      sendBatchMail(
        { ...services, store: { ...services.store, recordMail: () => Promise.reject(new Error('killed here')) } },
        finished,
      ),
    ).rejects.toThrow('killed here');
    memory.now += quarterOfAnHour - 1;
    await sendBatchMail(services, finished);
    expect(memory.mails).toHaveLength(1);
    memory.now += 1;
    await sendBatchMail(services, finished);
    expect(memory.mails).toHaveLength(2);
    expect(memory.mails[1]!.text).toContain('You may have received this mail before');
    expect(memory.mails[1]!.html).toContain('You may have received this mail before');
    memory.now += quarterOfAnHour;
    await sendBatchMail(services, finished);
    expect(memory.mails).toHaveLength(2);
  });

  it('is sent once more by the tick, which asks for what was left claimed, and only once', async () => {
    const { memory, services } = world();
    const killed = { ...services.store, recordMail: () => Promise.reject(new Error('killed here')) };
    await expect(sendBatchMail({ ...services, store: killed }, finished)).rejects.toThrow('killed here');

    expect(await sendOpenMails(services, sampleBatch())).toBe(0);
    memory.now += quarterOfAnHour;
    expect(await sendOpenMails(services, sampleBatch())).toBe(1);
    expect(await sendOpenMails(services, sampleBatch())).toBe(0);

    expect(memory.mails).toHaveLength(2);
    expect(memory.mails[1]!.text).toContain('You may have received this mail before');
    expect(memory.records).toMatchObject([{ kind: 'finished', outcome: 'sent', attempts: 2 }]);
  });

  it('records a failure to send and lets the batch go on', async () => {
    const { memory, services } = world({
      refuseMail: new TransientError({ code: 'MAIL_NOT_SENT', message: 'The mail service is down.' }),
    });
    expect(await sendBatchMail(services, finished)).toEqual(position);
    expect(memory.records).toMatchObject([
      { kind: 'finished', outcome: 'failed', detail: 'MAIL_NOT_SENT: The mail service is down.' },
    ]);
  });

  it('keeps the words of an unknown error to itself: they may hold a password', async () => {
    const { memory, services } = world({ refuseMail: new Error('535 bad login smtp-user:hunter2') });
    await sendBatchMail(services, finished);
    expect(JSON.stringify(memory.records)).not.toContain('hunter2');
    expect(memory.records).toMatchObject([{ outcome: 'failed', detail: 'MAIL_NOT_SENT: Error' }]);
  });

  it('leaves when a successor took the run of the batch', async () => {
    const { memory, services } = world();
    expect(await sendBatchMail(services, { ...finished, run: 7 })).toMatchObject({ run: 0, next: 'leave' });
    expect(memory.mails).toEqual([]);
  });

  const endpoint = (notify: readonly string[]) =>
    Endpoint.parse({
      name: 'contoso',
      type: 'imap',
      source: { kind: 'imap', host: 'a.test', login: { mode: 'user' } },
      target: { kind: 'imap', host: 'b.test', login: { mode: 'user' } },
      defaults: notify.length === 0 ? {} : { notify },
    });

  it.each([
    ['the batch', ['boss@contoso.test'], ['it@contoso.test'], ['boss@contoso.test']],
    ['the endpoint', undefined, ['it@contoso.test'], ['it@contoso.test']],
    ['the operator', undefined, [], ['operator@contoso.test']],
  ])('goes to whom %s names', async (_who, ofBatch, ofEndpoint, expected) => {
    const { memory, services } = world({
      batch: sampleBatch({ options: ofBatch === undefined ? {} : { notify: ofBatch } }),
      endpoint: endpoint(ofEndpoint),
    });
    await sendBatchMail(services, finished);
    expect(theMail(memory).to).toEqual(expected);
  });

  it('says in the record when nobody is named', async () => {
    const { memory, services } = world();
    await sendBatchMail({ ...services, settings: { ...services.settings, operator: null } }, finished);
    expect(memory.records[0]!.detail).toContain('nobody is named to receive it');
  });
});

describe('the mail that a batch could not start', () => {
  const refused = { ...position, kind: 'refused' } as const;
  const batch = sampleBatch({
    status: 'Failed',
    run: null,
    errorCode: 'CSV_EMPTY',
    reason: "Upload file can't be empty",
    fileFindings: [
      { severity: 'fatal', code: 'CSV_EMPTY', line: 1, message: "Upload file can't be empty", suggestion: 'Fill it.' },
    ],
  });

  it('says what is wrong, where, and how to mend it', async () => {
    const { memory, services } = world({ batch, jobs: [] });
    expect(await sendBatchMail(services, refused)).toEqual(position);
    const mail = theMail(memory);
    expect(mail.subject).toBe('E-mail migration batch "contoso-1" could not start');
    expect(mail.text).toContain("Line 1: Upload file can't be empty");
    expect(mail.text).toContain('Suggestion: Fill it.');
    expect(mail.text).toContain('No mailbox was touched.');
    expect(fact(mail, 'Code')).toBe('CSV_EMPTY');
  });

  it('says that a batch could not go on where mailboxes had been worked on', async () => {
    const { memory, services } = world({
      batch: { ...batch, errorCode: 'UNEXPECTED', reason: 'Something broke.', fileFindings: [] },
    });
    await sendBatchMail(services, refused);
    expect(theMail(memory).subject).toBe('E-mail migration batch "contoso-1" could not go on');
    expect(theMail(memory).text).not.toContain('No mailbox was touched.');
  });

  it('names the prerequisites that are not met, and no others', async () => {
    const check = { check: 'Sign-in at the target', evidence: 'NO', fix: 'Correct the secret.' };
    const { memory, services } = world({
      batch: {
        ...batch,
        fileFindings: [],
        checks: [
          { ...check, result: 'fail' },
          { ...check, check: 'Certificate of the source', result: 'pass' },
        ],
      },
      jobs: [],
    });
    await sendBatchMail(services, refused);
    expect(theMail(memory).text).toContain('* Sign-in at the target: NO\n  Fix: Correct the secret.');
    expect(theMail(memory).text).not.toContain('Certificate of the source');
  });
});

describe('the mail that rows could not be read', () => {
  const refused = { ...position, kind: 'refused' } as const;
  const unread = sampleBatch({
    status: 'Failed',
    run: null,
    errorCode: 'SEALED_PASSWORD_UNREADABLE',
    reason: 'The sealing key cannot be used.',
    uploads: [{ key: 'incoming/contoso/contoso-1.csv', version: 'v1' }],
  });

  it('comes once, and not with every tick that tries again', async () => {
    const { memory, services } = world({ batch: unread, jobs: [] });
    for (let run = 1; run <= 288; run += 1) await sendBatchMail(services, { ...refused, run });
    expect(memory.mails).toHaveLength(1);

    memory.batch = { ...unread, errorCode: 'STORE_UNAVAILABLE', reason: 'KMS did not answer.' };
    await sendBatchMail(services, { ...refused, run: 289 });
    expect(memory.mails).toHaveLength(2);
    memory.batch = { ...unread, uploads: [{ key: 'incoming/contoso/contoso-1.csv', version: 'v2' }] };
    await sendBatchMail(services, { ...refused, run: 290 });
    expect(memory.mails).toHaveLength(3);
  });

  it('is sent again where its sender died', async () => {
    const { memory, services } = world({ batch: unread, jobs: [] });
    await sendBatchMail(services, refused);
    memory.records[0] = { ...memory.records[0]!, outcome: 'claimed' };
    memory.now += quarterOfAnHour;

    expect(await sendOpenMails(services, unread)).toBe(1);
    expect(memory.mails).toHaveLength(2);
  });
});

describe('the mail for an upload of which no batch came', () => {
  const upload = {
    batch: 'bad name\r\nBcc: eve@evil.test',
    endpoint: 'nowhere',
    code: 'ENDPOINT_NOT_FOUND',
    reason: 'There is no endpoint nowhere.',
    upload: { key: 'incoming/nowhere/bad name.csv', version: 'v1' },
    startedBy: null,
  } as const;

  it('goes to the operator once per version of the file, under a name that is one', async () => {
    const { memory, services } = world();
    await sendRefusedMail(services, upload);
    await sendRefusedMail(services, upload);
    const mail = theMail(memory);
    expect(mail.to).toEqual(['operator@contoso.test']);
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(mail.text).toContain('incoming/nowhere/bad name.csv');
    expect(memory.records).toMatchObject([{ batch: 'bad-name--Bcc--eve-evil.test', kind: 'refused', outcome: 'sent' }]);
    await sendRefusedMail(services, { ...upload, upload: { ...upload.upload, version: 'v2' } });
    expect(memory.mails).toHaveLength(2);
  });
});
