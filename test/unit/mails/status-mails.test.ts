import { describe, expect, it } from '@jest/globals';
import { sendBatchMail, sendDigest, sendOpenMails } from '../../../shared/application/send-batch-mail.ts';
import { writeReports } from '../../../shared/application/write-reports.ts';
import type { Batch } from '../../../shared/domain/batch.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { MailMessage } from '../../../shared/ports/mailer.ts';
import { memoryServices, type Memory } from '../../support/reports/memory-services.ts';
import { at, sampleBatch, sampleJob } from '../../support/reports/sample-batch.ts';
import { heldJob, movingJob, waitingJob } from '../../support/reports/sample-mails.ts';

const position = { batch: 'contoso-1', pass: 'initial', run: 1, next: 'rest', reason: '', mail: 'finished' } as const;
const hour = 3_600_000;

function world(batch: Partial<Batch>, jobs: readonly MailboxJob[], parts: Partial<Memory> = {}) {
  return memoryServices({ batch: sampleBatch(batch), jobs, ...parts });
}

function theMail(memory: Memory): MailMessage {
  expect(memory.mails).toHaveLength(1);
  return memory.mails[0]!;
}

const failedJob = (mailbox: string, changes: Partial<MailboxJob> = {}): MailboxJob =>
  waitingJob(mailbox, {
    status: 'Failed',
    error: { code: 'SOURCE_SIGN_IN_FAILED', message: 'The source said no.', kind: 'MailboxBlockedError' },
    ...changes,
  });

describe('the mail that a batch has been stopped', () => {
  const jobs = [
    sampleJob(),
    failedJob('bob@contoso.test'),
    movingJob('cy@contoso.test', { status: 'Stopped', reason: 'the batch was stopped' }),
    waitingJob('dee@contoso.test', { status: 'Stopped', reason: 'the batch was stopped' }),
    waitingJob('eve@contoso.test', { status: 'Stopped', reason: 'the batch was stopped' }),
  ];
  const stopping = { status: 'Stopping', reason: 'Stopped by ada.' } as const;

  it('says how many were migrated before, who was left behind, and where new mail goes', async () => {
    const { memory, services } = world(stopping, jobs);
    await sendBatchMail(services, { ...position, kind: 'stopped' });
    const { subject, text } = theMail(memory);
    expect(subject).toBe('E-mail migration batch "contoso-1" has been stopped');
    expect(text).toContain(
      '1 of 5 mailboxes was migrated before the batch was stopped; 1 mailbox was in progress, 2 mailboxes were still waiting.',
    );
    expect(text).toContain('Stopped by ada.');
    expect(text).toContain('To the source mailbox, as before');
    expect(text).toContain('SOURCE_SIGN_IN_FAILED');
    expect(text).not.toMatch(/Code: +MAILBOX_(STOPPED|NOT_STARTED)/);
  });

  it('has the reports beside it: the migrated ones, and those in progress and waiting', async () => {
    const { memory, services } = world(stopping, jobs);
    await writeReports(services, { ...position, next: 'report', mail: 'stopped' });
    await sendBatchMail(services, { ...position, kind: 'stopped' });
    const names = theMail(memory).attachments.map(
      ({ name, octets }) => [name, new TextDecoder().decode(octets)] as const,
    );
    const text = (name: string) => names.find(([found]) => found === name)?.[1] ?? '';
    expect(text('MigrationStatistics.csv')).toContain('ada@contoso.test');
    for (const mailbox of ['cy', 'dee', 'eve']) {
      expect(text('MigrationStatistics.csv')).not.toContain(`${mailbox}@contoso.test`);
      expect(text('MigrationErrors.csv')).toContain(`${mailbox}@contoso.test`);
    }
  });

  it('is sent once, and again for another stop', async () => {
    const { memory, services } = world(stopping, jobs);
    await sendBatchMail(services, { ...position, kind: 'stopped' });
    await sendBatchMail(services, { ...position, kind: 'stopped' });
    expect(memory.mails).toHaveLength(1);
    memory.jobs = jobs.map((job) => ({ ...job, version: job.version + 2 }));
    await sendBatchMail(services, { ...position, kind: 'stopped' });
    expect(memory.mails).toHaveLength(2);
  });
});

describe('the mail that a batch has been paused', () => {
  it('names the one cause and its fix, and not two thousand rows', async () => {
    const error = { code: 'TARGET_CERTIFICATE_INVALID', message: 'It has expired.', kind: 'ConfigurationError' };
    const jobs = [
      ...Array.from({ length: 5 }, (_, index) => failedJob(`a${String(index)}@contoso.test`, { error })),
      ...Array.from({ length: 1995 }, (_, index) => waitingJob(`b${String(index)}@contoso.test`)),
    ];
    const { memory, services } = world({ status: 'Paused', errorCode: error.code, reason: 'Paused.' }, jobs);
    await sendBatchMail(services, { ...position, kind: 'paused' });
    const { subject, text, attachments } = theMail(memory);
    expect(subject).toBe('E-mail migration batch "contoso-1" has been paused');
    expect(text).toMatch(/Message: +It has expired\./);
    expect(text).toMatch(/Failed with it: +5 mailboxes/);
    expect(text).toMatch(/Code: +TARGET_CERTIFICATE_INVALID/);
    expect(text).toContain('`stagecoach batch resume contoso-1`');
    expect(text).not.toContain('@contoso.test');
    expect(attachments).toEqual([]);
  });
});

describe('the mail that a batch has been completed', () => {
  const completing = {
    status: 'Completing',
    pass: 'final',
    passNumber: 3,
    completion: { ignoreErrors: false, by: 'ada', at: at('20:00:30') },
  } as const;
  const completed = sampleJob({ status: 'Completed', completedAt: at('20:01:41') });

  it('says that every mailbox had its final pass', async () => {
    const { memory, services } = world(completing, [completed]);
    await sendBatchMail(services, { ...position, kind: 'completed' });
    expect(theMail(memory)).toMatchObject({
      subject: 'E-mail migration batch "contoso-1" has been completed',
      text: expect.stringContaining('1 mailbox has had the final pass, and every message is accounted for.'),
    });
  });

  it('names the errors that were to be ignored, with the errors report', async () => {
    const completion = { ...completing.completion, ignoreErrors: true };
    const { memory, services } = world({ ...completing, completion }, [completed, failedJob('bob@contoso.test')]);
    await writeReports(services, { ...position, next: 'report', mail: 'completed' });
    await sendBatchMail(services, { ...position, kind: 'completed' });
    const { subject, text, attachments } = theMail(memory);
    expect(subject).toBe('E-mail migration batch "contoso-1" has been completed - with errors');
    expect(text).toContain('SOURCE_SIGN_IN_FAILED');
    expect(attachments.map(({ name }) => name)).toContain('MigrationErrors.csv');
  });

  it('is another one where errors are left that nobody ignored', async () => {
    const jobs = [sampleJob(), failedJob('bob@contoso.test')];
    const { memory, services } = world(completing, jobs);
    await sendBatchMail(services, { ...position, kind: 'finished' });
    const { subject, text } = theMail(memory);
    expect(subject).toBe('E-mail migration batch "contoso-1" has not been completed - errors are left');
    expect(text).toContain('--ignore-errors');
  });
});

describe('the mail that a batch has finished with nothing of its own', () => {
  it('names each batch that holds its mailboxes', async () => {
    const jobs = [
      heldJob('ada@contoso.test', 'pilot'),
      heldJob('bob@contoso.test', 'pilot'),
      heldJob('cy@contoso.test', 'wave-2'),
    ];
    const { memory, services } = world({}, jobs);
    await sendBatchMail(services, { ...position, kind: 'finished' });
    const { text } = theMail(memory);
    expect(text).toContain('2 mailboxes: Another batch holds this mailbox.');
    expect(text).toContain('The batch pilot holds this mailbox.');
    expect(text).toContain('The batch wave-2 holds this mailbox.');
  });
});

describe('the mail that a batch is prepared', () => {
  it('counts who is ready, and names who is not yet', async () => {
    const { memory, services } = world({ type: 'staged', status: 'Provisioning' }, [
      waitingJob('ada@contoso.test', { status: 'Provisioned' }),
      waitingJob('bob@contoso.test', { status: 'Provisioning' }),
      failedJob('cy@contoso.test'),
    ]);
    await sendBatchMail(services, { ...position, kind: 'prepared' });
    const { subject, text } = theMail(memory);
    expect(subject).toBe('E-mail migration batch "contoso-1" is prepared - with exceptions');
    expect(text).toMatch(/Prepared: +1$/m);
    expect(text).toMatch(/Could not be prepared: +1$/m);
    expect(text).toContain('bob@contoso.test: the target has not made the mailbox yet.');
  });

  it('says whose new mail goes where, what it replaced, and what users may do and when', async () => {
    const forwarding = (before: string | null) =>
      ({
        state: 'set',
        sourceId: 'x',
        before,
        next: 'SMTP:x@contoso.mail.onmicrosoft.com',
        at: at('19:50:00'),
      }) as const;
    const { memory, services } = world({ type: 'staged', status: 'Provisioning' }, [
      waitingJob('ada@contoso.test', { status: 'Provisioned', forwarding: forwarding(null) }),
      waitingJob('bob@contoso.test', { status: 'Provisioned', forwarding: forwarding('SMTP:bob@fabrikam.test') }),
    ]);
    await sendBatchMail(services, { ...position, kind: 'prepared' });
    const text = theMail(memory).text.replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      '2 mailboxes are ready: users may work in the new mailbox from now on, and their old mail arrives in it, the newest first.',
    );
    expect(text).toContain('New mail of 2 people goes to the new mailboxes from now on.');
    expect(text).toContain(
      'these forwarded elsewhere, which a roll-back (`stagecoach batch stop contoso-1 --rollback`) puts back: bob@contoso.test: bob@fabrikam.test.',
    );
    expect(text).toContain('Outlook needs a new profile once the old mailbox has been converted');
  });
});

describe('the digest', () => {
  const jobs = [
    sampleJob(),
    failedJob('bob@contoso.test'),
    movingJob('cy@contoso.test', { queuedAt: at('20:00:00') }),
    movingJob('dee@contoso.test', { reason: 'source asked us to wait until 22:30' }),
    ...['eve', 'fay', 'gus', 'hal'].map((name) => waitingJob(`${name}@contoso.test`)),
  ];
  const start = Date.parse(at('20:00:01'));
  const running = (hours: number, batch: Partial<Batch> = {}, parts: Partial<Memory> = {}) =>
    world(batch, jobs, { now: start + hours * hour, ...parts });
  const ask = ({ memory, services }: ReturnType<typeof world>) => sendDigest(services, memory.batch!);

  it('says how far the batch is, and what waits and why, without the mailboxes that move', async () => {
    const found = running(24);
    expect(await ask(found)).toBe(1);
    const { subject, text, attachments } = theMail(found.memory);
    expect(subject).toBe('E-mail migration batch "contoso-1" is at 22 %');
    expect(text).toContain('1 of 8 mailboxes migrated, 2 in progress, 4 waiting. 1 mailbox needs a look.');
    expect(text).toContain(
      '4 mailboxes: waits for its turn\n  Mailboxes: eve@contoso.test, fay@contoso.test, gus@contoso.test and 1 more',
    );
    expect(text).toContain('1 mailbox: source asked us to wait until 22:30');
    expect(text).toContain('SOURCE_SIGN_IN_FAILED');
    expect(attachments).toEqual([]);
  });

  it('names mailboxes that have not moved for hours', async () => {
    const found = running(24);
    await ask(found);
    expect(theMail(found.memory).text).toContain('No progress for hours');
    expect(theMail(found.memory).text).toContain('cy@contoso.test');
  });

  it('comes once an interval, however often the tick asks', async () => {
    const found = running(23.9);
    expect(await ask(found)).toBe(0);
    for (const [hours, mails] of [
      [24, 1],
      [24.1, 1],
      [47.9, 1],
      [48, 2],
      [100, 3],
      [119, 3],
      [120, 4],
    ] as const) {
      found.memory.now = start + hours * hour;
      await ask(found);
      expect([hours, found.memory.mails.length]).toEqual([hours, mails]);
    }
    for (const { text } of found.memory.mails) expect(text).not.toContain('received this mail before');
  });

  it.each([
    ['is Synced', { status: 'Synced' }],
    ['is Stopped', { status: 'Stopped' }],
    ['is Created', { status: 'Created', startedAt: null }],
    ['is being removed', { status: 'Removing' }],
    ['wants none', { options: { reportInterval: 0 } }],
  ] satisfies [string, Partial<Batch>][])('does not come while the batch %s', async (_what, batch) => {
    expect(await ask(running(30, batch))).toBe(0);
  });

  it('comes as often as reportInterval says, also where that was changed on the way', async () => {
    const found = running(30, { options: { reportInterval: 1 } });
    expect(await ask(found)).toBe(1);
    found.memory.batch = sampleBatch({ options: { reportInterval: 24 } });
    found.memory.now = start + 49 * hour;
    expect(await ask(found)).toBe(1);
  });

  it('does not greet a pass that has just begun', async () => {
    const pass = { pass: 'incremental', status: 'IncrementalSyncing', passNumber: 2 } as const;
    const found = running(24.1, { ...pass, passStartedAt: new Date(start + 24 * hour + 5000).toISOString() });
    expect(await ask(found)).toBe(0);
    found.memory.now = start + 48 * hour;
    expect(await ask(found)).toBe(1);
  });

  it('says of a batch that waits for its time when it starts', async () => {
    const waiting = { status: 'Waiting', startedAt: null, reason: 'Starts at 2026-12-24T20:00:00.000Z.' } as const;
    const found = running(25, waiting);
    await ask(found);
    expect(theMail(found.memory)).toMatchObject({
      subject: 'E-mail migration batch "contoso-1" is waiting to start',
      text: expect.stringContaining('Starts at 2026-12-24T20:00:00.000Z.'),
    });
  });

  it('is sent once more, marked, where the one who sent it died', async () => {
    const found = running(24);
    const killed = { ...found.services.store, recordMail: () => Promise.reject(new Error('killed here')) };
    await expect(sendDigest({ ...found.services, store: killed }, found.memory.batch!)).rejects.toThrow('killed here');
    found.memory.now += hour / 4;
    expect(await ask(found)).toBe(0);
    expect(await sendOpenMails(found.services, found.memory.batch!)).toBe(1);
    expect(found.memory.mails[1]!.text).toContain('You may have received this mail before');
  });
});

describe('the data consistency in mails', () => {
  it('shows the score of the batch, the mailboxes by score, and what was approved', async () => {
    const items = { ...noItems, total: 12, copied: 10, failed: 2 };
    const approval = { by: 'ada', why: 'spam', at: at('20:30:00'), failed: 2, doubtful: 0, differences: 0 };
    const missing = { green: false, items, error: { code: 'ITEMS_NOT_COPIED', message: '', kind: '' } };
    const { memory, services } = world({}, [
      sampleJob(),
      sampleJob({ mailbox: 'bob@contoso.test', ...missing, approval }),
      sampleJob({ mailbox: 'cy@contoso.test', ...missing }),
    ]);
    await sendBatchMail(services, { ...position, kind: 'finished' });
    const { text } = theMail(memory);
    expect(text).toMatch(/Score of the batch: Investigate/);
    expect(text).toMatch(/Good: +1 mailbox$/m);
    expect(text).toMatch(/Investigate: +2 mailboxes$/m);
    expect(text).toMatch(/Approved: +1 mailbox$/m);
  });
});
