import type { z } from 'zod';
import { mayMoveBatch, moveBatch, roundEvent } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';
import { isDue } from '../domain/due-jobs.ts';
import { incrementalLimit, type Endpoint } from '../domain/endpoint.ts';
import { ConfigurationError } from '../domain/errors.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { RoundPlan } from '../domain/workflow-steps.ts';
import { batchOfRun, changeBatchOfRun, leave, positionOf, runWasTaken, type Position } from './batch-run.ts';
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
  const event = roundEvent(batch.pass);
  // Somebody stops the batch: no further round.
  if (!mayMoveBatch(batch, event)) return { ...positionOf(batch, 'report'), ...nothing };

  const due = await dueJobs(store.jobs(batch.name), batch);
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
  const saved = await changeBatchOfRun(store, position, (present) => ({
    ...moveBatch(present, event, { reason, now: clock.now() }),
    run: { ...present.run, phase: 'synchronise', round },
  }));
  if (saved === undefined || saved.run === null) return { ...leave(position, runWasTaken), ...nothing };
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

async function dueJobs(jobs: AsyncIterable<MailboxJob>, batch: Batch): Promise<readonly MailboxJob[]> {
  const due: MailboxJob[] = [];
  for await (const job of jobs) if (isDue(job, batch)) due.push(job);
  return due.sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1));
}

/** M for a round of nothing but incremental passes; rows that came later still need their first pass. */
function mapLimit(endpoint: Endpoint, batch: Batch, due: readonly MailboxJob[]): number {
  if (batch.pass === 'initial' || due.some((job) => job.syncedAt === null)) return endpoint.maxConcurrentMigrations;
  return incrementalLimit(endpoint);
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
