import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ConsistencyScore,
  consistencyOf,
  consistencyThresholds,
  worseScore,
} from '../../../shared/domain/consistency-score.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { batchNumbers } from '../../../shared/domain/report/batch-numbers.ts';
import { sampleJob } from '../../support/reports/sample-batch.ts';
import { movingJob, waitingJob } from '../../support/reports/sample-mails.ts';

/** A mailbox of `total` messages in which these did not arrive. */
function mailbox(total: number, left: Partial<MailboxJob['items']>, changes: Partial<MailboxJob> = {}): MailboxJob {
  const { skipped = 0, failed = 0, doubtful = 0, vanished = 0 } = left;
  const copied = total - skipped - failed - doubtful - vanished;
  const missing = failed + doubtful > 0;
  return sampleJob({
    items: { ...noItems, total, copied, skipped, failed, doubtful, vanished },
    green: !missing,
    error: missing ? { code: failed > 0 ? 'ITEMS_NOT_COPIED' : 'DOUBTFUL_ITEM', message: '', kind: '' } : null,
    ...changes,
  });
}

const notGreen = (code: string, changes: Partial<MailboxJob> = {}) =>
  mailbox(5000, {}, { green: false, error: { code, message: 'm', kind: 'k' }, ...changes });

describe('the data consistency score of a mailbox', () => {
  it.each<[string, MailboxJob, ConsistencyScore]>([
    ['everything copied', mailbox(5000, {}), 'Perfect'],
    ['an empty mailbox', mailbox(0, {}), 'Perfect'],
    ['what users deleted meanwhile', mailbox(5000, { vanished: 40 }), 'Perfect'],
    ['10 of 12 skipped', mailbox(12, { skipped: 10 }), 'Good'],
    ['11 of 12 skipped', mailbox(12, { skipped: 11 }), 'Investigate'],
    ['5 % of many skipped', mailbox(5000, { skipped: 250 }), 'Good'],
    ['more than 5 % of many skipped', mailbox(5000, { skipped: 251 }), 'Investigate'],
    ['one failed', mailbox(5000, { failed: 1 }), 'Investigate'],
    ['10 failed or doubtful of few', mailbox(12, { failed: 4, doubtful: 6 }), 'Investigate'],
    ['11 failed or doubtful of few', mailbox(12, { failed: 5, doubtful: 6 }), 'Poor'],
    ['0.1 % of very many failed', mailbox(50_000, { failed: 50 }), 'Investigate'],
    ['more than 0.1 % of very many failed', mailbox(50_000, { failed: 51 }), 'Poor'],
    ['sums that do not close', notGreen('COUNTS_DO_NOT_CLOSE'), 'Poor'],
    ['sums that do not add up, whatever was written', mailbox(12, {}, { items: { ...noItems, total: 3 } }), 'Poor'],
    ['differences at the target', notGreen('VERIFICATION_FAILED'), 'Poor'],
    ['messages that are there twice', notGreen('LATE_TWIN'), 'Investigate'],
    ['not green, and nobody knows why', mailbox(12, {}, { green: false, error: null }), 'Poor'],
    ['a later pass that failed', mailbox(5000, {}, { status: 'IncrementalFailed' }), 'Investigate'],
    ['one that failed with many missing', mailbox(12, { failed: 11 }, { status: 'IncrementalFailed' }), 'Poor'],
  ])('%s', (_what, job, score) => {
    expect(consistencyOf(job)).toMatchObject({ score });
  });

  it.each([
    ['TOO_MANY_BAD_ITEMS', 'Poor'],
    ['TOO_MANY_LARGE_ITEMS', 'Poor'],
  ])('is there for a mailbox that failed over a limit of items: %s', (code, score) => {
    const job = { ...notGreen(code), status: 'Failed' as const };
    expect(consistencyOf(job)).toMatchObject({ score });
  });

  it.each([
    ['waits', waitingJob('a@contoso.test')],
    ['is at work', movingJob('a@contoso.test')],
    ['failed before it was through', { ...notGreen('SOURCE_SIGN_IN_FAILED'), status: 'Failed' as const }],
  ])('is not there while a mailbox %s', (_what, job) => {
    expect(consistencyOf(job)).toBeNull();
  });

  it('never gets better by something that is missing', () => {
    const counts = fc.record({ total: fc.nat(100_000), skipped: fc.nat(500), failed: fc.nat(500) });
    const rank = (job: MailboxJob) => ConsistencyScore.options.indexOf(consistencyOf(job)!.score);
    fc.assert(
      fc.property(counts, ({ total, skipped, failed }) => {
        const size = total + skipped + failed + 1;
        const before = mailbox(size, { skipped, failed });
        expect(rank(mailbox(size, { skipped, failed: failed + 1 }))).toBeGreaterThanOrEqual(rank(before));
      }),
    );
  });

  it('stays what it is when somebody approves what is missing, and says that it is approved', () => {
    const approval = { by: 'ada', why: 'spam', at: '2026-11-20T21:00:00.000Z', failed: 2, doubtful: 0, differences: 0 };
    expect(consistencyOf(mailbox(50, { failed: 2 }, { approval }))).toMatchObject({
      score: 'Investigate',
      approved: true,
    });
    expect(consistencyOf(mailbox(50, { failed: 3 }, { approval }))).toMatchObject({ approved: false });
  });

  it('has the thresholds that the documentation publishes', () => {
    expect(consistencyThresholds).toEqual({
      missing: { items: 10, share: 0.001 },
      skipped: { items: 10, share: 0.05 },
    });
  });
});

describe('the score of a batch', () => {
  async function* each(jobs: readonly MailboxJob[]): AsyncGenerator<MailboxJob> {
    for (const job of jobs) yield await Promise.resolve(job);
  }

  it('is that of its worst mailbox', async () => {
    const jobs = [mailbox(9, {}), waitingJob('b@contoso.test'), mailbox(9, { failed: 1 }), mailbox(9, { skipped: 1 })];
    expect((await batchNumbers(each(jobs), true)).consistency).toEqual({
      score: 'Investigate',
      mailboxes: { Perfect: 1, Good: 1, Investigate: 1, Poor: 0 },
      approved: 0,
    });
    expect((await batchNumbers(each([waitingJob('b@contoso.test')]), true)).consistency.score).toBeNull();
  });

  it('does not depend on the order of the mailboxes', () => {
    const score = fc.constantFrom(null, ...ConsistencyScore.options);
    fc.assert(fc.property(score, score, (a, b) => expect(worseScore(a, b)).toBe(worseScore(b, a))));
  });
});
