import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { PartWriter } from '../../../shared/application/reports/part-writer.ts';
import { writeReports } from '../../../shared/application/write-reports.ts';
import type { AuditEntry } from '../../../shared/domain/audit.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { ItemLine } from '../../../shared/domain/report/mailbox-report.ts';
import type { ReportFileName } from '../../../shared/domain/report/report-files.ts';
import { memoryServices, textOf, type Memory } from '../../support/reports/memory-services.ts';
import { at, sampleBatch, sampleJob } from '../../support/reports/sample-batch.ts';
import { wholeReport } from '../../support/reports/whole-report.ts';

const items = 'ledger/pair-1/items.jsonl';
const line = (changes: Partial<ItemLine>): ItemLine => ({
  folder: 'INBOX',
  uid: 7,
  size: 99,
  internalDate: '17-Jul-1996 02:44:25 -0700',
  outcome: 'failed',
  code: 'ITEM_REFUSED',
  text: 'NO [CANNOT] no',
  ...changes,
});

function world(parts: Partial<Memory>, lines: readonly ItemLine[] = []) {
  const found = memoryServices(parts);
  found.memory.objects.set(items, new TextEncoder().encode(lines.map((item) => `${JSON.stringify(item)}\n`).join('')));
  return found;
}

async function read({ services }: ReturnType<typeof world>, report: ReportFileName): Promise<Record<string, string>[]> {
  return parse(await wholeReport(services, { batch: 'contoso-1', report }), { bom: true, columns: true });
}

/** The batch is in its second pass, which began at 21:00. */
const secondPass = sampleBatch({ pass: 'incremental', passNumber: 2, passStartedAt: at('21:00:00') });
const later = (changes: Partial<MailboxJob> = {}): MailboxJob =>
  sampleJob({ passDone: 2, syncedAt: at('21:01:00'), ...changes });

describe('SynchronisationErrors.csv', () => {
  it('lists mailboxes whose later pass failed, with cause, fix and how old their copy is', async () => {
    const jobs = [
      later(),
      later({
        mailbox: 'bob@contoso.test',
        status: 'IncrementalFailed',
        syncedAt: at('20:01:40'),
        error: { code: 'SOURCE_SIGN_IN_FAILED', message: 'The source said no.', kind: 'MailboxBlockedError' },
      }),
      later({ mailbox: 'cy@contoso.test', status: 'Failed', syncedAt: null }),
    ];
    const [row, ...others] = await read(world({ batch: secondPass, jobs }), 'sync-errors');
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      EmailAddress: 'bob@contoso.test',
      Status: 'IncrementalFailed',
      Folder: '',
      Uid: '',
      ErrorCode: 'SOURCE_SIGN_IN_FAILED',
      ErrorMessage: 'The source said no.',
      Actor: 'the admin of the migration',
      LastSynced: at('20:01:40'),
    });
    expect(row!['Fix']).not.toBe('');
  });

  it('lists messages that a later pass could not copy, and not those that were left out by a rule', async () => {
    const job = later({
      green: false,
      items: { ...noItems, total: 3, failed: 1, doubtful: 1, skipped: 1 },
      itemsReport: items,
    });
    const lines = [
      line({}),
      line({ uid: 8, outcome: 'doubtful', code: 'DOUBTFUL_ITEM', text: '' }),
      line({ uid: 9, outcome: 'skipped', code: 'OVER_ITEM_CAP' }),
    ];
    expect(await read(world({ batch: secondPass, jobs: [job] }, lines), 'sync-errors')).toMatchObject([
      { Folder: 'INBOX', Uid: '7', Outcome: 'failed', ErrorCode: 'ITEM_REFUSED', ErrorMessage: 'NO [CANNOT] no' },
      { Uid: '8', Outcome: 'doubtful', ErrorMessage: expect.stringContaining('cannot be told') },
    ]);
  });

  it('leaves out what a first pass could not copy, also that of a row that came late', async () => {
    const failed = { green: false, items: { ...noItems, total: 1, failed: 1 }, itemsReport: items };
    const first = world({ batch: sampleBatch(), jobs: [sampleJob(failed)] }, [line({})]);
    expect(await read(first, 'sync-errors')).toEqual([]);
    const late = later({ ...failed, queuedAt: at('21:00:01'), startedAt: at('21:00:05') });
    expect(await read(world({ batch: secondPass, jobs: [late] }, [line({})]), 'sync-errors')).toEqual([]);
  });

  it('is written at the end of a pass beside the skipped items, each with the same messages', async () => {
    const job = later({ green: false, items: { ...noItems, total: 1, failed: 1 }, itemsReport: items });
    const { memory, services } = world({ batch: secondPass, jobs: [job] }, [line({})]);
    const position = { batch: 'contoso-1', pass: 'incremental', run: 1, next: 'report', reason: '', mail: 'finished' };
    await writeReports(services, { ...position, pass: 'incremental', next: 'report', mail: 'finished' });
    for (const name of ['SynchronisationErrors', 'SkippedItems'])
      expect(textOf(memory.objects.get(`reports/contoso-1/${name}.csv`)).split('\r\n')).toHaveLength(3);
  });
});

describe('the reports of a paused batch', () => {
  it('do not call those who wait an error', async () => {
    const jobs = Array.from({ length: 3 }, (_, index) =>
      sampleJob({ mailbox: `u${String(index)}@contoso.test`, status: 'Queued', startedAt: null, syncedAt: null }),
    );
    const { memory, services } = world({ batch: sampleBatch({ status: 'Paused' }), jobs });
    await writeReports(services, {
      ...{ batch: 'contoso-1', pass: 'initial', run: 1, next: 'report', reason: '', mail: 'paused' },
    });
    expect(textOf(memory.objects.get('reports/contoso-1/MigrationErrors.csv')).split('\r\n')).toHaveLength(2);
  });
});

describe('AuditTrail.csv', () => {
  const entry: AuditEntry = {
    schema: 1,
    batch: 'contoso-1',
    at: at('20:30:00'),
    id: 'a1',
    who: 'ada',
    verb: 'approve',
    mailboxes: ['bob@contoso.test', 'cy@contoso.test'],
    mailboxCount: 2,
    detail: '2 failed items',
    why: '=cmd, they are "spam"',
    outcome: 'done',
  };
  const row = {
    Batch: 'contoso-1',
    At: at('20:30:00'),
    Who: 'ada',
    Verb: 'approve',
    Outcome: 'done',
    MailboxCount: '2',
    Mailboxes: 'bob@contoso.test cy@contoso.test',
    Detail: '2 failed items',
    Why: '\'=cmd, they are "spam"',
    Id: 'a1',
  };

  it('says who did what when, and why', async () => {
    expect(await read(world({ batch: sampleBatch(), audit: [entry] }), 'audit')).toEqual([row]);
    expect(await read(world({ batch: sampleBatch() }), 'audit')).toEqual([]);
  });

  it('can be had after the batch was removed', async () => {
    expect(await read(world({ batch: undefined, audit: [entry] }), 'audit')).toEqual([row]);
    await expect(read(world({ batch: undefined }), 'audit')).rejects.toMatchObject({ code: 'BATCH_NOT_FOUND' });
  });
});

describe('the reports of a removed batch', () => {
  const jobs = Array.from({ length: 5 }, (_, index) =>
    sampleJob({ mailbox: `u${String(index)}@contoso.test`, row: index + 1, itemsReport: items, green: true }),
  );
  const whole = ({ services }: ReturnType<typeof world>, report: ReportFileName): Promise<string> =>
    wholeReport(services, { batch: 'contoso-1', report });

  it.each(['statistics', 'skipped', 'failed-rows', 'verification'] as const)(
    'are those that were written last: %s',
    async (report) => {
      const found = world({ batch: sampleBatch(), jobs }, [line({ outcome: 'skipped' })]);
      await writeReports(found.services, {
        ...{ batch: 'contoso-1', pass: 'initial', run: 1, next: 'report', reason: '', mail: 'finished' },
      });
      const before = await whole(found, report);
      found.memory.batch = undefined;
      found.memory.jobs = [];
      expect(await whole(found, report)).toBe(before);
    },
  );

  it.each([
    ['skipped', { head: '\uFEFFA,B\r\n', separator: '', tail: '' }, (row: number) => `${String(row)},x\r\n`],
    [
      'verification',
      { head: '{"mailboxes":[\n', separator: ',\n', tail: '\n]}\n' },
      (row: number) => `{"row":${String(row)}}`,
    ],
  ] as const)('come as one file where they were written in parts, also emptied ones: %s', async (name, frame, row) => {
    const found = world({ batch: undefined });
    const write = async (count: number, most: number): Promise<void> => {
      const writer = new PartWriter(found.services.objects, { batch: 'contoso-1', name, frame }, most);
      for (let index = 0; index < count; index += 1) await writer.add(row(index));
      await writer.end();
    };
    await write(40, 60);
    await write(12, 60);
    const rows = Array.from({ length: 12 }, (_, index) => row(index)).join(frame.separator);
    expect([...found.memory.objects.keys()].length).toBeGreaterThan(3);
    expect(await whole(found, name)).toBe(frame.head + rows + frame.tail);
  });

  it('are no longer there once their time is over', async () => {
    await expect(whole(world({ batch: undefined }), 'statistics')).rejects.toMatchObject({ code: 'BATCH_NOT_FOUND' });
  });
});
