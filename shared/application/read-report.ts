import { ConfigurationError } from '../domain/errors.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { hasEnded } from '../domain/report/job-problem.ts';
import { fileName, reportFiles, type ReportFileName } from '../domain/report/report-files.ts';
import { evidenceOf } from './reports/mailbox-evidence.ts';
import type { ReportFrame } from './reports/part-writer.ts';
import { reportRecipes } from './reports/report-rows.ts';
import type { Services } from './services.ts';

/** A report as a stream, so that 500,000 rows need no memory. */
export interface OpenReport {
  readonly fileName: string;
  readonly contentType: string;
  /** Pieces of text; together one file, however long. */
  readonly content: AsyncIterable<string>;
}

/**
 * Computes a report from the present state of the jobs: while the batch runs, between passes, and long after.
 * ConfigurationError BATCH_NOT_FOUND.
 */
export async function readReport(
  { store, objects, clock }: Pick<Services, 'store' | 'objects' | 'clock'>,
  request: { readonly batch: string; readonly report: ReportFileName },
): Promise<OpenReport> {
  const batch = await store.getBatch(request.batch);
  if (batch === undefined)
    throw new ConfigurationError({ code: 'BATCH_NOT_FOUND', message: `There is no batch ${request.batch}.` });
  const frame = reportRecipes[request.report].frame({
    batch: batch.name,
    writtenAt: new Date(clock.now()).toISOString(),
  });
  const rows = rowsOf(objects, { jobs: store.jobs(batch.name), report: request.report, ended: hasEnded(batch) });
  return {
    fileName: fileName(request.report),
    contentType: reportFiles[request.report].contentType,
    content: framed(frame, rows),
  };
}

async function* rowsOf(
  objects: Services['objects'],
  source: { readonly jobs: AsyncIterable<MailboxJob>; readonly report: ReportFileName; readonly ended: boolean },
): AsyncGenerator<string> {
  const recipe = reportRecipes[source.report];
  for await (const evidence of evidenceOf(objects, source.jobs, recipe.needs))
    yield* recipe.rows(evidence, source.ended);
}

async function* framed(frame: ReportFrame, rows: AsyncIterable<string>): AsyncGenerator<string> {
  yield frame.head;
  let first = true;
  for await (const row of rows) {
    yield first ? row : frame.separator + row;
    first = false;
  }
  yield frame.tail;
}
