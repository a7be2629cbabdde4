import { createHash } from 'node:crypto';
import { ConflictError } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/error-catalogue.ts';
import { Name } from '../domain/endpoint.ts';
import { newBatch } from '../domain/new-batch.ts';
import { noteAudit } from './audit-verb.ts';
import { noteUpload } from './note-upload.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';

export interface Upload {
  /** `incoming/<endpoint>/<batch>.csv` or `.txt`. */
  readonly key: string;
  readonly version: string;
  /** Who uploaded it, as far as the door knows; `<batch>.json` may say better. */
  readonly startedBy: string;
}

export type UploadStart =
  | { readonly outcome: 'started' | 'exists'; readonly batch: string }
  | {
      readonly outcome: 'refused';
      /** Names as in the key: may be no valid names. */
      readonly batch: string;
      readonly endpoint: string;
      readonly code: ErrorCode;
      /** For the refused mail. */
      readonly reason: string;
    }
  /** Not a batch file: `<batch>.json`, or rows that a command has put there and noted itself. */
  | { readonly outcome: 'ignored'; readonly batch: string };

/**
 * Starts (or adds to) a batch from an upload. Events are delivered at least once: the execution's name is made of the
 * batch and a hash of bucket, key and version, so that the same event starts one execution.
 */
export async function startFromUpload(
  services: Pick<Services, 'store' | 'workflow' | 'clock' | 'log' | 'settings'>,
  upload: Upload,
): Promise<UploadStart> {
  const { workflow, settings, log } = services;
  const names = namesOf(upload.key);
  if (names === undefined) return { outcome: 'ignored', batch: '' };
  const refused = (code: ErrorCode, reason: string): UploadStart => {
    log.warn('An upload was refused', { code, key: upload.key });
    return { outcome: 'refused', ...names, code, reason };
  };

  const accepted = await batchFor(services, names, upload.startedBy);
  if (accepted !== undefined) return refused(accepted.code, accepted.reason);
  const { key, version } = upload;
  const noted = await noteUpload(services, {
    batch: names.batch,
    upload: { key, version },
    start: true,
    by: upload.startedBy,
  });
  if (noted.outcome === 'refused') return refused(noted.code, noted.reason);

  const name = executionName(names.batch, settings.bucket, upload);
  const input = { batch: names.batch, pass: noted.batch.pass, upload: { key, version } };
  const started = await workflow.start(name, input);
  if (started.outcome === 'started') return { outcome: 'started', batch: names.batch };
  if ((await workflow.status(started.execution)) === 'running') return { outcome: 'exists', batch: names.batch };
  // The same file again, after its execution ended (where a version is the content's hash, that is a retry).
  const again = await startExecution(workflow, noted.batch);
  return { outcome: again === 'started' ? 'started' : 'exists', batch: names.batch };
}

function namesOf(key: string): { readonly endpoint: string; readonly batch: string } | undefined {
  const match = /^incoming\/(?<endpoint>[^/]+)\/(?<batch>[^/]+)\.(?:csv|txt)$/i.exec(key);
  const { endpoint, batch } = match?.groups ?? {};
  return endpoint === undefined || batch === undefined ? undefined : { endpoint, batch };
}

/** Creates the batch where it is new; resolves with the refusal where the upload does not fit. */
async function batchFor(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  names: { readonly endpoint: string; readonly batch: string },
  startedBy: string,
): Promise<{ readonly code: ErrorCode; readonly reason: string } | undefined> {
  for (const what of ['endpoint', 'batch'] as const) {
    const checked = Name.safeParse(names[what]);
    if (checked.success) continue;
    const problem = checked.error.issues[0]?.message ?? 'the name is not valid';
    const code = what === 'endpoint' ? 'ENDPOINT_NOT_FOUND' : 'BATCH_NOT_FOUND';
    return { code, reason: `"${names[what]}" cannot be the name of a batch file's ${what}: ${problem}.` };
  }
  const known = await store.getBatch(names.batch);
  if (known !== undefined) return mismatch(known.endpoint, names);
  const endpoint = await store.getEndpoint(names.endpoint);
  if (endpoint === undefined)
    return {
      code: 'ENDPOINT_NOT_FOUND',
      reason: `There is no endpoint ${names.endpoint}: put one, then upload again.`,
    };
  try {
    await store.createBatch(newBatch({ name: names.batch, endpoint, startedBy, options: {}, now: clock.now() }));
    await noteAudit({ store, clock }, { batch: names.batch, who: startedBy, verb: 'create', detail: 'by an upload' });
    return undefined;
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return mismatch((await store.getBatch(names.batch))?.endpoint ?? names.endpoint, names);
  }
}

function mismatch(
  endpoint: string,
  names: { readonly endpoint: string; readonly batch: string },
): { readonly code: ErrorCode; readonly reason: string } | undefined {
  if (endpoint === names.endpoint) return undefined;
  const reason = `The batch ${names.batch} belongs to endpoint ${endpoint}, the file was uploaded for ${names.endpoint}.`;
  return { code: 'BATCH_EXISTS', reason };
}

/** At most 80 characters (Step Functions): 64 of the batch's name, a hyphen, 60 bits of the hash. */
function executionName(batch: string, bucket: string, { key, version }: Upload): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([bucket, key, version]))
    .digest('hex');
  return `${batch}-${hash.slice(0, 15)}`;
}
