import { areStillGood, type KeptNumbers } from '../domain/kept-numbers.ts';
import type { Batch } from '../domain/batch.ts';
import { summariseBatch, summaryOf, type BatchSummary } from './batch-view.ts';
import { mapInOrder } from './map-in-order.ts';
import type { Services } from './services.ts';

type ListServices = Pick<Services, 'store' | 'objects' | 'clock'>;

/** Batches looked at together: each takes a request for its reports, and perhaps one for every 800 mailboxes. */
const atOnce = 8;

/**
 * All batches, the newest first. The mailboxes of a batch are gone through where its numbers may have changed since they
 * were last: a deployment has hundreds of thousands of mailboxes in batches that rest, and a request has 28 s. Who is cut
 * off by that finds, the next time, what was counted until then.
 */
export async function listBatches(services: ListServices): Promise<readonly BatchSummary[]> {
  const batches = [...(await services.store.listBatches())].sort(
    (a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.name < b.name ? -1 : 1),
  );
  const kept = await services.store.keptNumbers();
  const summaries: BatchSummary[] = [];
  const found = mapInOrder(batches, atOnce, (batch) => listed(services, batch, kept.get(batch.name)));
  for await (const summary of found) summaries.push(summary);
  return summaries;
}

async function listed(services: ListServices, batch: Batch, kept: KeptNumbers | undefined): Promise<BatchSummary> {
  const { store, objects, clock } = services;
  const now = clock.now();
  if (kept !== undefined && areStillGood(kept, batch, now)) return await summaryOf(objects, batch, kept);
  const { summary } = await summariseBatch(services, batch);
  const { counts, items } = summary;
  const { createdAt, version } = batch;
  await store.keepNumbers(batch.name, { counts, items, createdAt, version, at: new Date(now).toISOString() });
  return summary;
}
