import type { z } from 'zod';
import { mayMoveBatch, moveBatch, roundEvent } from '../domain/batch-transitions.ts';
import type { Batch, PassKind } from '../domain/batch.ts';
import { isToBeCopied, isToBePrepared, passKindOf } from '../domain/due-jobs.ts';
import { mailboxLimit } from '../domain/connection-shares.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import { ConfigurationError } from '../domain/errors.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
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
import { progressMark, type RoundBaseline } from './round-progress.ts';
import type { Services } from './services.ts';

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
  const { due, unprepared } = await dueJobs(store.jobs(batch.name), batch);
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

/** `unprepared`: some mailbox has to be prepared before it can be copied. */
async function dueJobs(
  jobs: AsyncIterable<MailboxJob>,
  batch: Batch,
): Promise<{ readonly due: readonly MailboxJob[]; readonly unprepared: boolean }> {
  const due: MailboxJob[] = [];
  let unprepared = false;
  for await (const job of jobs) {
    unprepared ||= isToBePrepared(job, batch);
    if (isToBeCopied(job, batch)) due.push(job);
  }
  return { due: due.sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1)), unprepared };
}

/** In a batch that is synced, single mailboxes are copied for the first time, or once more. */
function roundKind(batch: Batch, due: readonly MailboxJob[]): PassKind {
  if (batch.pass !== 'initial') return batch.pass;
  return due.length > 0 && due.every((job) => job.syncedAt !== null) ? 'incremental' : 'initial';
}

/** M for a round of nothing but later passes; rows that came later still need their first one. */
function mapLimit(endpoint: Endpoint, batch: Batch, due: readonly MailboxJob[]): number {
  const anyInitial = due.some((job) => passKindOf(batch, job) === 'initial');
  return mailboxLimit(endpoint, anyInitial ? 'initial' : 'incremental');
}

async function endpointOf(store: Services['store'], batch: Batch): Promise<Endpoint> {
  const endpoint = await store.getEndpoint(batch.endpoint);
  if (endpoint !== undefined) return endpoint;
  throw new ConfigurationError({
    code: 'ENDPOINT_NOT_FOUND',
    message: `There is no endpoint ${batch.endpoint} any more.`,
  });
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
