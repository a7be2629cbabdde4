import { describe, expect, it } from '@jest/globals';
import { exitCodeOf, summarize } from '../../../cli/batch-summary.ts';
import { BatchDetail } from '../../../shared/contract/batch-view.ts';
import type { BatchStatus } from '../../../shared/domain/batch.ts';

function aBatch(status: BatchStatus, findings: Partial<BatchDetail['findings']> = {}): BatchDetail {
  return BatchDetail.parse({
    batch: {
      name: 'sales',
      type: 'imap',
      endpoint: 'contoso',
      status,
      reason: 'why',
      createdAt: '2026-11-20T10:00:00.000Z',
      startedAt: null,
      finishedAt: null,
      startedBy: 'admin',
      counts: { total: 3, queued: 0, active: 0, synced: 1, completed: 0, failed: 1, stopped: 0, skipped: 1 },
      items: { total: 10, copied: 7, skipped: 2, failed: 1, doubtful: 0, vanished: 0, bytes: 1_234_567 },
      reports: { statistics: '/d/MigrationStatistics.csv', errors: null, skipped: null, verification: null },
    },
    findings: { errorCode: null, file: [], checks: [], mails: [], ...findings },
    mailFolder: '/d/mail',
    consistency: { score: 'Poor', mailboxes: { Perfect: 1, Good: 0, Investigate: 0, Poor: 1 }, approved: 1 },
    percentComplete: 42,
  });
}

describe('the exit code of a batch that rests', () => {
  it.each([
    ['Synced', 0],
    ['Completed', 0],
    ['SyncedWithErrors', 5],
    ['CompletedWithErrors', 5],
    ['Failed', 5],
    ['Paused', 5],
    ['Stopped', 5],
  ] as const)('of %s is %d', (status, code) => {
    expect(exitCodeOf(aBatch(status))).toBe(code);
  });

  it('is 2 where the file was refused and nothing came of it', () => {
    const fatal = { severity: 'fatal', code: 'CSV_COLUMN_MISSING', line: 1, message: 'm', suggestion: 's' };
    const refused = aBatch('Failed', { file: [fatal] });
    const counts = { ...refused.batch.counts, synced: 0, failed: 2 };

    expect(exitCodeOf({ ...refused, batch: { ...refused.batch, counts } })).toBe(2);
  });
});

describe('the summary of a batch', () => {
  it('says the status, why, the counts, and where reports and mails are', () => {
    const mails = [{ kind: 'finished', outcome: 'sent', detail: '<id@host>', delivery: null }];

    expect(summarize(aBatch('SyncedWithErrors', { mails }))).toEqual([
      'Batch sales (imap, endpoint contoso): SyncedWithErrors',
      '  why',
      '  mailboxes  3 rows: 1 synced, 1 failed, 1 skipped',
      '  items      10: 7 copied (1.2 MB), 2 skipped, 1 failed',
      '  score      Poor (1 Perfect, 1 Poor; 1 approved)',
      '  report     statistics: /d/MigrationStatistics.csv',
      '  mail       finished: sent',
      '  mails in   /d/mail',
    ]);
  });

  it('says of a mail that was not sent why', () => {
    const mails = [{ kind: 'finished', outcome: 'failed', detail: 'The mail server did not take it.', delivery: null }];

    expect(summarize(aBatch('Synced', { mails }))).toContain(
      '  mail       finished: failed: The mail server did not take it.',
    );
  });

  it('says of a mail that came back what became of it', () => {
    const delivery = {
      outcome: 'bounced',
      at: '2026-11-20T10:00:00.000Z',
      detail: 'There is no such recipient.',
    } as const;
    const mails = [{ kind: 'finished', outcome: 'sent', detail: '<id@host>', delivery }];

    expect(summarize(aBatch('Synced', { mails }))).toContain(
      '  mail       finished: sent, bounced: There is no such recipient.',
    );
  });

  it('names prerequisites that did not pass, with the fix', () => {
    const checks = [
      { check: 'source-reachable', result: 'pass', evidence: 'fine', fix: '' },
      { check: 'target-certificate', result: 'fail', evidence: 'It has expired.', fix: 'Renew it.' },
    ];

    const lines = summarize(aBatch('Failed', { checks })).filter((line) => line.includes('check'));

    expect(lines).toEqual(['  check      target-certificate: fail: It has expired. Renew it.']);
  });
});
