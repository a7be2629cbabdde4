import type { Batch } from '../../../shared/domain/batch.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { MailboxVerification } from '../../../shared/domain/report/mailbox-report.ts';
import { aBatch, aJob } from '../builders/store-items.ts';

export const at = (time: string): string => `2026-11-20T${time}.000Z`;

export function sampleBatch(changes: Partial<Batch> = {}): Batch {
  return aBatch({
    version: 3,
    name: 'contoso-1',
    status: 'Syncing',
    createdAt: at('20:00:00'),
    startedAt: at('20:00:01'),
    startedBy: 'ada',
    lastActivityAt: at('20:00:01'),
    options: {},
    passNumber: 1,
    uploads: [],
    runs: 1,
    run: {
      number: 1,
      execution: 'contoso-1-run-1',
      startedAt: at('20:00:02'),
      phase: 'report',
      round: 1,
      idleRounds: 0,
    },
    ...changes,
  });
}

export function sampleJob(changes: Partial<MailboxJob> = {}): MailboxJob {
  const mailbox = changes.mailbox ?? 'ada@contoso.test';
  return aJob({
    version: 5,
    batch: 'contoso-1',
    id: mailbox.toLowerCase(),
    mailbox,
    status: 'Synced',
    reason: null,
    since: at('20:00:01'),
    userName: 'ada',
    pairId: 'pair-1',
    items: { ...noItems, total: 12, copied: 10, skipped: 1, vanished: 1, bytes: 4096 },
    bytesTransferred: 5000,
    bytesEstimated: 4800,
    passDone: 1,
    green: true,
    verification: { key: 'ledger/pair-1/verification.json', digest: 'aa'.repeat(32), checked: 10, differences: 0 },
    slices: 2,
    renamedFolders: [],
    queuedAt: at('20:00:03'),
    startedAt: at('20:00:10'),
    syncedAt: at('20:01:40'),
    updatedAt: at('20:01:41'),
    ...changes,
  });
}

export function sampleVerification(changes: Partial<MailboxVerification> = {}): MailboxVerification {
  return {
    schema: 1,
    rules: 1,
    confidence: { mode: 'sample', checked: 10, of: 10, level: 0.95, badShare: 0.01 },
    digest: 'aa'.repeat(32),
    closes: true,
    source: 'Dovecot',
    target: 'Dovecot',
    verifiedAt: at('20:01:39'),
    folders: [
      {
        folder: 'INBOX',
        target: 'INBOX',
        sourceItems: 12,
        sourceBytes: 5000,
        copied: 10,
        skipped: 1,
        failed: 0,
        doubtful: 0,
        vanished: 1,
        bytes: 4096,
        digest: 'bb'.repeat(32),
      },
    ],
    differences: [],
    differencesTotal: 0,
    renamed: [],
    leftOut: [],
    ...changes,
  };
}
