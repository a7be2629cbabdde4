import { summariseBatch, type BatchSummary } from './batch-view.ts';
import type { Services } from './services.ts';

/** All batches, the newest first. */
export async function listBatches(services: Pick<Services, 'store' | 'objects'>): Promise<readonly BatchSummary[]> {
  const batches = [...(await services.store.listBatches())].sort(
    (a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.name < b.name ? -1 : 1),
  );
  const summaries: BatchSummary[] = [];
  for (const batch of batches) summaries.push((await summariseBatch(services, batch)).summary);
  return summaries;
}
