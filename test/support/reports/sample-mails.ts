import { batchOutcome } from '../../../shared/domain/batch-outcome.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { batchNumbers } from '../../../shared/domain/report/batch-numbers.ts';
import { finishedMail } from '../../../shared/domain/report/mail/finished-mail.ts';
import type { MailContent, MailFile } from '../../../shared/domain/report/mail/mail-content.ts';
import { refusedMail } from '../../../shared/domain/report/mail/refused-mail.ts';
import { at, sampleBatch, sampleJob } from './sample-batch.ts';

/** A batch with something of everything: green, not green, failed twice for the same reason, held by another. */
export const mixedJobs: readonly MailboxJob[] = [
  sampleJob({
    mailbox: 'ada@contoso.test',
    row: 1,
    items: { ...noItems, total: 2412, copied: 2412, bytes: 187_904_819 },
  }),
  sampleJob({
    mailbox: 'bob@contoso.test',
    row: 2,
    green: false,
    items: { ...noItems, total: 880, copied: 877, skipped: 1, failed: 2, bytes: 9_437_184 },
    verification: { key: 'ledger/pair-2/verification.json', digest: 'cc'.repeat(32), checked: 298, differences: 0 },
  }),
  ...['cy@contoso.test', 'dee@contoso.test'].map((mailbox, index) =>
    sampleJob({
      mailbox,
      row: 3 + index,
      status: 'Failed',
      green: null,
      syncedAt: null,
      verification: null,
      items: noItems,
      error: {
        code: 'SOURCE_SIGN_IN_FAILED',
        message: 'The source refused the sign-in: NO [AUTHENTICATIONFAILED] Authentication failed.',
        kind: 'MailboxBlockedError',
      },
    }),
  ),
  sampleJob({
    mailbox: 'eve@contoso.test',
    row: 5,
    status: 'Skipped',
    green: null,
    startedAt: null,
    syncedAt: null,
    verification: null,
    items: noItems,
    reason: 'The batch contoso-pilot holds this mailbox.',
  }),
];

const files: readonly MailFile[] = [
  'MigrationStatistics.csv',
  'MigrationErrors.csv',
  'SkippedItems.csv',
  'VerificationReport.json',
].map((name) => ({ name, location: `/srv/stagecoach/data/reports/contoso-1/${name}`, attached: true }));

async function finished(jobs: readonly MailboxJob[]): Promise<MailContent> {
  const outcome = await batchOutcome(jobs);
  return finishedMail({
    batch: sampleBatch(),
    numbers: await batchNumbers(each(jobs), true),
    outcome: outcome.event === 'fail' ? 'Failed' : outcome.event === 'synced' ? 'Synced' : 'SyncedWithErrors',
    finishedAt: at('21:24:40'),
    timeZone: 'Europe/Berlin',
    files,
  });
}

/** The mails that stand in docs/mails, by file name. */
export async function sampleMails(): Promise<Readonly<Record<string, MailContent>>> {
  const [green] = mixedJobs;
  const failed = mixedJobs.filter((job) => job.status === 'Failed');
  return {
    finished: await finished(green === undefined ? [] : [green]),
    'finished-with-errors': await finished(mixedJobs),
    'finished-nothing-migrated': await finished(failed),
    'refused-file': refusedMail({
      batch: 'contoso-2',
      endpoint: 'contoso',
      upload: null,
      startedBy: 'ada',
      code: 'CSV_COLUMN_MISSING',
      reason: 'The batch file cannot be read.',
      touched: false,
      findings: [
        {
          severity: 'fatal',
          code: 'CSV_COLUMN_MISSING',
          line: 1,
          message:
            'Column "UserName" is missing from the CSV file. The import process can\'t continue because this column is required. Please edit the CSV file and re-submit it.',
          suggestion: 'Did you mean UserName where the header says "User Name"?',
        },
      ],
      checks: [],
    }),
    'refused-prerequisite': refusedMail({
      batch: 'contoso-3',
      endpoint: 'contoso',
      upload: null,
      startedBy: 'ada',
      code: 'TARGET_CERTIFICATE_INVALID',
      reason: 'A prerequisite is not met.',
      touched: false,
      findings: [],
      checks: [
        {
          check: 'Certificate of the target',
          result: 'fail',
          evidence: 'new.contoso.test: the certificate expired on 2026-11-01.',
          fix: 'Have the server renew its certificate.',
        },
      ],
    }),
    'refused-upload': refusedMail({
      batch: 'contoso-4',
      endpoint: 'contosso',
      upload: 'incoming/contosso/contoso-4.csv',
      startedBy: 'ada',
      code: 'ENDPOINT_NOT_FOUND',
      reason: 'There is no endpoint contosso: put one, then upload again.',
      touched: false,
      findings: [],
      checks: [],
    }),
  };
}

async function* each(jobs: readonly MailboxJob[]): AsyncGenerator<MailboxJob> {
  for (const job of jobs) yield await Promise.resolve(job);
}
