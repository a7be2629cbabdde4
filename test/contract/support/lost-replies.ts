import type { StateTable, WriteOutcome } from '../../../shared/adapters/store/state-table.ts';

export const nothing = () => Promise.resolve();

/**
 * A state table whose replies are lost while `losing` is set: each write is made twice, as an SDK does that repeats a
 * request, and the second answer is the one the caller gets. `between` runs between the two.
 */
export class LostReplies implements StateTable {
  losing = false;
  /** Makes the last write once more, as a request does that was given up and arrives late. */
  repeatLast: () => Promise<unknown> = nothing;
  between: () => Promise<void> = nothing;
  readonly #table: StateTable;

  constructor(table: StateTable) {
    this.#table = table;
  }

  get: StateTable['get'] = (...call) => this.#table.get(...call);
  query: StateTable['query'] = (...call) => this.#table.query(...call);
  scan: StateTable['scan'] = (...call) => this.#table.scan(...call);
  put: StateTable['put'] = (...call) => this.#twice(() => this.#table.put(...call));
  update: StateTable['update'] = (...call) => this.#twice(() => this.#table.update(...call));
  remove: StateTable['remove'] = (...call) => this.#twice(() => this.#table.remove(...call));

  async #twice(write: () => Promise<WriteOutcome>): Promise<WriteOutcome> {
    this.repeatLast = write;
    if (this.losing) {
      await write();
      await this.between();
    }
    return await write();
  }
}
