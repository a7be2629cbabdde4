import { batchOutcome, completionOutcome } from '../../../shared/domain/batch-outcome.ts';
import type { Batch } from '../../../shared/domain/batch.ts';
import { heldByOther } from '../../../shared/domain/held-mailbox.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { batchNumbers } from '../../../shared/domain/report/batch-numbers.ts';
import { completedMail } from '../../../shared/domain/report/mail/completed-mail.ts';
import { digestMail } from '../../../shared/domain/report/mail/digest-mail.ts';
import { finishedMail } from '../../../shared/domain/report/mail/finished-mail.ts';
import type { MailContent, MailFile } from '../../../shared/domain/report/mail/mail-content.ts';
import { pausedMail } from '../../../shared/domain/report/mail/paused-mail.ts';
import { preparedMail } from '../../../shared/domain/report/mail/prepared-mail.ts';
import { refusedMail } from '../../../shared/domain/report/mail/refused-mail.ts';
import type { StatusMail } from '../../../shared/domain/report/mail/status-mail.ts';
import { stoppedMail } from '../../../shared/domain/report/mail/stopped-mail.ts';
import { startPreparation } from '../../../shared/domain/report/preparation.ts';
import { startWaiting } from '../../../shared/domain/report/waiting-mailboxes.ts';
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

const fileOf = (name: string): MailFile => ({
  name,
  location: `/srv/stagecoach/data/reports/contoso-1/${name}`,
  attached: true,
});
const files = ['MigrationStatistics.csv', 'MigrationErrors.csv', 'SkippedItems.csv', 'VerificationReport.json'].map(
  fileOf,
);
const filesWithErrors = [...files.slice(0, 2), fileOf('FailedRows.csv'), ...files.slice(2)];

async function status(
  jobs: readonly MailboxJob[],
  { ended = true, ...changes }: Partial<Batch> & { readonly ended?: boolean } = {},
): Promise<StatusMail> {
  return {
    batch: sampleBatch(changes),
    numbers: await batchNumbers(each(jobs), ended),
    at: at('21:24:40'),
    timeZone: 'Europe/Berlin',
    files: jobs.some((job) => job.status === 'Failed') ? filesWithErrors : files,
  };
}

async function finished(jobs: readonly MailboxJob[]): Promise<MailContent> {
  const { event, reason } = await batchOutcome(jobs);
  const outcome = event === 'fail' ? 'Failed' : event === 'synced' ? 'Synced' : 'SyncedWithErrors';
  return finishedMail({ ...(await status(jobs)), outcome, reason });
}

async function completed(jobs: readonly MailboxJob[], ignoreErrors: boolean): Promise<MailContent> {
  const completion = { ignoreErrors, by: 'ada', at: at('21:00:00') };
  const { event, reason } = await completionOutcome(jobs, { completion });
  const outcome =
    event === 'completed' ? 'Completed' : event === 'completedWithErrors' ? 'CompletedWithErrors' : 'SyncedWithErrors';
  const about = await status(jobs, { status: 'Completing', pass: 'final', passNumber: 4, completion });
  return completedMail({ ...about, outcome, reason });
}

/** A row whose mailbox another batch holds. */
export const heldJob = (mailbox: string, holder: string): MailboxJob =>
  waitingJob(mailbox, {
    status: 'Skipped',
    reason: `The batch ${holder} holds this mailbox.`,
    error: heldByOther(holder),
  });

/** A mailbox that had no turn yet. */
export function waitingJob(mailbox: string, changes: Partial<MailboxJob> = {}): MailboxJob {
  return sampleJob({
    mailbox,
    status: 'Queued',
    reason: 'waits for its turn',
    green: null,
    startedAt: null,
    syncedAt: null,
    verification: null,
    items: noItems,
    bytesTransferred: 0,
    passDone: 0,
    slices: 0,
    ...changes,
  });
}

/** A mailbox that a worker is at. */
export function movingJob(mailbox: string, changes: Partial<MailboxJob> = {}): MailboxJob {
  return waitingJob(mailbox, {
    status: 'Syncing',
    reason: null,
    startedAt: at('20:00:10'),
    items: { ...noItems, total: 800, copied: 320, bytes: 41_943_040 },
    bytesTransferred: 43_000_000,
    ...changes,
  });
}

const stoppedJobs: readonly MailboxJob[] = [
  ...mixedJobs.slice(0, 3),
  movingJob('fay@contoso.test', { status: 'Stopped', reason: 'the batch was stopped' }),
  waitingJob('gus@contoso.test', { status: 'Stopped', reason: 'the batch was stopped' }),
  waitingJob('hal@contoso.test', { status: 'Stopped', reason: 'the batch was stopped' }),
];

const wrongCertificate = {
  code: 'TARGET_CERTIFICATE_INVALID',
  message: 'new.contoso.test: the certificate expired on 2026-11-01.',
  kind: 'ConfigurationError',
};

const pausedJobs: readonly MailboxJob[] = [
  ...['a', 'b', 'c', 'd', 'e'].map((name) =>
    waitingJob(`${name}@contoso.test`, {
      status: 'Failed',
      startedAt: at('20:00:10'),
      reason: wrongCertificate.message,
      error: wrongCertificate,
    }),
  ),
  ...Array.from({ length: 1995 }, (_, index) => waitingJob(`user${String(index)}@contoso.test`)),
];

const digestJobs: readonly MailboxJob[] = [
  ...mixedJobs.slice(0, 3),
  movingJob('fay@contoso.test'),
  movingJob('gus@contoso.test', { reason: 'source asked us to wait until 22:30' }),
  ...['hal', 'ida', 'jan', 'kim'].map((name) => waitingJob(`${name}@contoso.test`)),
  waitingJob('lea@contoso.test', { reason: 'all 20 mailbox slots of contoso are in use' }),
];

async function digest(changes: Partial<Batch>, jobs: readonly MailboxJob[]): Promise<MailContent> {
  const about = { ...(await status(jobs, { ...changes, ended: false })), files: [] };
  const waiting = startWaiting(about.batch, Date.parse(about.at));
  jobs.forEach(waiting.add);
  return digestMail({ ...about, waiting: waiting.waiting() });
}

async function prepared(jobs: readonly MailboxJob[]): Promise<MailContent> {
  const preparation = startPreparation();
  jobs.forEach(preparation.add);
  const about = await status(jobs, { type: 'staged', status: 'Provisioning', ended: false });
  return preparedMail({ ...about, files: filesWithErrors.slice(0, 2), preparation: preparation.preparation() });
}

function forwarded(name: string, before: string | null): NonNullable<MailboxJob['forwarding']> {
  const next = `SMTP:${name}@contoso.mail.onmicrosoft.com`;
  return { state: 'set', sourceId: name, before, next, at: at('19:50:00') };
}

/** The mails that stand in docs/mails, by file name. */
export async function sampleMails(): Promise<Readonly<Record<string, MailContent>>> {
  const [green, notGreen] = mixedJobs;
  const failed = mixedJobs.filter((job) => job.status === 'Failed');
  const done = (job: MailboxJob | undefined): readonly MailboxJob[] =>
    job === undefined ? [] : [{ ...job, status: job.green === true ? 'Completed' : 'CompletedWithWarnings' }];
  const approval = { by: 'ada', why: 'spam', at: at('20:30:00'), failed: 2, doubtful: 0, differences: 0 };
  return {
    finished: await finished(green === undefined ? [] : [green]),
    'finished-with-errors': await finished(mixedJobs),
    'finished-nothing-migrated': await finished(failed),
    'finished-held-by-others': await finished([
      heldJob('ada@contoso.test', 'contoso-pilot'),
      heldJob('bob@contoso.test', 'fabrikam-9'),
    ]),
    stopped: stoppedMail(await status(stoppedJobs, { status: 'Stopping', reason: 'Stopped by ada.' })),
    paused: pausedMail(
      await status(pausedJobs, {
        status: 'Paused',
        errorCode: wrongCertificate.code,
        reason: `Paused by the circuit breaker: the first mailboxes all failed with ${wrongCertificate.code}: ${wrongCertificate.message}`,
        ended: false,
      }),
    ),
    completed: await completed([...done(green), ...done(notGreen && { ...notGreen, approval })], false),
    'completed-with-errors': await completed([...done(green), ...failed], true),
    'finished-not-completed': await completed(
      [green, ...failed].filter((job) => job !== undefined),
      false,
    ),
    digest: await digest({ status: 'Syncing' }, digestJobs),
    'digest-waiting': await digest(
      { status: 'Waiting', startedAt: null, reason: 'Starts at 2026-11-22T20:00:00.000Z.' },
      digestJobs.slice(5, 8),
    ),
    prepared: await prepared([
      waitingJob('ada@contoso.test', {
        status: 'Provisioned',
        forwarding: forwarded('ada', null),
        outOfOffice: {
          state: 'always',
          carried: 'switch',
          note: 'Out of office is on without its text: the user has to write it again.',
        },
      }),
      waitingJob('bob@contoso.test', {
        status: 'Provisioned',
        forwarding: forwarded('bob', 'SMTP:bob@fabrikam.test'),
      }),
      waitingJob('cy@contoso.test', { status: 'Provisioning', reason: 'waiting for the target mailbox, 61 min' }),
      waitingJob('dee@contoso.test', {
        status: 'Failed',
        error: {
          code: 'TARGET_SIGN_IN_FAILED',
          message: "A recipient wasn't found for dee@contoso.test on the target.",
          kind: 'MailboxBlockedError',
        },
      }),
    ]),
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
