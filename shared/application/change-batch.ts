import type { Batch } from '../domain/batch.ts';
import { ConflictError } from '../domain/errors.ts';
import type { BatchStore } from '../ports/batch-store.ts';

/** Others write a batch a few times a minute at most: who loses this often in a row is told so. */
const attempts = 20;

/**
 * Reads a batch, changes it, and writes it if nobody wrote in between; else again from the start. `change` returns
 * undefined to leave it as it is. Resolves with the batch as stored, undefined where there is none.
 */
export async function changeBatch(
  store: Pick<BatchStore, 'getBatch' | 'saveBatch'>,
  name: string,
  change: (batch: Batch) => Batch | undefined,
): Promise<Batch | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const batch = await store.getBatch(name);
    if (batch === undefined) return undefined;
    const changed = change(batch);
    if (changed === undefined) return batch;
    try {
      return await store.saveBatch(changed);
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === attempts) throw error;
    }
  }
}
