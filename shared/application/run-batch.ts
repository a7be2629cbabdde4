import { isRunning, type Batch } from '../domain/batch.ts';
import type { ErrorCode } from '../domain/error-catalogue.ts';
import { addBatchFile } from './add-batch-file.ts';
import { noteAudit } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { createBatch, type BatchRequest } from './create-batch.ts';
import { optionsInWords } from './options-in-words.ts';
import type { Services } from './services.ts';
import { startBatch } from './start-batch.ts';

export type BatchRunning =
  | {
      readonly outcome: 'begun';
      readonly batch: Batch;
      /** The batch was synced before: once it rests again, `startBatch` with pass `incremental` follows. */
      readonly thenIncremental: boolean;
    }
  | { readonly outcome: 'refused'; readonly code: ErrorCode; readonly reason: string };

/**
 * What `run` asks for: a new batch is created and started; one that was cut off goes on; one that rests takes up new and
 * failed rows, and if it was synced, an incremental pass is to follow. Options given again replace those of before.
 */
export async function runBatch(
  services: Pick<Services, 'store' | 'objects' | 'workflow' | 'clock' | 'log'>,
  request: Omit<BatchRequest, 'start' | 'csv'> & { readonly csv: Uint8Array },
): Promise<BatchRunning> {
  const created = await createBatch(services, { ...request, start: true });
  if (created.outcome === 'refused') return created;
  if (created.outcome === 'created') return { outcome: 'begun', batch: created.batch, thenIncremental: false };

  const known = created.batch;
  if (known.endpoint !== request.endpoint) {
    const reason = `The batch ${known.name} belongs to endpoint ${known.endpoint}, not to ${request.endpoint}.`;
    return { outcome: 'refused', code: 'BATCH_EXISTS', reason };
  }
  await setOptions(services, known, { options: request.options, by: request.startedBy });
  const added = await addBatchFile(services, {
    batch: known.name,
    csv: request.csv,
    start: true,
    by: request.startedBy,
  });
  if (added.outcome === 'refused') return added;
  if (isRunning(added.batch) || added.batch.status === 'Waiting') {
    const thenIncremental = known.status === 'Synced' || known.status === 'SyncedWithErrors';
    return { outcome: 'begun', batch: added.batch, thenIncremental };
  }
  // Stopped or paused: rows alone do not set it going, but whoever runs it wants it to.
  const started = await startBatch(services, { batch: known.name, by: request.startedBy });
  return 'batch' in started
    ? { outcome: 'begun', batch: started.batch, thenIncremental: false }
    : { outcome: 'refused', code: 'REFUSED_IN_THIS_STATE', reason: started.reason };
}

async function setOptions(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  batch: Batch,
  { options, by }: { readonly options: Readonly<Record<string, unknown>>; readonly by: string },
): Promise<void> {
  const detail = optionsInWords(options).join(', ');
  if (detail === '') return;
  await noteAudit({ store, clock }, { batch: batch.name, who: by, verb: 'set', detail });
  await changeBatch(store, batch.name, (present) => ({ ...present, options: { ...present.options, ...options } }));
}
