import { isRunning, type Batch, type UploadReference } from '../domain/batch.ts';
import { changeBatch } from './change-batch.ts';
import type { Services } from './services.ts';
import { startedBatch } from './started-batch.ts';

export type NotedUpload =
  | { readonly outcome: 'noted'; readonly batch: Batch }
  | {
      readonly outcome: 'refused';
      readonly code: 'BATCH_NOT_FOUND' | 'REFUSED_IN_THIS_STATE';
      readonly reason: string;
    };

/**
 * Notes on a batch that rows wait to be read. A resting batch begins anew with `start`; one that was stopped or paused
 * takes the rows and stays where it is, since somebody wanted it so.
 */
export async function noteUpload(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  request: { readonly batch: string; readonly upload: UploadReference; readonly start: boolean },
): Promise<NotedUpload> {
  const { upload, start } = request;
  const noted = await changeBatch(store, request.batch, (batch) => {
    if (!takesRows(batch)) return undefined;
    const uploads = batch.uploads.some((known) => known.key === upload.key && known.version === upload.version)
      ? batch.uploads
      : [...batch.uploads, upload];
    const begins = start && !isRunning(batch) && !['Stopped', 'Paused'].includes(batch.status);
    if (!begins) return uploads === batch.uploads ? undefined : { ...batch, uploads };
    return startedBatch({ ...batch, uploads }, { reason: 'Rows wait to be read.', now: clock.now() });
  });
  if (noted === undefined)
    return { outcome: 'refused', code: 'BATCH_NOT_FOUND', reason: `There is no batch ${request.batch}.` };
  if (!takesRows(noted)) {
    const reason = `The batch ${noted.name} is ${noted.status}; it takes no more rows. Use another batch name.`;
    return { outcome: 'refused', code: 'REFUSED_IN_THIS_STATE', reason };
  }
  return { outcome: 'noted', batch: noted };
}

function takesRows(batch: Batch): boolean {
  return !['Stopping', 'Completing', 'Removing', 'Completed', 'CompletedWithErrors'].includes(batch.status);
}
