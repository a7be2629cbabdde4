import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { respond } from '../../../functions/api/api-response.ts';
import { readReport } from '../../../shared/application/read-report.ts';
import { cutPage, firstPage, readCursor, type PlacedText } from '../../../shared/application/reports/report-page.ts';
import type { AuditEntry } from '../../../shared/domain/audit.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { ItemLine } from '../../../shared/domain/report/mailbox-report.ts';
import { ReportFileName } from '../../../shared/domain/report/report-files.ts';
import { memoryServices } from '../../support/reports/memory-services.ts';
import { at, sampleBatch, sampleJob, sampleVerification } from '../../support/reports/sample-batch.ts';
import { wholeReport } from '../../support/reports/whole-report.ts';

const batch = 'contoso-1';
const items = 'work/contoso-1/mailboxes/pair-1/items.jsonl';
const line = (uid: number, text: string): ItemLine => ({
  ...{ folder: 'INBOX', uid, size: 99, internalDate: '17-Jul-1996 02:44:25 -0700' },
  ...{ outcome: 'failed', code: 'ITEM_REFUSED', text },
});
const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const jsonLines = (lines: readonly ItemLine[]) => octets(lines.map((each) => `${JSON.stringify(each)}\n`).join(''));

const person = (row: number, changes: Partial<MailboxJob> = {}): MailboxJob =>
  sampleJob({ mailbox: `u${String(row).padStart(6, '0')}@contoso.test`, row, itemsReport: items, ...changes });

function world(jobs: readonly MailboxJob[], lines: readonly ItemLine[] = [line(7, 'NO'), line(8, 'NO 😀')]) {
  const found = memoryServices({ batch: sampleBatch(), jobs });
  found.memory.objects.set(items, jsonLines(lines));
  found.memory.objects.set('ledger/pair-1/verification.json', octets(JSON.stringify(sampleVerification())));
  return found;
}

const error = { code: 'SOURCE_SIGN_IN_FAILED', message: 'The source said "no" to ädä.', kind: 'MailboxBlockedError' };
const failed: Partial<MailboxJob> = { status: 'Failed', green: null, syncedAt: null, error };

describe('a report in pages', () => {
  it.each(ReportFileName.options)('is the same in pages of any length: %s', async (report) => {
    const { memory, services } = world([1, 2, 3, 4].map((row) => person(row, row === 3 ? failed : {})));
    const entry: AuditEntry = {
      schema: 1,
      batch,
      mailboxes: [],
      mailboxCount: 0,
      why: '',
      id: 'a1',
      at: at('20:00:02'),
      who: 'ada',
      verb: 'start',
      detail: '',
      outcome: 'done',
    };
    memory.audit.push(entry, { ...entry, id: 'a2', at: at('20:00:03'), verb: 'stop' });
    const whole = await wholeReport(services, { batch, report }, Infinity);

    for (const characters of [2, 3, 5, 17, 100, 333, 1000, 100_000])
      expect(await wholeReport(services, { batch, report }, characters)).toBe(whole);
  });

  it('of a removed batch is the same in pages of any length', async () => {
    const { memory, services } = world([]);
    memory.batch = undefined;
    memory.objects.set('reports/contoso-1/removed-1/SkippedItems.csv', octets('\uFEFFA\r\n1😀\r\n2\r\n'));
    memory.objects.set('reports/contoso-1/removed-1/SkippedItems-2.csv', octets('\uFEFFA\r\n3\r\n'));
    const request = { batch, report: 'skipped' } as const;

    for (const characters of [2, 3, 4, 5, 100])
      expect(await wholeReport(services, request, characters)).toBe('\uFEFFA\r\n1😀\r\n2\r\n3\r\n');
  });

  it('has whole mailboxes in a page wherever they fit, no page longer than asked, and no halves of characters', async () => {
    const places = fc.array(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(places, fc.integer({ min: 2, max: 30 }), async (texts, characters) => {
        const report = texts.map((each, index) => ({ place: `p${String(index)}`, texts: each }));
        async function* from(place: string): AsyncGenerator<PlacedText> {
          for (const each of report) {
            if (each.place < place) continue;
            yield { place: each.place, text: '' };
            for (const text of each.texts) yield await Promise.resolve({ place: each.place, text });
          }
        }
        const pages: string[] = [];
        for (let cursor = firstPage; ;) {
          const { text, next } = await cutPage(from(cursor.place), cursor, { characters, isOver: () => false });
          pages.push(text);
          if (next === null) break;
          cursor = readCursor(next);
        }
        expect(pages.join('')).toBe(texts.flat().join(''));
        for (const page of pages) expect([page.length <= characters, page.isWellFormed()]).toEqual([true, true]);
        const ends = new Set(pages.map((_, index) => pages.slice(0, index + 1).join('').length));
        let begin = 0;
        for (const each of texts.map((pieces) => pieces.join(''))) {
          const cut = [...ends].some((end) => end > begin && end < begin + each.length);
          if (cut) expect(each.length).toBeGreaterThan(characters);
          begin += each.length;
        }
      }),
    );
  });

  it('fits the answers of AWS Lambda, whoever asks and whatever signs it is made of', async () => {
    const message = '"'.repeat(200) + '\u0001'.repeat(800);
    const { services } = world(
      Array.from({ length: 8_000 }, (_, row) => person(row, { ...failed, error: { ...error, message } })),
    );

    let characters = 0;
    for (let after: string | null | undefined; after !== null;) {
      const page = await readReport(services, { batch, report: 'errors', after });
      expect(respond(200, page, { takesGzip: false })).toMatchObject({ statusCode: 200 });
      characters += page.text.length;
      after = page.next;
    }
    expect(characters).toBeGreaterThan(8_000_000);
  });

  it('does not care what becomes of a mailbox between two pages', async () => {
    const jobs = Array.from({ length: 40 }, (_, row) => person(row, failed));
    const { memory, services } = world(jobs);
    const request = { batch, report: 'errors' } as const;
    const before = await wholeReport(services, request);

    const first = await readReport(services, request, 5_000);
    memory.jobs = jobs.map((job) =>
      person(job.row, {
        ...failed,
        error: { ...error, message: `${job.row < 3 ? 'no. '.repeat(20) : ''}${error.message}` },
      }),
    );
    const second = await readReport(services, { ...request, after: first.next ?? '' }, Infinity);

    expect(first.next).not.toBeNull();
    expect(first.text + second.text).toBe(before);
    // Gone at the beginning of the next page.
    memory.jobs = jobs.filter(({ id }) => first.next?.endsWith(id) === false);
    const without = await readReport(services, { ...request, after: first.next ?? '' }, Infinity);
    expect(without.text.split('\r\n')).toHaveLength(second.text.split('\r\n').length - 1);
  });

  it.each(['changed', 'gone'])('is refused where a mailbox longer than a page is %s meanwhile', async (what) => {
    const { memory, services } = world(
      [person(1)],
      Array.from({ length: 100 }, (_, uid) => line(uid, 'NO')),
    );
    const request = { batch, report: 'skipped' } as const;
    let { next } = await readReport(services, request, 1_000);
    ({ next } = await readReport(services, { ...request, after: next ?? '' }, 1_000));

    if (what === 'gone') memory.jobs = [person(2)];
    else memory.objects.set(items, jsonLines(Array.from({ length: 100 }, (_, uid) => line(uid + 1, 'NO'))));

    await expect(readReport(services, { ...request, after: next ?? '' }, 1_000)).rejects.toMatchObject({
      ...{ name: 'ConflictError', code: 'STATE_CHANGED' },
    });
  });

  it('is made from the mailboxes of its page alone, whatever stands before them', async () => {
    const { services } = world(Array.from({ length: 200 }, (_, row) => person(row, failed)));
    const { store } = services;
    let read = 0;
    const counting = async function* (...asked: Parameters<typeof store.jobs>) {
      for await (const job of store.jobs(...asked)) {
        read += 1;
        yield job;
      }
    };
    const counted = { ...services, store: { ...store, jobs: counting } };

    const pages: number[] = [];
    for (let after: string | null | undefined; after !== null;) {
      read = 0;
      after = (await readReport(counted, { batch, report: 'errors', after }, 5_000)).next;
      pages.push(read);
    }

    expect(pages.length).toBeGreaterThan(5);
    // What a page has room for, and the few that are read ahead.
    expect(Math.max(...pages)).toBeLessThan(60);
  });

  it('is refused where another version of the program wrote the cursor', async () => {
    const { services } = world([person(1)]);

    await expect(readReport(services, { batch, report: 'errors', after: 'v2' })).rejects.toMatchObject({
      ...{ code: 'STATE_CHANGED' },
    });
  });

  it('ends a page when its time is over, also where there is nothing to say of any mailbox', async () => {
    const { memory, services } = world(Array.from({ length: 10 }, (_, row) => person(row)));
    const { store } = services;
    const slow = async function* (...asked: Parameters<typeof store.jobs>) {
      for await (const job of store.jobs(...asked)) {
        memory.now += 5_000;
        yield job;
      }
    };
    const slowly = { ...services, store: { ...store, jobs: slow } };

    const texts: string[] = [];
    for (let after: string | null | undefined; after !== null;) {
      const page = await readReport(slowly, { batch, report: 'errors', after });
      texts.push(page.text);
      after = page.next;
      expect(texts.length).toBeLessThan(20);
    }

    expect(texts.length).toBeGreaterThan(3);
    expect(texts.slice(1).every((text) => text === '')).toBe(true);
  });
});
