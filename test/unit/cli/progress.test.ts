import { describe, expect, it } from '@jest/globals';
import { showProgress } from '../../../cli/progress.ts';
import type { BatchDetail } from '../../../shared/contract/batch-view.ts';

function aDetail(
  change: { percentComplete?: number; copied?: number; status?: 'Syncing' | 'Synced' } = {},
): BatchDetail {
  const { percentComplete = 50, copied = 10, status = 'Syncing' } = change;
  const counts = { total: 2, queued: 0, active: 1, synced: 1, completed: 0, failed: 0, stopped: 0, skipped: 0 };
  const items = { total: 20, copied, skipped: 0, failed: 0, doubtful: 0, vanished: 0, bytes: 2_500 };
  const dates = { createdAt: '2026-11-20T10:00:00Z', startedAt: null, finishedAt: null };
  const reports = { statistics: null, errors: null, skipped: null, verification: null };
  return {
    batch: {
      ...{ name: 'sales', type: 'imap', endpoint: 'contoso', status, reason: null, startedBy: 'admin' },
      ...dates,
      ...{ counts, items, reports },
    },
    findings: { errorCode: null, file: [], checks: [], mails: [] },
    mailFolder: null,
    consistency: { score: null, mailboxes: { Perfect: 0, Good: 0, Investigate: 0, Poor: 0 }, approved: 0 },
    percentComplete,
  };
}

function aStream(isTTY: boolean, columns = 120) {
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  return { stream, written };
}

describe('progress', () => {
  it('is a bar on a terminal, drawn over itself and removed at the end', () => {
    const { stream, written } = aStream(true);
    const progress = showProgress(stream);

    progress.show(aDetail());
    progress.end();

    expect(written[0]).toBe(
      '\r\u001B[K[############------------] sales: Syncing, 50 %, 1 of 2 mailboxes, 10 items (2.5 kB)',
    );
    expect(written[1]).toBe('\r\u001B[K');
  });

  it('never wraps a line of the terminal', () => {
    const { stream, written } = aStream(true, 40);

    showProgress(stream).show(aDetail());

    expect(written[0]?.replace('\r\u001B[K', '').length).toBeLessThan(40);
  });

  it('is plain lines elsewhere: at once when the status changes, else every five seconds, and only news', () => {
    const { stream, written } = aStream(false);
    let now = 0;
    const progress = showProgress(stream, () => now);

    progress.show(aDetail());
    progress.show(aDetail({ copied: 11 }));
    now = 5_000;
    progress.show(aDetail({ copied: 12 }));
    progress.show(aDetail({ copied: 12 }));
    progress.show(aDetail({ copied: 12, status: 'Synced' }));
    progress.end();

    expect(written).toEqual([
      'sales: Syncing, 50 %, 1 of 2 mailboxes, 10 items (2.5 kB)\n',
      'sales: Syncing, 50 %, 1 of 2 mailboxes, 12 items (2.5 kB)\n',
      'sales: Synced, 50 %, 1 of 2 mailboxes, 12 items (2.5 kB)\n',
    ]);
  });
});
