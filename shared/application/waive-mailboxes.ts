import { audited, noSuchBatch, refused, type Decided, type VerbOutcome, type VerbRequest } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { changeJob } from './change-job.ts';
import { chosenJobs } from './chosen-jobs.ts';
import { inParallel } from './in-parallel.ts';
import type { Services } from './services.ts';
import { touched } from './started-batch.ts';

export interface WaiveRequest extends Required<Pick<VerbRequest, 'batch' | 'by' | 'mailboxes'>> {
  readonly why: string;
}

/** Decides that a batch may be removed although these mailboxes did not succeed. */
export async function waiveMailboxes(
  services: Pick<Services, 'store' | 'clock'>,
  request: WaiveRequest,
): Promise<VerbOutcome> {
  const { batch, by, mailboxes, why } = request;
  return audited(services, { batch, who: by, verb: 'waive', mailboxes, why }, (decided) =>
    waive(services, request, decided),
  );
}

async function waive(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  request: WaiveRequest,
  decided: Decided,
): Promise<VerbOutcome> {
  const { by, why } = request;
  if (why.trim() === '') return refused('A mailbox is waived with a reason: say why.');
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  if (found.status === 'Removing') return refused(`The batch ${found.name} is being removed.`);
  const chosen = await chosenJobs(store, request);
  if (chosen.outcome === 'refused') return chosen;
  await decided();
  const waiver = { by, why, at: new Date(clock.now()).toISOString() };
  await inParallel(chosen.jobs, (job) => changeJob(store, job, (known) => ({ ...known, waiver })));
  const batch = await changeBatch(store, found.name, (present) => touched(present, by, clock.now()));
  return batch === undefined ? noSuchBatch(request.batch) : { outcome: 'done', batch };
}
