/** A fault that is played: at the next requests that fit. */
export interface PlayedFault {
  /** GET, POST, …; every one by default. */
  readonly method?: string | undefined;
  /** Part of the path, or a pattern of it; `/users/…` of Graph also inside a batch. */
  readonly path?: string | RegExp | undefined;
  /** An answer in place of the handling, with an empty body unless `code` is given. */
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  /** Seconds, sent as Retry-After. */
  readonly retryAfter?: number | undefined;
  /** The connection is cut: `before` the request is handled, or `after` it was done and before its answer. */
  readonly drop?: 'before' | 'after' | undefined;
  /** Requests that fit and go well before; 0 by default. */
  readonly skip?: number | undefined;
  /** How often; once by default. */
  readonly times?: number | undefined;
}

interface Waiting {
  readonly fault: PlayedFault;
  skip: number;
  times: number;
}

/** Faults that wait for their requests. */
export class PlayedFaults {
  #waiting: Waiting[] = [];

  play(fault: PlayedFault): void {
    this.#waiting.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
  }

  /** No fault waits any longer. */
  clear(): void {
    this.#waiting = [];
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** The fault for this request. The first one that fits counts it; the others do not. */
  due(method: string, path: string): PlayedFault | undefined {
    const found = this.#waiting.find(({ fault }) => fits(fault, method, path));
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

function fits({ method, path }: PlayedFault, actualMethod: string, actualPath: string): boolean {
  if (method !== undefined && method !== actualMethod) return false;
  if (path === undefined) return true;
  return typeof path === 'string' ? actualPath.includes(path) : path.test(actualPath);
}
