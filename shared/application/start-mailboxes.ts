import { isRunning, type Batch } from '../domain/batch.ts';
import { isBadRow, isWorthAnotherTry } from '../domain/due-jobs.ts';
import { moveJob } from '../domain/job-transitions.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { RequeueOrder } from '../domain/requeue-order.ts';
import { waitingReasons } from '../domain/waiting-reason.ts';
import { refused, type Decided } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { changeJob } from './change-job.ts';
import { chosenJobs } from './chosen-jobs.ts';
import { inParallel } from './in-parallel.ts';
import type { Services } from './services.ts';
import { isReleased, queuedAgain } from './requeue.ts';
import { ensureExecution } from './start-execution.ts';
import { startedBatch, touched, withOverrides, type BatchStart, type Override } from './started-batch.ts';

export interface MailboxStart {
  readonly decided: Decided;
  readonly batch: string;
  readonly mailboxes: readonly string[];
  readonly pass: 'present' | 'incremental';
  readonly by: string;
  readonly overrides: readonly Override[];
}

type StartServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

/**
 * Starts single mailboxes: those that failed, were stopped or skipped, or (incremental) those that are synced. The
 * others stay as they are: in a batch that was not going, the queued ones are stopped until somebody starts them.
 */
export async function startMailboxes(services: StartServices, request: MailboxStart): Promise<BatchStart> {
  const { store, clock } = services;
  const chosen = await chosenJobs(store, request);
  if (chosen.outcome === 'refused') return chosen;
  const batch = await store.getBatch(request.batch);
  if (batch === undefined) return { outcome: 'not-found', reason: `There is no batch ${request.batch}.` };
  const wanted: MailboxJob[] = [];
  for (const job of chosen.jobs) if (await mayStart(store, { batch, job, pass: request.pass })) wanted.push(job);
  const [first] = chosen.jobs;
  if (wanted.length === 0 && first !== undefined) return refused(whyNot(first, request.pass));

  await request.decided();
  if (!isRunning(batch)) await holdBack(services, batch, new Set(wanted.map(({ id }) => id)));
  const cause = `${request.pass === 'present' ? 'Started' : 'Synchronised'} by ${request.by}.`;
  await inParallel(wanted, (job) =>
    changeJob(store, job, (known) =>
      known.status === job.status && known.status !== 'Queued'
        ? queuedAgain(known, { batch, cause, now: clock.now() })
        : undefined,
    ),
  );
  return setGoing(services, request);
}

/** Sets a batch going for mailboxes that were queued; a running one takes them in its next round. */
export async function setGoing(
  { store, workflow, clock, log }: StartServices,
  request: Pick<MailboxStart, 'batch' | 'by' | 'overrides'> & { readonly requeue?: RequeueOrder },
): Promise<BatchStart> {
  const { by, overrides, requeue } = request;
  const now = clock.now();
  const started = await changeBatch(store, request.batch, (present) => {
    if (['Stopping', 'Removing', 'Completed', 'CompletedWithErrors'].includes(present.status)) return undefined;
    const going = isRunning(present)
      ? present
      : startedBatch(present, { reason: 'The prerequisites are checked.', now });
    const told = { ...touched(going, by, now), ...(requeue === undefined ? {} : { requeue }) };
    return withOverrides(told, overrides, { by, now });
  });
  if (started === undefined) return { outcome: 'not-found', reason: `There is no batch ${request.batch}.` };
  if (!isRunning(started) || started.status === 'Stopping' || started.status === 'Removing')
    return refused(`The batch ${started.name} is ${started.status}; somebody else was quicker.`);
  await ensureExecution(workflow, started);
  log.info('Mailboxes of a batch were started', { batch: started.name, passNumber: started.passNumber });
  return { outcome: 'started', batch: started };
}

interface Candidate {
  readonly batch: Batch;
  readonly job: MailboxJob;
  readonly pass: 'present' | 'incremental';
}

async function mayStart(store: Services['store'], { batch, job, pass }: Candidate): Promise<boolean> {
  if (pass === 'incremental') return job.status === 'Synced' || job.status === 'IncrementalFailed';
  return isWorthAnotherTry(job) || job.status === 'Queued' || (await isReleased(store, batch, job));
}

function whyNot(job: MailboxJob, pass: 'present' | 'incremental'): string {
  const who = `The mailbox of row ${String(job.row)} is ${job.status}`;
  if (isBadRow(job)) return `${who}: its row is bad. Upload the corrected row under the same batch name.`;
  if (job.status === 'Skipped') return `${who}: ${job.reason ?? 'it is not ours to move'}`;
  return pass === 'incremental'
    ? `${who}: an incremental pass needs one that is Synced or IncrementalFailed.`
    : `${who}: there is nothing to start.`;
}

async function holdBack(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  batch: Batch,
  wanted: ReadonlySet<string>,
): Promise<void> {
  await inParallel(store.jobs(batch.name), (job) =>
    changeJob(store, job, (known) =>
      known.status === 'Queued' && !wanted.has(known.id)
        ? moveJob(known, 'stopped', { reason: waitingReasons.notChosen.say(), now: clock.now() })
        : undefined,
    ),
  );
}
