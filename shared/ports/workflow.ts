import type { PassKind, UploadReference } from '../domain/batch.ts';

/** Input of the state machine `migrate-batch`. */
export interface MigrateBatchInput {
  readonly batch: string;
  readonly pass: PassKind;
  readonly upload?: UploadReference | undefined;
}

/**
 * `aborted`, `timed-out`: somebody ended it, or its time was up; `failed`: by itself; `gone`: not known (any more), as
 * after its process was killed.
 */
export type ExecutionStatus = 'running' | 'succeeded' | 'failed' | 'aborted' | 'timed-out' | 'gone';

export interface Workflow {
  /** Starts an execution under a name that is used once: `exists` when there is or was one of that name. */
  start(
    name: string,
    input: MigrateBatchInput,
  ): Promise<{ readonly outcome: 'started' | 'exists'; readonly execution: string }>;
  status(execution: string): Promise<ExecutionStatus>;
  /** Ends the execution, and whatever it has begun for single mailboxes. */
  stop(execution: string, reason: string): Promise<void>;
  /**
   * Lets an execution that is synchronising mailboxes open up to `n` at once, if it now opens fewer. Safe to repeat;
   * success where nothing is being synchronised, since the next round takes the endpoint's number by itself.
   */
  raiseConcurrency(execution: string, n: number): Promise<void>;
}
