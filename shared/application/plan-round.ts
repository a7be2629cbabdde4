import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { mayMoveBatch, moveBatch, roundEvent } from '../domain/batch-transitions.ts';
import type { Batch, PassKind } from '../domain/batch.ts';
import { passKindOf } from '../domain/due-jobs.ts';
import { mailboxLimit } from '../domain/connection-shares.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { RoundPlan } from '../domain/workflow-steps.ts';
import {
  batchOfRun,
  changeBatchOfRun,
  enterPhase,
  leave,
  positionOf,
  runWasTaken,
  type Position,
} from './batch-run.ts';
import { dueMailboxes, type DueMailbox } from './due-mailboxes.ts';
import { endpointOf } from './endpoint-of.ts';
import { progressMark, type RoundBaseline } from './round-progress.ts';
import type { Services } from './services.ts';
import { tryTheRestAgain } from './try-again.ts';

export type Plan = z.infer<typeof RoundPlan>;

/**
 * Lists the mailboxes that are due, in the order of their rows, as the manifest of a Map. Entered again, it lists them
 * anew under the next round's number, so that a manifest is never changed under a Map that reads it.
 */
export async function planRound(
  { store, objects, clock, settings }: Pick<Services, 'store' | 'objects' | 'clock' | 'settings'>,
  position: Position,
): Promise<Plan> {
  const bucket = settings.bucket;
  const nothing = { round: 0, due: 0, concurrency: 1, manifest: { bucket, key: '' } };
  const batch = await batchOfRun(store, position);
  if (batch === undefined) return { ...leave(position, runWasTaken), ...nothing };
  await requeueTheRest({ store, clock }, batch, position);
  const { due, unprepared } = await dueMailboxes(store, batch);
  const event = roundEvent(roundKind(batch, due));
  // Somebody stops, pauses or removes the batch: no further round.
  if (!mayMoveBatch(batch, event)) return { ...(await enterPhase(store, position, { phase: 'settle' })), ...nothing };

  const round = batch.run.round + 1;
  const key = `work/${batch.name}/manifest-${String(batch.run.number)}-${String(round)}.json`;
  await objects.put(key, json(due.map(({ id, row }) => ({ mailbox: id, row }))), 'application/json');
  const baseline: RoundBaseline = {
    startedAt: clock.now(),
    progress: progressMark(due),
    idleRounds: batch.run.idleRounds,
  };
  await objects.put(baselineKey(batch.name, batch.run.number, round), json(baseline), 'application/json');

  const reason = due.length === 0 ? 'No mailbox is due.' : `Round ${String(round)}: ${String(due.length)} due.`;
  const phase = due.length > 0 ? 'synchronise' : unprepared ? 'prepare' : 'settle';
  const saved = await changeBatchOfRun(store, position, (present) =>
    mayMoveBatch(present, event)
      ? { ...moveBatch(present, event, { reason, now: clock.now() }), run: { ...present.run, phase, round } }
      : { ...present, run: { ...present.run, phase: 'settle' } },
  );
  if (saved === undefined || saved.run === null) return { ...leave(position, runWasTaken), ...nothing };
  if (saved.run.phase !== 'synchronise') return { ...positionOf({ ...saved, run: saved.run }), ...nothing, round };
  const endpoint = await endpointOf(store, saved);
  return {
    ...positionOf({ ...saved, run: saved.run }),
    round,
    due: due.length,
    concurrency: Math.max(1, Math.min(due.length, mapLimit(endpoint, saved, due))),
    manifest: { bucket, key },
  };
}

export function baselineKey(batch: string, run: number, round: number): string {
  return `work/${batch}/round-${String(run)}-${String(round)}.json`;
}

/** Goes through what a request left to do, which had no time for all of a large batch. */
async function requeueTheRest(
  services: Pick<Services, 'store' | 'clock'>,
  batch: Batch,
  position: Position,
): Promise<void> {
  const { requeue } = batch;
  if (requeue === undefined || ['Paused', 'Stopping', 'Removing'].includes(batch.status)) return;
  await tryTheRestAgain(services, batch, requeue);
  await changeBatchOfRun(services.store, position, (present) =>
    isDeepStrictEqual(present.requeue, requeue) ? { ...present, requeue: undefined } : undefined,
  );
}

/** In a batch that is synced, single mailboxes are copied for the first time, or once more. */
function roundKind(batch: Batch, due: readonly DueMailbox[]): PassKind {
  if (batch.pass !== 'initial') return batch.pass;
  return due.length > 0 && due.every((job) => job.syncedAt !== null) ? 'incremental' : 'initial';
}

/** M for a round of nothing but later passes; rows that came later still need their first one. */
function mapLimit(endpoint: Endpoint, batch: Batch, due: readonly DueMailbox[]): number {
  const anyInitial = due.some((job) => passKindOf(batch, job) === 'initial');
  return mailboxLimit(endpoint, anyInitial ? 'initial' : 'incremental');
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
