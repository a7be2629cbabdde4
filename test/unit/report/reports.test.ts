import { describe, expect, it, jest } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { PartWriter } from '../../../shared/application/reports/part-writer.ts';
import { writeReports } from '../../../shared/application/write-reports.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { ItemLine } from '../../../shared/domain/report/mailbox-report.ts';
import type { ReportFileName } from '../../../shared/domain/report/report-files.ts';
import { confidenceSentence } from '../../../shared/domain/report/verification-report.ts';
import { memoryServices, textOf } from '../../support/reports/memory-services.ts';
import { heldJob, movingJob, waitingJob } from '../../support/reports/sample-mails.ts';
import { sampleBatch, sampleJob, sampleVerification } from '../../support/reports/sample-batch.ts';
import { wholeReport } from '../../support/reports/whole-report.ts';

const position = { batch: 'contoso-1', pass: 'initial', run: 1, next: 'report', reason: '', mail: 'finished' } as const;

const line = (changes: Partial<ItemLine> = {}): ItemLine => ({
  folder: 'INBOX/Größe',
  uid: 7,
  size: 99,
  internalDate: '17-Jul-1996 02:44:25 -0700',
  outcome: 'skipped',
  code: 'OVER_ITEM_CAP',
  text: '',
  ...changes,
});

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const jsonLines = (items: readonly ItemLine[]): Uint8Array =>
  encode(items.map((item) => `${JSON.stringify(item)}\n`).join(''));

function world(jobs: readonly MailboxJob[]) {
  const parts = memoryServices({ batch: sampleBatch(), jobs });
  parts.memory.objects.set('ledger/pair-1/verification.json', encode(JSON.stringify(sampleVerification())));
  return parts;
}

function read(services: ReturnType<typeof world>['services'], report: ReportFileName): Promise<string> {
  return wholeReport(services, { batch: 'contoso-1', report });
}

const rows = (text: string): Record<string, string>[] => parse(text, { bom: true, columns: true });

const failed = sampleJob({
  mailbox: 'bob@contoso.test',
  row: 2,
  line: 3,
  status: 'Failed',
  green: null,
  syncedAt: null,
  verification: null,
  items: noItems,
  error: { code: 'SOURCE_SIGN_IN_FAILED', message: 'The source refused bob.', kind: 'MailboxBlockedError' },
});

describe('MigrationStatistics.csv', () => {
  it('has one row for a mailbox that moved, in the documented columns', async () => {
    const { services } = world([sampleJob(), failed]);
    expect(await read(services, 'statistics')).toBe(
      '\uFEFFBatch,EmailAddress,Status,Green,ItemsTotal,ItemsCopied,ItemsSkipped,ItemsFailed,ItemsDoubtful,' +
        'ItemsVanished,BytesCopied,BytesTransferred,Queued,Started,Synced,DurationSeconds,Slices,ItemsVerified,' +
        'Differences,VerificationDigest,FoldersRenamed,FoldersLeftOut,Row,ConsistencyScore,ScoreReason,' +
        'Approved,ApprovedBy,ApprovedAt\r\n' +
        'contoso-1,ada@contoso.test,Synced,true,12,10,1,0,0,1,4096,5000,' +
        `2026-11-20T20:00:03.000Z,2026-11-20T20:00:10.000Z,2026-11-20T20:01:40.000Z,90,2,10,0,${'aa'.repeat(32)},0,0,1,` +
        'Good,1 message of 12 left out by a rule or for their size.,false,,\r\n',
    );
  });

  it('keeps a mailbox whose later pass failed: it moved', async () => {
    const { services } = world([sampleJob({ status: 'IncrementalFailed' })]);
    expect(rows(await read(services, 'statistics'))).toHaveLength(1);
  });
});

describe('MigrationErrors.csv', () => {
  it('says code, message, cause, fix and who must act', async () => {
    const { services } = world([sampleJob(), failed]);
    const [row, ...others] = rows(await read(services, 'errors'));
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      Batch: 'contoso-1',
      Row: '2',
      Line: '3',
      EmailAddress: 'bob@contoso.test',
      Status: 'Failed',
      ErrorCode: 'SOURCE_SIGN_IN_FAILED',
      ErrorMessage: 'The source refused bob.',
      Actor: 'the admin of the migration',
    });
    expect(row!['Cause']).not.toBe('');
    expect(row!['Fix']).not.toBe('');
  });

  it.each([
    ['failed items', { items: { ...noItems, total: 3, copied: 2, failed: 1 } }, 'ITEMS_NOT_COPIED'],
    ['doubtful items', { items: { ...noItems, total: 3, copied: 2, doubtful: 1 } }, 'DOUBTFUL_ITEM'],
    ['differences', { verification: { key: 'k', digest: 'd', checked: 3, differences: 1 } }, 'VERIFICATION_FAILED'],
    ['sums that do not close', {}, 'COUNTS_DO_NOT_CLOSE'],
  ])('lists a synced mailbox that is not green for its %s', async (_why, changes, code) => {
    const { services } = memoryServices({
      batch: sampleBatch(),
      jobs: [sampleJob({ green: false, verification: null, ...changes })],
    });
    expect(rows(await read(services, 'errors'))).toMatchObject([{ Status: 'Synced', ErrorCode: code }]);
  });

  it('leaves out mailboxes that wait or move while the batch runs, and lists them once it has ended', async () => {
    const jobs = [
      waitingJob('c@contoso.test'),
      waitingJob('d@contoso.test', { status: 'Stopped', reason: 'the batch was stopped' }),
      movingJob('e@contoso.test'),
      movingJob('f@contoso.test', { status: 'Stopped', reason: 'the batch was stopped' }),
    ];
    const running = memoryServices({ batch: sampleBatch(), jobs });
    expect(rows(await read(running.services, 'errors')).map((row) => row['EmailAddress'])).toEqual([
      'd@contoso.test',
      'f@contoso.test',
    ]);
    const stopped = memoryServices({ batch: sampleBatch({ status: 'Stopped' }), jobs });
    expect(rows(await read(stopped.services, 'errors')).map((row) => row['ErrorCode'])).toEqual([
      'MAILBOX_NOT_STARTED',
      'MAILBOX_NOT_STARTED',
      'MAILBOX_STOPPED',
      'MAILBOX_STOPPED',
    ]);
  });

  it.each([
    ['imap', 'To the source mailbox, as before: nothing was changed there.'],
    ['staged', 'To the source mailbox, as before.'],
    ['cutover', 'To the source mailbox until the MX record points to the target.'],
  ] as const)('says where new mail of a mailbox goes that is not migrated: %s', async (type, newMail) => {
    const jobs = [movingJob('e@contoso.test'), waitingJob('f@contoso.test'), sampleJob({ green: false })];
    const { services } = memoryServices({ batch: sampleBatch({ type, status: 'Stopped' }), jobs });
    expect(rows(await read(services, 'errors')).map((row) => row['NewMail'])).toEqual([newMail, newMail, '']);
  });

  it('says it of each mailbox of a staged batch by its journal of the forwarding', async () => {
    const about = { sourceId: 'guid', next: 'SMTP:e@contoso.mail.onmicrosoft.com', at: '2026-11-20T20:00:00Z' };
    const journals = [
      { ...about, state: 'set', before: null },
      { ...about, state: 'put-back', before: 'SMTP:e@elsewhere.test' },
      { ...about, state: 'left', before: null, actual: 'SMTP:e@theirs.test' },
    ] as const;
    const jobs = journals.map((forwarding, row) => ({ ...movingJob(`e${String(row)}@contoso.test`), forwarding }));
    const { services } = memoryServices({ batch: sampleBatch({ type: 'staged', status: 'Stopped' }), jobs });
    expect(rows(await read(services, 'errors')).map((row) => row['NewMail'])).toEqual([
      'To e@contoso.mail.onmicrosoft.com: forwarding is set at the source.',
      'To e@elsewhere.test.',
      'To e@theirs.test.',
    ]);
  });

  it('names the batch that holds a skipped mailbox', async () => {
    const { services } = world([heldJob('eve@contoso.test', 'fabrikam-9')]);
    expect(rows(await read(services, 'errors'))).toMatchObject([
      { ErrorCode: 'MAILBOX_HELD_BY_OTHER_BATCH', ErrorMessage: 'The batch fabrikam-9 holds this mailbox.' },
    ]);
  });

  it('shows a code that this version does not know with the cause and fix of an unexpected error', async () => {
    const { services } = world([{ ...failed, error: { code: 'FROM_THE_FUTURE', message: 'm', kind: 'k' } }]);
    const [row] = rows(await read(services, 'errors'));
    expect(row).toMatchObject({ ErrorCode: 'FROM_THE_FUTURE' });
    expect(row!['Fix']).not.toBe('');
  });
});

describe('SkippedItems.csv', () => {
  it('names each item by folder and UID, with the reason in words', async () => {
    const { memory, services } = world([sampleJob({ itemsReport: 'ledger/pair-1/items.jsonl' })]);
    memory.objects.set(
      'ledger/pair-1/items.jsonl',
      jsonLines([line(), line({ uid: 8, outcome: 'failed', code: 'ITEM_REFUSED', text: 'NO [CANNOT] no' })]),
    );
    expect(await read(services, 'skipped')).toBe(
      '\uFEFFBatch,EmailAddress,Folder,Uid,SizeBytes,Received,Outcome,ReasonCode,Reason\r\n' +
        'contoso-1,ada@contoso.test,INBOX/Größe,7,99,1996-07-17T02:44:25-07:00,skipped,OVER_ITEM_CAP,' +
        '"The mailbox holds more messages than the cap; this is one of the oldest."\r\n' +
        'contoso-1,ada@contoso.test,INBOX/Größe,8,99,1996-07-17T02:44:25-07:00,failed,ITEM_REFUSED,NO [CANNOT] no\r\n',
    );
  });

  it('streams the items of a mailbox that has many, whatever pieces they arrive in', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => line({ uid: index + 1 }));
    const { memory, services } = world([
      sampleJob({ itemsReport: 'ledger/pair-1/items.jsonl', items: { ...noItems, total: 3000, skipped: 3000 } }),
    ]);
    memory.objects.set('ledger/pair-1/items.jsonl', jsonLines(many));
    const uids = rows(await read(services, 'skipped')).map((row) => Number(row['Uid']));
    expect(uids).toEqual(many.map((item) => item.uid));
  });
});

describe('ActiveMailboxes.csv', () => {
  it('shows what is being worked on: status, why it waits, how far it is', async () => {
    const { services } = world([
      sampleJob(),
      sampleJob({
        mailbox: 'eve@contoso.test',
        status: 'Syncing',
        reason: 'all 20 mailbox slots of contoso are in use',
        items: { ...noItems, total: 200, copied: 100 },
      }),
    ]);
    expect(rows(await read(services, 'active'))).toMatchObject([
      {
        EmailAddress: 'eve@contoso.test',
        Status: 'Syncing',
        Reason: 'all 20 mailbox slots of contoso are in use',
        PercentComplete: '50',
      },
    ]);
  });
});

describe('the verification report', () => {
  const difference = {
    folder: 'INBOX',
    uid: 3,
    targetUid: 4,
    kind: 'altered' as const,
    detail: 'the body differs',
    messageIdHash: '0123456789abcdef',
    changedSince: false,
  };

  it('names each folder and each item that differs, as JSON and as tables', async () => {
    const { memory, services } = world([sampleJob(), failed]);
    memory.objects.set(
      'ledger/pair-1/verification.json',
      encode(JSON.stringify(sampleVerification({ differences: [difference], differencesTotal: 1 }))),
    );
    const report = JSON.parse(await read(services, 'verification'));
    expect(report).toMatchObject({ schema: 1, batch: 'contoso-1', writtenAt: '2026-11-20T20:02:00.000Z' });
    expect(report.mailboxes).toHaveLength(1);
    expect(report.mailboxes[0]).toMatchObject({
      emailAddress: 'ada@contoso.test',
      verified: true,
      closes: true,
      rules: 1,
      digest: 'aa'.repeat(32),
      folders: [{ folder: 'INBOX', sourceItems: 12, closes: true }],
      differences: [difference],
    });
    expect(report.mailboxes[0].confidence.sentence).toContain('All 10 copied messages');
    expect(rows(await read(services, 'verificationFolders'))).toMatchObject([{ Folder: 'INBOX', Closes: 'true' }]);
    expect(rows(await read(services, 'verificationDifferences'))).toMatchObject([
      { Folder: 'INBOX', Uid: '3', TargetUid: '4', Kind: 'altered', MessageIdHash: '0123456789abcdef' },
    ]);
  });

  it.each([
    [{ mode: 'none', checked: 0, of: 500, level: 0, badShare: 1 } as const, 'Nothing was read again'],
    [{ mode: 'sample', checked: 12, of: 12, level: 1, badShare: 0 } as const, 'All 12 copied messages were read again'],
    [
      { mode: 'sample', checked: 298, of: 5000, level: 0.95, badShare: 0.01 } as const,
      'had 1 % of them or more been bad, the sample would have met one with a probability of 95 %.',
    ],
  ])('says in a sentence what reading again proves: %j', (confidence, sentence) => {
    expect(confidenceSentence(confidence)).toContain(sentence);
  });

  it('does not call a folder closed whose numbers do not add up, whatever was written', async () => {
    const { memory, services } = world([sampleJob()]);
    const [folder] = sampleVerification().folders;
    const open = sampleVerification({ folders: [{ ...folder!, sourceItems: 13 }] });
    memory.objects.set('ledger/pair-1/verification.json', encode(JSON.stringify(open)));
    expect(JSON.parse(await read(services, 'verification')).mailboxes[0]).toMatchObject({ closes: false });
  });

  it('says of a moved mailbox without evidence that it is not verified', async () => {
    const { memory, services } = world([sampleJob()]);
    memory.objects.clear();
    expect(JSON.parse(await read(services, 'verification')).mailboxes).toMatchObject([
      { emailAddress: 'ada@contoso.test', verified: false },
    ]);
  });
});

// Memory is measured in a process that runs other tests as well: the bound must be met, at the third look at the latest.
jest.retryTimes(2);

describe('writing the reports of a batch', () => {
  it('writes what reading them on demand gives, and goes on to rest', async () => {
    const { memory, services } = world([sampleJob(), failed]);
    expect(await writeReports(services, position)).toMatchObject({ batch: 'contoso-1', run: 1, next: 'rest' });
    expect([...memory.objects.keys()].filter((key) => key.startsWith('reports/')).sort()).toEqual([
      'reports/contoso-1/ActiveMailboxes.csv',
      'reports/contoso-1/FailedRows.csv',
      'reports/contoso-1/MigrationErrors.csv',
      'reports/contoso-1/MigrationStatistics.csv',
      'reports/contoso-1/SkippedItems.csv',
      'reports/contoso-1/SynchronisationErrors.csv',
      'reports/contoso-1/VerificationDifferences.csv',
      'reports/contoso-1/VerificationFolders.csv',
      'reports/contoso-1/VerificationReport.json',
    ]);
    expect(textOf(memory.objects.get('reports/contoso-1/MigrationStatistics.csv'))).toBe(
      await read(services, 'statistics'),
    );
    expect(textOf(memory.objects.get('reports/contoso-1/VerificationReport.json'))).toBe(
      await read(services, 'verification'),
    );
  });

  it('does nothing for an execution that lost the run of the batch', async () => {
    const { memory, services } = world([sampleJob()]);
    expect(await writeReports(services, { ...position, run: 2 })).toMatchObject({ run: 0, next: 'leave' });
    expect([...memory.objects.keys()].some((key) => key.startsWith('reports/'))).toBe(false);
  });

  it('continues a long report in parts that are complete in themselves, and empties parts of an earlier one', async () => {
    const { memory, services } = memoryServices();
    const report = { batch: 'b', name: 'skipped', frame: { head: 'H\n', separator: '', tail: '' } } as const;
    const write = async (count: number): Promise<void> => {
      const writer = new PartWriter(services.objects, report, 30);
      for (let row = 0; row < count; row += 1) await writer.add(`row ${String(row)}\n`);
      await writer.end();
    };
    const files = () => Object.fromEntries([...memory.objects].map(([key, octets]) => [key, textOf(octets)]));
    await write(9);
    expect(files()).toEqual({
      'reports/b/SkippedItems.csv': 'H\nrow 0\nrow 1\nrow 2\nrow 3\n',
      'reports/b/SkippedItems-2.csv': 'H\nrow 4\nrow 5\nrow 6\nrow 7\n',
      'reports/b/SkippedItems-3.csv': 'H\nrow 8\n',
    });
    await write(5);
    expect(files()).toEqual({
      'reports/b/SkippedItems.csv': 'H\nrow 0\nrow 1\nrow 2\nrow 3\n',
      'reports/b/SkippedItems-2.csv': 'H\nrow 4\n',
      'reports/b/SkippedItems-3.csv': 'H\n',
    });
  });

  it('stays under 180 MB for 50,000 mailboxes and 500,000 skipped items', async () => {
    const items = jsonLines(Array.from({ length: 10 }, (_, index) => line({ uid: index + 1 })));
    const jobs = async function* () {
      for (let row = 1; row <= 50_000; row += 1)
        yield await Promise.resolve(
          sampleJob({ mailbox: `user${String(row)}@contoso.test`, row, itemsReport: 'ledger/pair-1/items.jsonl' }),
        );
    };
    const { memory, services } = memoryServices({ batch: sampleBatch(), jobs: jobs() });
    memory.objects.set('ledger/pair-1/items.jsonl', items);
    memory.objects.set('ledger/pair-1/verification.json', encode(JSON.stringify(sampleVerification())));
    // The reports leave for the disk or for S3: only their sizes stay.
    const sizes = new Map<string, number>();
    const before = process.memoryUsage().rss;
    let peak = before;
    await writeReports(
      {
        ...services,
        objects: {
          ...services.objects,
          put: (key, octets) => {
            sizes.set(key, octets.length);
            peak = Math.max(peak, process.memoryUsage().rss);
            return Promise.resolve('');
          },
        },
      },
      position,
    );
    expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBeGreaterThan(80_000_000);
    expect([...sizes.keys()].filter((key) => key.includes('SkippedItems')).length).toBeGreaterThan(2);
    expect((peak - before) / 1024 ** 2).toBeLessThan(180);
  }, 60_000);
});
