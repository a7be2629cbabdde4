import { isRunning, type Batch, type UploadReference } from '../domain/batch.ts';
import { changeBatch } from './change-batch.ts';
import { theService } from '../domain/audit.ts';
import { noteAudit } from './audit-verb.ts';
import type { Services } from './services.ts';
import { startedBatch, touched } from './started-batch.ts';

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
  request: {
    readonly batch: string;
    readonly upload: UploadReference;
    readonly start: boolean;
    readonly by?: string | undefined;
  },
): Promise<NotedUpload> {
  const { upload, start, by = theService } = request;
  const seen = { isNew: false };
  const noted = await changeBatch(store, request.batch, (batch) => {
    if (!takesRows(batch)) return undefined;
    seen.isNew = !batch.uploads.some((known) => known.key === upload.key && known.version === upload.version);
    const uploads = seen.isNew ? [...batch.uploads, upload] : batch.uploads;
    const begins = start && !isRunning(batch) && !['Stopped', 'Paused'].includes(batch.status);
    const present = touched({ ...batch, uploads }, by, clock.now());
    if (!begins) return seen.isNew ? present : undefined;
    return startedBatch(present, { reason: 'Rows wait to be read.', now: clock.now() });
  });
  if (noted === undefined)
    return { outcome: 'refused', code: 'BATCH_NOT_FOUND', reason: `There is no batch ${request.batch}.` };
  if (!takesRows(noted)) {
    const instead = noted.status === 'Stopping' ? 'Add them once it is Stopped.' : 'Use another batch name.';
    const reason = `The batch ${noted.name} is ${noted.status}; it takes no more rows. ${instead}`;
    await noteAudit({ store, clock }, { batch: noted.name, who: by, verb: 'add', detail: reason, outcome: 'refused' });
    return { outcome: 'refused', code: 'REFUSED_IN_THIS_STATE', reason };
  }
  if (seen.isNew)
    await noteAudit({ store, clock }, { batch: noted.name, who: by, verb: 'add', detail: 'a batch file' });
  return { outcome: 'noted', batch: noted };
}

function takesRows(batch: Batch): boolean {
  return !['Stopping', 'Completing', 'Removing', 'Completed', 'CompletedWithErrors'].includes(batch.status);
}
