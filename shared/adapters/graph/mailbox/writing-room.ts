/** Octets of items that are in memory at a time, as they are at the source; one of any size goes alone. */
const mostOctets = 24 * 1024 * 1024;
/** Items of which something is sent at a time: what the service takes from an application in a mailbox. */
const mostItems = 4;

/** How much of a mailbox is being written at a time: an item is in memory up to four times in different forms. */
export class WritingRoom {
  #octets = 0;
  #items = 0;
  readonly #waiting: (() => void)[] = [];

  /** Resolves when there is room for an item of this size, with what gives the room back. */
  async enter(octets: number): Promise<() => void> {
    while (this.#octets > 0 && this.#octets + octets > mostOctets) await this.#change();
    this.#octets += octets;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#octets -= octets;
      this.#changed();
    };
  }

  async write<T>(work: () => Promise<T>): Promise<T> {
    while (this.#items >= mostItems) await this.#change();
    this.#items += 1;
    try {
      return await work();
    } finally {
      this.#items -= 1;
      this.#changed();
    }
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#waiting.push(() => resolve(undefined));
    return promise;
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
