/**
 * Lets so many children of a Map work at a time. The interpreter reads a Map's limit once, when the Map begins; this one
 * can be raised while it runs. A child keeps its place over all its slices, and gives it up with the last one.
 */
export class MapGate {
  #limit: number;
  readonly #inside = new Set<string>();
  #waiting: { readonly child: string; readonly enter: () => void }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when the child may work, in the order in which they came; at once for one that is inside. */
  enter(child: string): Promise<void> {
    if (this.#inside.has(child)) return Promise.resolve();
    if (this.#inside.size < this.#limit) {
      this.#inside.add(child);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting.push({ child, enter: resolve });
    });
  }

  leave(child: string): void {
    this.#inside.delete(child);
    this.#admit();
  }

  /** What was lowered is left to the slots of the endpoint: nobody is sent out. */
  raise(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
    this.#admit();
  }

  /** Lets all in: whoever waits sees for itself that it is to end. */
  open(): void {
    this.#limit = Infinity;
    this.#admit();
  }

  #admit(): void {
    while (this.#inside.size < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inside.add(next.child);
      next.enter();
    }
  }
}
