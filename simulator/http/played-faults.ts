/** When a fault is played among the requests that it fits. */
export interface FaultTiming {
  /** Requests that go well before; 0 by default. */
  readonly skip?: number | undefined;
  /** How often; once by default. */
  readonly times?: number | undefined;
}

interface Waiting<Fault> {
  readonly fault: Fault;
  skip: number;
  times: number;
}

/** Faults that wait for their requests. */
export class PlayedFaults<Fault extends FaultTiming> {
  #waiting: Waiting<Fault>[] = [];

  play(...faults: readonly Fault[]): void {
    this.#waiting.push(...faults.map((fault) => ({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 })));
  }

  /** No fault waits any longer. */
  clear(): void {
    this.#waiting = [];
  }

  /** The fault for a request. The first one that fits counts it; the others do not. */
  due(fits: (fault: Fault) => boolean): Fault | undefined {
    const found = this.#waiting.find(({ fault }) => fits(fault));
    if (found === undefined) return undefined;
    if (found.skip > 0) {
      found.skip -= 1;
      return undefined;
    }
    found.times -= 1;
    if (found.times <= 0) this.#waiting = this.#waiting.filter((waiting) => waiting !== found);
    return found.fault;
  }
}
