/** Work of which each piece begins when the one before it is done, in the order of asking and whoever asks. */
export class Turns {
  /** Never rejects: what becomes of a piece of work is its asker's alone. */
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
