import type { Batch } from './batch.ts';
import type { Endpoint } from './endpoint.ts';

export interface BatchOrder {
  readonly name: string;
  readonly endpoint: Pick<Endpoint, 'name' | 'type'>;
  readonly startedBy: string;
  /** Batch-level options as written. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly now: number;
}

/** A batch that nobody has started yet, without rows. */
export function newBatch({ name, endpoint, startedBy, options, now }: BatchOrder): Batch {
  return {
    schema: 1,
    version: 0,
    name,
    type: endpoint.type,
    endpoint: endpoint.name,
    status: 'Created',
    reason: 'The batch has not been started.',
    errorCode: null,
    createdAt: new Date(now).toISOString(),
    startedAt: null,
    finishedAt: null,
    startedBy,
    lastActivityAt: new Date(now).toISOString(),
    passStartedAt: null,
    options,
    pass: 'initial',
    passNumber: 0,
    uploads: [],
    runs: 0,
    run: null,
    fileFindings: [],
    completion: null,
    removal: null,
    overrides: [],
    files: [],
    checks: [],
  };
}
