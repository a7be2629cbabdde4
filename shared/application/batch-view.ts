import type { Batch } from '../domain/batch.ts';
import type { ItemCounts, JobCounts } from '../domain/mailbox-job.ts';
import { startTally, type BatchConsistency } from '../domain/report/batch-numbers.ts';
import { hasEnded } from '../domain/report/job-problem.ts';
import { reportKey } from '../domain/report/report-files.ts';
import type { Services } from './services.ts';

type ShownReport = 'statistics' | 'errors' | 'skipped' | 'verification';

/** A batch in numbers, as `batch show --json` prints it. */
export interface BatchSummary extends Pick<
  Batch,
  'name' | 'type' | 'endpoint' | 'status' | 'reason' | 'createdAt' | 'startedAt' | 'finishedAt' | 'startedBy'
> {
  readonly counts: JobCounts;
  readonly items: ItemCounts;
  /** Paths or s3:// URIs; null until the report is written. */
  readonly reports: Readonly<Record<ShownReport, string | null>>;
}

export interface SummarisedBatch {
  readonly summary: BatchSummary;
  /** Mean of the mailboxes' percentages. */
  readonly percentComplete: number;
  readonly consistency: BatchConsistency;
}

/** Walks the jobs once; while a pass runs, the numbers are those that its workers last wrote. */
export async function summariseBatch(
  { store, objects }: Pick<Services, 'store' | 'objects'>,
  batch: Batch,
): Promise<SummarisedBatch> {
  const tally = startTally(hasEnded(batch));
  for await (const job of store.jobs(batch.name)) tally.add(job);
  const { percentComplete, consistency, ...numbers } = tally.numbers();
  return { summary: await summaryOf(objects, batch, numbers), percentComplete, consistency };
}

/** With numbers that somebody has. */
export async function summaryOf(
  objects: Services['objects'],
  batch: Batch,
  { counts, items }: Pick<BatchSummary, 'counts' | 'items'>,
): Promise<BatchSummary> {
  const { name, type, endpoint, status, reason, createdAt, startedAt, finishedAt, startedBy } = batch;
  return {
    ...{ name, type, endpoint, status, reason, createdAt, startedAt, finishedAt, startedBy },
    counts,
    items,
    reports: await writtenReports(objects, name),
  };
}

async function writtenReports(objects: Services['objects'], batch: string): Promise<BatchSummary['reports']> {
  const written = new Set<string>();
  for await (const key of objects.list(`reports/${batch}/`)) written.add(key);
  const place = (name: ShownReport) => {
    const key = reportKey(batch, name);
    return written.has(key) ? objects.locate(key) : null;
  };
  return {
    statistics: place('statistics'),
    errors: place('errors'),
    skipped: place('skipped'),
    verification: place('verification'),
  };
}
