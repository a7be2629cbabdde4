import { isDeepStrictEqual } from 'node:util';
import type { BadRow, BatchFileRow } from '../domain/batch-file/batch-file-row.ts';
import { isWorthAnotherTry } from '../domain/due-jobs.ts';
import { moveJob } from '../domain/job-transitions.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { badRowJob, isBadRowJob, jobIdOf, queuedJob, valuesOf, waitsForItsTurn } from '../domain/queued-job.ts';
import { changeJob } from './change-job.ts';
import { inParallel } from './in-parallel.ts';
import { claimMailbox, heldByOther } from './mailbox-claim.ts';
import { passwordContext, sealPassword } from './sealed-password.ts';
import type { Services } from './services.ts';

type RowServices = Pick<Services, 'store' | 'sealer' | 'clock'>;
interface Home {
  readonly batch: string;
  readonly endpoint: string;
  /** Object key of the copy of the file that the row stands in. */
  readonly file: string;
}

/**
 * Makes a good row a mailbox job. The claim comes first, so that no password is sealed of which a removal
 * would not know; then the passwords: a job that is there has its passwords. A job that failed,
 * stopped or was skipped begins anew with the row's values; one that is waiting takes them; one that is done, or at
 * work, stays as it is. Doing it twice changes nothing.
 */
export async function importRow(services: RowServices, home: Home, row: BatchFileRow): Promise<void> {
  const { store, clock } = services;
  const job = queuedJob(row, { batch: home.batch, file: home.file, now: clock.now() });
  const holder = await claimMailbox(store, { batch: home.batch, endpoint: home.endpoint, job: jobIdOf(row) });
  if (row.password !== undefined) await sealPassword(services, passwordContext(job, 'source'), row.password);
  if (row.targetPassword !== undefined)
    await sealPassword(services, passwordContext(job, 'target'), row.targetPassword);
  const wanted = holder === undefined ? job : skipped(job, holder, clock.now());
  const { outcome, job: present } = await store.createJob(wanted);
  if (outcome === 'created') return;
  await changeJob(store, present, (known) =>
    holder === undefined
      ? takenUpAgain(known, { row, file: home.file, now: clock.now() })
      : known.status === 'Queued'
        ? skipped(known, holder, clock.now())
        : undefined,
  );
}

function skipped(job: MailboxJob, holder: string, now: number): MailboxJob {
  const error = heldByOther(holder);
  return moveJob(job, 'skip', { reason: error.message, error, now });
}

function takenUpAgain(
  job: MailboxJob,
  { row, file, now }: { readonly row: BatchFileRow; readonly file: string; readonly now: number },
): MailboxJob | undefined {
  const updated = { ...job, ...valuesOf(row), file };
  if (isWorthAnotherTry(job) || job.status === 'Skipped')
    return moveJob(updated, 'requeue', { reason: waitsForItsTurn, cause: 'Its row came again.', now });
  return job.status === 'Queued' && !isDeepStrictEqual(updated, job) ? updated : undefined;
}

/** Makes a bad row a Failed job, so that it is counted and reported. */
export async function importBadRow(services: RowServices, home: Home, row: BadRow): Promise<void> {
  const { store, clock } = services;
  const job = badRowJob(row, { batch: home.batch, file: home.file, now: clock.now() });
  const { outcome, job: present } = await store.createJob(job);
  if (outcome === 'created') return;
  await changeJob(store, present, (known) => {
    const { error, reason, mailbox, line, file } = job;
    const before = [known.error, known.mailbox, known.line, known.file, known.status];
    if (isDeepStrictEqual(before, [error, mailbox, line, file, 'Failed'])) return undefined;
    return moveJob({ ...known, mailbox, line, file }, 'fail', { reason, ...(error && { error }), now: clock.now() });
  });
}

/**
 * A bad row cannot be told from another one of a later file, so the later file replaces it: what it repeats is Failed
 * again, what it does not is Skipped.
 */
export async function skipReplacedBadRows(
  { store, clock }: RowServices,
  batch: string,
  repeated: ReadonlySet<string>,
): Promise<void> {
  await inParallel(store.jobs(batch), async (job) => {
    if (!isBadRowJob(job) || job.status !== 'Failed' || repeated.has(job.id)) return;
    await changeJob(store, job, (known) =>
      known.status === 'Failed'
        ? moveJob(known, 'skip', {
            reason: `A later batch file replaced this row (${known.error?.message ?? 'it was not valid'})`,
            ...(known.error && { error: known.error }),
            now: clock.now(),
          })
        : undefined,
    );
  });
}
