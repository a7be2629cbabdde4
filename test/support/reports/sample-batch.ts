import type { Batch } from '../../../shared/domain/batch.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { MailboxVerification } from '../../../shared/domain/report/mailbox-report.ts';

export const at = (time: string): string => `2026-11-20T${time}.000Z`;

export function sampleBatch(changes: Partial<Batch> = {}): Batch {
  return {
    schema: 1,
    version: 3,
    name: 'contoso-1',
    type: 'imap',
    endpoint: 'contoso',
    status: 'Syncing',
    reason: null,
    errorCode: null,
    createdAt: at('20:00:00'),
    startedAt: at('20:00:01'),
    finishedAt: null,
    startedBy: 'ada',
    lastActivityAt: at('20:00:01'),
    passStartedAt: null,
    options: {},
    pass: 'initial',
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
    fileFindings: [],
    completion: null,
    removal: null,
    overrides: [],
    files: [],
    checks: [],
    ...changes,
  };
}

export function sampleJob(changes: Partial<MailboxJob> = {}): MailboxJob {
  const mailbox = changes.mailbox ?? 'ada@contoso.test';
  return {
    schema: 1,
    version: 5,
    batch: 'contoso-1',
    id: mailbox.toLowerCase(),
    mailbox,
    row: 1,
    line: 2,
    status: 'Synced',
    reason: null,
    error: null,
    since: at('20:00:01'),
    cause: 'Its row was read.',
    file: null,
    userName: 'ada',
    userRoot: null,
    targetUserName: null,
    options: {},
    pairId: 'pair-1',
    items: { ...noItems, total: 12, copied: 10, skipped: 1, vanished: 1, bytes: 4096 },
    bytesTransferred: 5000,
    bytesEstimated: 4800,
    passDone: 1,
    final: false,
    copyDoubtful: false,
    approval: null,
    waiver: null,
    green: true,
    verification: { key: 'ledger/pair-1/verification.json', digest: 'aa'.repeat(32), checked: 10, differences: 0 },
    slices: 2,
    itemsReport: null,
    renamedFolders: [],
    leftOutFolders: [],
    queuedAt: at('20:00:03'),
    startedAt: at('20:00:10'),
    syncedAt: at('20:01:40'),
    completedAt: null,
    updatedAt: at('20:01:41'),
    ...changes,
  };
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
