import type { GraphAnswer } from './graph-call.ts';

/** A request to any of the practice services, alone or inside a batch. */
export interface PracticeRequest {
  readonly method: string;
  /** As it came, still encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly inBatch: boolean;
  readonly read: () => Promise<Buffer>;
}

export type Perform = (request: PracticeRequest) => Promise<GraphAnswer>;

/** The connection is to be cut instead of answered. */
export class DroppedConnection extends Error {}
