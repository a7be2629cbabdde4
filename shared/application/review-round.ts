import type { Batch, BatchRun } from '../domain/batch.ts';
import { errorCatalogue } from '../domain/error-catalogue.ts';
import { errorNames } from '../domain/errors.ts';
import { failureEvent, moveJob } from '../domain/job-transitions.ts';
import { maxIdleRounds } from '../domain/workflow-steps.ts';
import { batchOfRun, enterPhase, leave, runWasTaken, type Position } from './batch-run.ts';
import { changeJob } from './change-job.ts';
import { dueMailboxes, type DueMailbox, type DueMailboxes } from './due-mailboxes.ts';
import { inParallel } from './in-parallel.ts';
import { pauseOnCommonFault } from './pause-on-common-fault.ts';
import { baselineKey, type Plan } from './plan-round.ts';
import { progressMark, RoundBaseline, saidWhyItWaits } from './round-progress.ts';
import type { Services } from './services.ts';

type ReviewServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log'>;

/**
 * Who is unfinished after a round? Uploads that came meanwhile are read next; whoever is due gets another round; a
 * mailbox whose workers vanish three rounds in a row without a word has failed.
 */
export async function reviewRound(services: ReviewServices, plan: Plan): Promise<Position> {
  const { store } = services;
  await pauseOnCommonFault(services, plan);
  const batch = await batchOfRun(store, plan);
  if (batch === undefined) return leave(plan, runWasTaken);
  if (['Paused', 'Stopping', 'Removing'].includes(batch.status)) return goOn(services, plan, 'settle', 0);

  const found = await dueMailboxes(store, batch);
  const baseline = await baselineOf(services, plan);
  const idleRounds = baseline === undefined ? 0 : countIdleRounds(baseline, found.due);
  if (baseline === undefined || idleRounds < maxIdleRounds)
    return goOn(services, plan, nextPhase(batch, found), idleRounds);
  await failTheLost(services, baseline, found.due);
  return goOn(services, plan, nextPhase(batch, await dueMailboxes(store, batch)), 0);
}

function nextPhase(batch: Batch, { due, unprepared }: DueMailboxes): BatchRun['phase'] {
  if (batch.uploads.length > 0) return 'read';
  if (batch.rollback !== undefined) return 'put-back';
  if (batch.requeue !== undefined) return 'synchronise';
  if (unprepared) return 'prepare';
  return due.length > 0 ? 'synchronise' : 'settle';
}

async function baselineOf({ objects }: ReviewServices, plan: Plan): Promise<RoundBaseline | undefined> {
  const octets = await objects.get(baselineKey(plan.batch, plan.run, plan.round));
  return octets === undefined ? undefined : RoundBaseline.parse(JSON.parse(new TextDecoder().decode(octets)));
}

/**
 * How many rounds in a row brought nothing, this one included. Counted from the number that was noted when the round was
 * planned, so that reviewing it twice counts it once.
 */
function countIdleRounds(round: RoundBaseline, unfinished: readonly DueMailbox[]): number {
  if (unfinished.length === 0 || progressMark(unfinished) !== round.progress) return 0;
  if (unfinished.every((job) => saidWhyItWaits(job, round))) return round.idleRounds;
  return round.idleRounds + 1;
}

async function failTheLost(
  { store, clock, log }: ReviewServices,
  round: RoundBaseline,
  unfinished: readonly DueMailbox[],
): Promise<void> {
  const text = errorCatalogue.WORKER_LOST.text;
  const error = { code: 'WORKER_LOST', message: text, kind: errorNames.mailboxBlocked };
  await inParallel(unfinished, async (lost) => {
    const found = await store.getJob(lost.batch, lost.id);
    if (found === undefined) return;
    await changeJob(store, found, (job) => {
      if (job.version !== lost.version || saidWhyItWaits(job, round)) return undefined;
      return moveJob(job, failureEvent(job), { reason: text, error, now: clock.now() });
    });
    log.warn('A mailbox made no progress in three rounds', { batch: lost.batch, row: lost.row });
  });
}

function goOn({ store }: ReviewServices, plan: Plan, phase: BatchRun['phase'], idleRounds: number): Promise<Position> {
  return enterPhase(store, plan, { phase, idleRounds });
}
