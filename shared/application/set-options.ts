import { moveBatch } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';
import { parseOptions } from '../domain/options.ts';
import { audited, noSuchBatch, refused, type Decided, type VerbOutcome, type VerbRequest } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { changeJob } from './change-job.ts';
import { chosenJobs } from './chosen-jobs.ts';
import { effectiveOptions } from './effective-options.ts';
import { inParallel } from './in-parallel.ts';
import { optionsInWords } from './options-in-words.ts';
import type { Services } from './services.ts';
import { startWaiting } from './start-waiting.ts';
import { touched } from './started-batch.ts';

export interface OptionsRequest extends VerbRequest {
  /** As written. */
  readonly options: Readonly<Record<string, string>>;
}

type OptionServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

/**
 * Sets options of a batch, or of single mailboxes, whatever it is doing: every slice reads them anew. A waiting batch
 * whose time is brought forward starts.
 */
export async function setOptions(services: OptionServices, request: OptionsRequest): Promise<VerbOutcome> {
  const { batch, by, mailboxes, options } = request;
  const detail = optionsInWords(options).join(', ');
  return audited(services, { batch, who: by, verb: 'set', mailboxes, detail }, (decided) =>
    set(services, request, decided),
  );
}

async function set(services: OptionServices, request: OptionsRequest, decided: Decided): Promise<VerbOutcome> {
  const { store, clock } = services;
  const { by, options } = request;
  const { problems } = parseOptions(options, request.mailboxes === undefined ? 'batch' : 'row');
  if (problems.length > 0)
    return refused(
      problems.map(({ message, suggestion }) => `${message} ${suggestion}`).join(' '),
      'CSV_OPTION_INVALID',
    );
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  if (isOver(found)) return refused(whyNot(found));
  if (request.mailboxes !== undefined) {
    const chosen = await chosenJobs(store, { batch: found.name, mailboxes: request.mailboxes });
    if (chosen.outcome === 'refused') return chosen;
    await decided();
    await inParallel(chosen.jobs, (job) =>
      changeJob(store, job, (known) => ({ ...known, options: { ...known.options, ...options } })),
    );
  }
  await decided();
  const changed = await changeBatch(store, found.name, (batch) => {
    if (isOver(batch)) return undefined;
    const present = touched(batch, by, clock.now());
    return request.mailboxes === undefined ? { ...present, options: { ...present.options, ...options } } : present;
  });
  if (changed === undefined) return noSuchBatch(request.batch);
  if (isOver(changed)) return refused(whyNot(changed));
  return { outcome: 'done', batch: await rescheduled(services, changed) };
}

/** A batch that waits says until when, and does not wait longer than it now has to. */
async function rescheduled(services: OptionServices, batch: Batch): Promise<Batch> {
  const { store, clock } = services;
  if (batch.status !== 'Waiting') return batch;
  await startWaiting(services, batch);
  const { startAfter } = await effectiveOptions(store, batch);
  const moved = await changeBatch(store, batch.name, (present) =>
    present.status === 'Waiting' && startAfter !== null
      ? moveBatch(present, 'schedule', { reason: `Starts at ${startAfter}.`, now: clock.now() })
      : undefined,
  );
  return moved ?? batch;
}

function isOver({ status }: Batch): boolean {
  return status === 'Completed' || status === 'CompletedWithErrors' || status === 'Removing';
}

function whyNot({ name, status }: Batch): string {
  return `The batch ${name} is ${status}: its options matter no more.`;
}
