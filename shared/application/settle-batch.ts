import type { Batch, BatchRun, ClosingMail } from '../domain/batch.ts';
import { isDue } from '../domain/due-jobs.ts';
import { mayMoveJob, moveJob } from '../domain/job-transitions.ts';
import { stoppedJob } from '../domain/stopped-job.ts';
import { batchOfRun, enterPhase, leave, positionOf, runWasTaken, type Position } from './batch-run.ts';
import { changeJob } from './change-job.ts';
import { concludeCompletion, concludeMailboxes } from './conclude-completion.ts';
import { anyLeaseHeld, isLeaseHeld } from './held-leases.ts';
import { inParallel } from './in-parallel.ts';
import type { Services } from './services.ts';

type SettleServices = Pick<Services, 'store' | 'clock' | 'log'>;

/**
 * Sees that no worker is left before the reports are written: a batch that was stopped or paused waits until the last
 * lease is given up (`next: settle`, asked again after a wait). Then every mailbox gets the status that it ends the run
 * with, so that reports and mail say what is so.
 */
export async function settleBatch(services: SettleServices, position: Position): Promise<Position> {
  const { store, log } = services;
  const batch = await batchOfRun(store, position);
  if (batch === undefined) return leave(position, runWasTaken);
  switch (batch.status) {
    case 'Removing':
      return enterPhase(store, position, { phase: 'remove' });
    // Somebody started it again meanwhile: the next execution goes on.
    case 'Validating':
      if (await anyDue(services, batch)) return enterPhase(store, position, { phase: 'rest' });
      break;
    case 'Stopping':
    case 'Paused':
      if (await anyLeaseHeld(services, batch)) {
        log.info('A batch waits for its last workers', { batch: batch.name, status: batch.status });
        return { ...positionOf(batch, 'settle'), reason: 'a worker is still at a mailbox' };
      }
      break;
    default:
      break;
  }
  const mail = await settleMailboxes(services, batch);
  if (mail === 'worker-left') return { ...positionOf(batch, 'settle'), reason: 'a worker is still at a mailbox' };
  const putsBack = mail === 'stopped' && batch.rollback !== undefined;
  return enterPhase(store, position, { phase: putsBack ? 'put-back' : 'report', mail });
}

async function settleMailboxes(
  services: SettleServices,
  batch: Batch & { readonly run: BatchRun },
): Promise<ClosingMail | 'worker-left'> {
  switch (batch.status) {
    case 'Stopping':
      await stopAll(services, batch);
      return 'stopped';
    case 'Paused':
      return 'paused';
    default:
      break;
  }
  if (await stopSingles(services, batch)) return 'worker-left';
  if (batch.pass !== 'final' || batch.completion === null) {
    await concludeMailboxes(services, batch);
    return 'finished';
  }
  const { event } = await concludeCompletion(services, batch);
  return event === 'notCompleted' ? 'finished' : 'completed';
}

/** Whoever is through stays so; everybody else is Stopped. */
async function stopAll({ store, clock }: SettleServices, batch: Batch): Promise<void> {
  await inParallel(store.jobs(batch.name), (job) =>
    changeJob(store, job, (known) => {
      const now = clock.now();
      if (known.status === 'Completing' && !isDue(known, batch))
        return moveJob(known, 'notCompleted', { reason: null, now });
      return mayMoveJob(known, 'stopped') ? stoppedJob(known, now) : undefined;
    }),
  );
}

/** Ends the single mailboxes that were to stop and whose worker is gone; true where a worker may be left. */
async function stopSingles({ store, clock }: SettleServices, batch: Batch): Promise<boolean> {
  for await (const job of store.jobs(batch.name)) {
    if (job.status !== 'Stopping') continue;
    if (await isLeaseHeld({ store, clock }, job)) return true;
    await changeJob(store, job, (known) => (known.status === 'Stopping' ? stoppedJob(known, clock.now()) : undefined));
  }
  return false;
}

async function anyDue({ store }: SettleServices, batch: Batch): Promise<boolean> {
  for await (const job of store.jobs(batch.name)) if (isDue(job, batch)) return true;
  return false;
}
