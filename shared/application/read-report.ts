import { ConfigurationError } from '../domain/errors.ts';
import type { Batch } from '../domain/batch.ts';
import { auditColumns } from '../domain/report/audit-trail.ts';
import { csvHeader, csvLine } from '../domain/report/csv.ts';
import { hasEnded } from '../domain/report/job-problem.ts';
import { fileName, reportFiles, type ReportFileName } from '../domain/report/report-files.ts';
import { FailedRows } from './reports/failed-rows.ts';
import { keptReport } from './reports/kept-report.ts';
import { evidenceOf } from './reports/mailbox-evidence.ts';
import type { ReportFrame } from './reports/part-writer.ts';
import { reportRecipes, type JobReport } from './reports/report-rows.ts';
import type { Services } from './services.ts';

type ReportServices = Pick<Services, 'store' | 'objects' | 'clock'>;

/** A report as a stream, so that 500,000 rows need no memory. */
export interface OpenReport {
  readonly fileName: string;
  readonly contentType: string;
  /** Pieces of text; together one file, however long. */
  readonly content: AsyncIterable<string>;
}

interface Rows {
  readonly frame: ReportFrame;
  readonly rows: AsyncIterable<string>;
}

/**
 * Computes a report from the present state of the jobs: while the batch runs, between passes, and long after. Of a
 * removed batch there are the reports as they were written last, and the audit trail. ConfigurationError
 * BATCH_NOT_FOUND.
 */
export async function readReport(
  services: ReportServices,
  request: { readonly batch: string; readonly report: ReportFileName },
): Promise<OpenReport> {
  const { report } = request;
  return {
    fileName: fileName(report),
    contentType: reportFiles[report].contentType,
    content: await contentOf(services, request),
  };
}

async function contentOf(
  services: ReportServices,
  request: { readonly batch: string; readonly report: ReportFileName },
): Promise<AsyncIterable<string>> {
  const { store, objects } = services;
  const batch = await store.getBatch(request.batch);
  if (request.report === 'audit') {
    if (batch === undefined && !(await hasEntries(store, request.batch))) throw noBatch(request.batch);
    return framed(auditTrail(store, request.batch));
  }
  if (batch !== undefined) return framed(await computed(services, batch, request.report));
  const kept = await keptReport(objects, request);
  if (kept === undefined) throw noBatch(request.batch);
  return kept;
}

async function computed(
  services: ReportServices,
  batch: Batch,
  report: Exclude<ReportFileName, 'audit'>,
): Promise<Rows> {
  if (report === 'failed-rows') return await failedRows(services, batch);
  const writtenAt = new Date(services.clock.now()).toISOString();
  return {
    frame: reportRecipes[report].frame({ batch: batch.name, writtenAt }),
    rows: rowsOf(services, batch, report),
  };
}

async function* rowsOf(
  { store, objects }: Pick<Services, 'store' | 'objects'>,
  batch: Batch,
  report: JobReport,
): AsyncGenerator<string> {
  const { needs, rows, itemRow } = reportRecipes[report];
  const about = { batch, ended: hasEnded(batch) };
  for await (const evidence of evidenceOf(objects, store.jobs(batch.name), needs)) {
    yield* rows(evidence, about);
    for await (const item of evidence.items) {
      const row = itemRow?.(evidence.job, item, about) ?? null;
      if (row !== null) yield row;
    }
  }
}

async function failedRows({ store, objects }: ReportServices, batch: Batch): Promise<Rows> {
  const failed = new FailedRows();
  for await (const job of store.jobs(batch.name)) failed.add(job);
  return await failed.report(objects, batch);
}

function auditTrail(store: Services['store'], batch: string): Rows {
  return { frame: { head: csvHeader(auditColumns), separator: '', tail: '' }, rows: auditRows(store, batch) };
}

async function hasEntries(store: Services['store'], batch: string): Promise<boolean> {
  for await (const entry of store.auditOf(batch)) return entry.batch === batch;
  return false;
}

async function* auditRows(store: Services['store'], batch: string): AsyncGenerator<string> {
  for await (const entry of store.auditOf(batch)) yield csvLine(auditColumns, entry);
}

function noBatch(name: string): ConfigurationError {
  return new ConfigurationError({ code: 'BATCH_NOT_FOUND', message: `There is no batch ${name}.` });
}

async function* framed({ frame, rows }: Rows): AsyncGenerator<string> {
  yield frame.head;
  let first = true;
  for await (const row of rows) {
    yield first ? row : frame.separator + row;
    first = false;
  }
  yield frame.tail;
}
