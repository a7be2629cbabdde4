import type { Batch } from '../domain/batch.ts';
import { Name } from '../domain/endpoint.ts';
import type { ErrorCode } from '../domain/error-catalogue.ts';
import { ConflictError } from '../domain/errors.ts';
import { newBatch } from '../domain/new-batch.ts';
import { parseOptions } from '../domain/options.ts';
import { noteAudit } from './audit-verb.ts';
import { addBatchFile } from './add-batch-file.ts';
import { optionsInWords } from './options-in-words.ts';
import type { Services } from './services.ts';

export interface BatchRequest {
  readonly name: string;
  readonly endpoint: string;
  /** The whole file, at most 10 MB; absent: rows come later. */
  readonly csv?: Uint8Array | undefined;
  /** Batch-level options as written, `notify` included. */
  readonly options: Readonly<Record<string, unknown>>;
  /** False: the rows are read and checked, and nothing is copied yet. */
  readonly start: boolean;
  readonly startedBy: string;
}

export type BatchCreation =
  | { readonly outcome: 'created'; readonly batch: Batch }
  /** The name is taken; nothing was changed. */
  | { readonly outcome: 'exists'; readonly batch: Batch }
  | { readonly outcome: 'refused'; readonly code: ErrorCode; readonly reason: string };

/** Creates a batch, with its rows where there are any, and starts it unless told not to. */
export async function createBatch(
  services: Pick<Services, 'store' | 'objects' | 'workflow' | 'clock'>,
  request: BatchRequest,
): Promise<BatchCreation> {
  const { store, clock } = services;
  const name = Name.safeParse(request.name);
  if (!name.success) {
    const problem = name.error.issues[0]?.message ?? 'the name is not valid';
    return { outcome: 'refused', code: 'NAME_INVALID', reason: `"${request.name}" cannot be a batch: ${problem}.` };
  }
  const { problems } = parseOptions(request.options, 'batch');
  if (problems.length > 0) {
    const reason = problems.map(({ message, suggestion }) => `${message} ${suggestion}`).join(' ');
    return { outcome: 'refused', code: 'CSV_OPTION_INVALID', reason };
  }
  const endpoint = await store.getEndpoint(request.endpoint);
  if (endpoint === undefined)
    return { outcome: 'refused', code: 'ENDPOINT_NOT_FOUND', reason: `There is no endpoint ${request.endpoint}.` };

  const { options, startedBy, csv, start } = request;
  const batch = newBatch({ name: name.data, endpoint, startedBy, options, now: clock.now() });
  try {
    await store.createBatch(batch);
  } catch (error) {
    const known = await store.getBatch(batch.name);
    if (!(error instanceof ConflictError) || known === undefined) throw error;
    return { outcome: 'exists', batch: known };
  }
  const detail = optionsInWords(options).join(', ');
  await noteAudit(services, { batch: batch.name, who: startedBy, verb: 'create', detail });
  if (csv === undefined) return { outcome: 'created', batch };
  const added = await addBatchFile(services, { batch: batch.name, csv, start, by: startedBy });
  return added.outcome === 'added' ? { outcome: 'created', batch: added.batch } : added;
}
