import { maxFileBytes } from '../domain/batch-file/limits.ts';
import type { Batch } from '../domain/batch.ts';
import { ReportFileName } from '../domain/report/report-files.ts';
import { batchOfRun, leave, positionOf, runWasTaken, type Position } from './batch-run.ts';
import { FailedRows } from './reports/failed-rows.ts';
import { evidenceOf, type MailboxEvidence } from './reports/mailbox-evidence.ts';
import { PartWriter } from './reports/part-writer.ts';
import { reportRecipes, type ReportAbout } from './reports/report-rows.ts';
import type { Services } from './services.ts';

/** The audit trail goes on after the pass: it is computed when it is asked for. */
const written = ReportFileName.exclude(['failed-rows', 'audit']).options;

/**
 * Writes the reports of a pass that is through to reports/<batch>/, in one walk over the jobs. Entered again, it writes
 * the same files again.
 */
export async function writeReports(
  { store, objects, clock, log }: Pick<Services, 'store' | 'objects' | 'clock' | 'log'>,
  position: Position,
): Promise<Position> {
  const batch = await batchOfRun(store, position);
  if (batch === undefined) return leave(position, runWasTaken);

  const header = { batch: batch.name, writtenAt: new Date(clock.now()).toISOString() };
  // Whoever waits in a paused batch was not left behind: one cause is to be mended, not a thousand rows.
  const about = { batch, ended: batch.status !== 'Paused' };
  const writers = written.map((name) => ({
    recipe: reportRecipes[name],
    writer: new PartWriter(objects, { batch: batch.name, name, frame: reportRecipes[name].frame(header) }),
  }));
  const failedRows = new FailedRows();

  let mailboxes = 0;
  for await (const evidence of evidenceOf(objects, store.jobs(batch.name), { verification: true, items: true })) {
    await addRows(writers, evidence, about);
    failedRows.add(evidence.job);
    mailboxes += 1;
  }
  for (const { writer } of writers) await writer.end();
  await writeFailedRows(objects, batch, failedRows);
  log.info('Wrote the reports of a batch', { batch: batch.name, mailboxes });
  return { ...positionOf(batch, 'rest') };
}

async function addRows(
  writers: readonly {
    readonly recipe: (typeof reportRecipes)[(typeof written)[number]];
    readonly writer: PartWriter;
  }[],
  evidence: MailboxEvidence,
  about: ReportAbout,
): Promise<void> {
  for (const { recipe, writer } of writers) for (const row of recipe.rows(evidence, about)) await writer.add(row);
  for await (const item of evidence.items)
    for (const { recipe, writer } of writers) {
      const row = recipe.itemRow?.(evidence.job, item, about) ?? null;
      if (row !== null) await writer.add(row);
    }
}

/** In parts that are no longer than a batch file may be, so that each can be uploaded. */
async function writeFailedRows(
  objects: Services['objects'],
  batch: Pick<Batch, 'name' | 'files'>,
  failedRows: FailedRows,
): Promise<void> {
  const { frame, rows } = await failedRows.report(objects, batch);
  const writer = new PartWriter(objects, { batch: batch.name, name: 'failed-rows', frame }, maxFileBytes);
  for await (const row of rows) await writer.add(row);
  await writer.end();
}
