import { ReportFileName } from '../domain/report/report-files.ts';
import { batchOfRun, leave, positionOf, runWasTaken, type Position } from './batch-run.ts';
import { evidenceOf, type MailboxEvidence } from './reports/mailbox-evidence.ts';
import { PartWriter } from './reports/part-writer.ts';
import { reportRecipes } from './reports/report-rows.ts';
import type { Services } from './services.ts';

/**
 * Writes all reports of a pass that is through to reports/<batch>/, in one walk over the jobs. Entered again, it writes
 * the same files again.
 */
export async function writeReports(
  { store, objects, clock, log }: Pick<Services, 'store' | 'objects' | 'clock' | 'log'>,
  position: Position,
): Promise<Position> {
  const batch = await batchOfRun(store, position);
  if (batch === undefined) return leave(position, runWasTaken);

  const about = { batch: batch.name, writtenAt: new Date(clock.now()).toISOString() };
  const writers = ReportFileName.options.map((name) => ({
    recipe: reportRecipes[name],
    writer: new PartWriter(objects, { batch: batch.name, name, frame: reportRecipes[name].frame(about) }),
  }));
  const addRows = async (evidence: MailboxEvidence): Promise<void> => {
    for (const { recipe, writer } of writers)
      for await (const row of recipe.rows(evidence, true)) await writer.add(row);
  };

  let mailboxes = 0;
  for await (const evidence of evidenceOf(objects, store.jobs(batch.name), { verification: true, items: true })) {
    await addRows(evidence);
    mailboxes += 1;
  }
  for (const { writer } of writers) await writer.end();
  log.info('Wrote the reports of a batch', { batch: batch.name, mailboxes });
  return { ...positionOf(batch, 'rest') };
}
