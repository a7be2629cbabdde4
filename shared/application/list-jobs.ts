import type { Batch } from '../domain/batch.ts';
import { consistencyOf, type ConsistencyScore } from '../domain/consistency-score.ts';
import { percentComplete, type JobStatus, type MailboxJob } from '../domain/mailbox-job.ts';
import { catalogueEntry } from '../domain/report/job-problem.ts';
import { shownReason } from '../domain/shown-reason.ts';
import type { Services } from './services.ts';

/** A mailbox job as `batch users --json` prints it. */
export interface JobSummary extends Pick<
  MailboxJob,
  | 'mailbox'
  | 'row'
  | 'status'
  | 'reason'
  | 'items'
  | 'bytesTransferred'
  | 'bytesEstimated'
  | 'queuedAt'
  | 'startedAt'
  | 'syncedAt'
> {
  readonly percentComplete: number;
  /** Data consistency score; null before a pass is through. */
  readonly score: ConsistencyScore | null;
  readonly error: { readonly code: string; readonly message: string; readonly fix: string } | null;
}

/** The mailboxes of a batch in the order of their rows; undefined: there is no batch of this name. */
export async function listJobs(
  { store }: Pick<Services, 'store'>,
  request: { readonly batch: string; readonly status?: JobStatus | undefined },
): Promise<readonly JobSummary[] | undefined> {
  const batch = await store.getBatch(request.batch);
  if (batch === undefined) return undefined;
  const jobs: MailboxJob[] = [];
  for await (const job of store.jobs(request.batch))
    if (request.status === undefined || job.status === request.status) jobs.push(job);
  return jobs.sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1)).map((job) => summariseJob(job, batch));
}

function summariseJob(job: MailboxJob, batch: Batch): JobSummary {
  const reason = shownReason(job, batch);
  const { mailbox, row, status, items, bytesTransferred, bytesEstimated } = job;
  const { queuedAt, startedAt, syncedAt } = job;
  const { code, message } = job.error ?? {};
  return {
    ...{ mailbox, row, status, reason },
    percentComplete: percentComplete(job),
    score: consistencyOf(job)?.score ?? null,
    ...{ items, bytesTransferred, bytesEstimated },
    error: code === undefined || message === undefined ? null : { code, message, fix: catalogueEntry(code).fix },
    ...{ queuedAt, startedAt, syncedAt },
  };
}
