import { ConfigurationError } from '../domain/errors.ts';
import type { Batch } from '../domain/batch.ts';
import { auditColumns } from '../domain/report/audit-trail.ts';
import { csvHeader, csvLine } from '../domain/report/csv.ts';
import { hasEnded } from '../domain/report/job-problem.ts';
import { reportFiles, type ReportFileName } from '../domain/report/report-files.ts';
import { FailedRows } from './reports/failed-rows.ts';
import { keptReport } from './reports/kept-report.ts';
import { evidenceOf } from './reports/mailbox-evidence.ts';
import {
  cutPage,
  firstPage,
  readCursor,
  type PlacedText,
  type ReportCursor,
  type ReportPage,
} from './reports/report-page.ts';
import { reportRecipes, type JobReport } from './reports/report-rows.ts';
import type { Services } from './services.ts';

type ReportServices = Pick<Services, 'store' | 'objects' | 'clock'>;

/** 100 pages of a report of 80 MB. */
const pageCharacters = 800_000;
/** API Gateway waits 29 s for a page, and a verification report takes an object of each mailbox. */
const pageMs = 12_000;

/**
 * A page of a report, computed from the present state of the jobs: while the batch runs, between passes, and long after.
 * The texts of its pages together are the report. Of a removed batch there are the reports as they were written last, and
 * the audit trail. ConfigurationError BATCH_NOT_FOUND, ConflictError STATE_CHANGED where it has to be read from its
 * beginning again.
 */
export async function readReport(
  services: ReportServices,
  request: {
    readonly batch: string;
    readonly report: ReportFileName;
    /** `next` of the page before. */
    readonly after?: string | undefined;
  },
  characters = pageCharacters,
): Promise<ReportPage & { readonly contentType: string }> {
  const { clock } = services;
  const until = clock.now() + pageMs;
  const from = request.after === undefined ? firstPage : readCursor(request.after);
  const report = await contentOf(services, request, from);
  const page = await cutPage(report, from, { characters, isOver: () => clock.now() >= until });
  return { contentType: reportFiles[request.report].contentType, ...page };
}

async function contentOf(
  services: ReportServices,
  { batch: name, report }: { readonly batch: string; readonly report: ReportFileName },
  from: ReportCursor,
): Promise<AsyncIterable<PlacedText>> {
  const { store, objects } = services;
  const batch = await store.getBatch(name);
  if (report === 'audit') {
    if (batch === undefined && !(await hasEntries(store, name))) throw noBatch(name);
    return withoutPlaces(auditTrail(store, name));
  }
  if (batch === undefined) {
    const kept = await keptReport(objects, { batch: name, report });
    if (kept === undefined) throw noBatch(name);
    return withoutPlaces(kept);
  }
  return report === 'failed-rows'
    ? withoutPlaces(await failedRows(services, batch))
    : jobReport(services, { batch, report }, from);
}

/** From the place of the cursor on. */
async function* jobReport(
  { store, objects, clock }: ReportServices,
  { batch, report }: { readonly batch: Batch; readonly report: JobReport },
  from: ReportCursor,
): AsyncGenerator<PlacedText> {
  const { needs, frame: frameOf, rows, itemRow } = reportRecipes[report];
  const frame = frameOf({ batch: batch.name, writtenAt: new Date(clock.now()).toISOString() });
  const about = { batch, ended: hasEnded(batch) };
  let { anyRow } = from;
  const row = (place: string, text: string): PlacedText => {
    const separated = anyRow ? frame.separator + text : text;
    anyRow = true;
    return { place, text: separated };
  };
  if (from.place === '') yield { place: '', text: frame.head };
  for await (const evidence of evidenceOf(objects, store.jobs(batch.name, from.place), needs)) {
    const { job, items } = evidence;
    // Where nothing is to be said of any mailbox, a page ends between two of them all the same.
    yield { place: job.id, text: '' };
    for (const text of rows(evidence, about)) yield row(job.id, text);
    for await (const item of items) {
      const text = itemRow?.(job, item, about) ?? null;
      if (text !== null) yield row(job.id, text);
    }
  }
  yield { place: behindAllJobs, text: frame.tail };
}

/** Behind the id of every job, in the order of its octets. */
const behindAllJobs = '\u{10FFFF}';

async function failedRows({ store, objects }: ReportServices, batch: Batch): Promise<AsyncIterable<string>> {
  const failed = new FailedRows();
  for await (const job of store.jobs(batch.name)) failed.add(job);
  const { frame, rows } = await failed.report(objects, batch);
  return behind(frame.head, rows);
}

async function* auditTrail(store: Services['store'], batch: string): AsyncGenerator<string> {
  yield csvHeader(auditColumns);
  for await (const entry of store.auditOf(batch)) yield csvLine(auditColumns, entry);
}

async function hasEntries(store: Services['store'], batch: string): Promise<boolean> {
  for await (const entry of store.auditOf(batch)) return entry.batch === batch;
  return false;
}

async function* behind(head: string, rows: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rows;
}

async function* withoutPlaces(texts: AsyncIterable<string>): AsyncGenerator<PlacedText> {
  for await (const text of texts) yield { place: '', text };
}

function noBatch(name: string): ConfigurationError {
  return new ConfigurationError({ code: 'BATCH_NOT_FOUND', message: `There is no batch ${name}.` });
}
