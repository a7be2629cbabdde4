import { createHash } from 'node:crypto';
import type { Batch, UploadReference } from '../domain/batch.ts';
import type { ErrorCode } from '../domain/error-catalogue.ts';
import { noteUpload } from './note-upload.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';

export type AddedFile =
  | { readonly outcome: 'added'; readonly batch: Batch }
  | { readonly outcome: 'refused'; readonly code: ErrorCode; readonly reason: string };

/**
 * Hands rows to a batch that is there: new ones are added, failed ones tried again, done ones left alone. With `start`, a
 * resting batch begins anew; without, the rows are read and the batch stays where it is. Reading happens in an
 * execution, at once.
 */
export async function addBatchFile(
  { store, objects, workflow, clock }: Pick<Services, 'store' | 'objects' | 'workflow' | 'clock'>,
  request: {
    readonly batch: string;
    readonly csv: Uint8Array;
    readonly start: boolean;
    readonly by?: string | undefined;
  },
): Promise<AddedFile> {
  const batch = await store.getBatch(request.batch);
  if (batch === undefined) {
    return { outcome: 'refused', code: 'BATCH_NOT_FOUND', reason: `There is no batch ${request.batch}.` };
  }
  // A folder deeper than what people and events drop in, so that it starts nothing by itself.
  const hash = createHash('sha256').update(request.csv).digest('hex');
  const key = `incoming/${batch.endpoint}/${batch.name}/${hash}.csv`;
  const upload = { key, version: await objects.put(key, request.csv, 'text/csv') };
  const noted = await noteUpload({ store, clock }, { batch: batch.name, upload, start: request.start, by: request.by });
  if (noted.outcome === 'refused') {
    await removeUpload(objects, upload);
    return noted;
  }
  await startExecution(workflow, noted.batch);
  return { outcome: 'added', batch: noted.batch };
}

/** At its version: without one, what holds passwords would stay below the mark that hides it. */
async function removeUpload(objects: Services['objects'], { key, version }: UploadReference): Promise<void> {
  await objects.remove(key, version === '' ? undefined : version);
}
