/** A request that came; never a body, a query or a token. */
export interface LoggedRequest {
  readonly number: number;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly inBatch: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly octets: number;
  /** 0: no answer was sent. */
  readonly status: number;
  /** Epoch milliseconds of the answer. */
  readonly answeredAt: number;
  /** Seconds of the answer's Retry-After. */
  readonly retryAfter?: number | undefined;
}

/** What was asked so far, and how much at a time. */
export class RequestLog {
  readonly requests: LoggedRequest[] = [];
  /** Most requests under way at a time, by application and mailbox. */
  readonly mostInFlight = new Map<string, number>();
  readonly #watch: ((request: LoggedRequest) => void) | undefined;

  constructor(watch: ((request: LoggedRequest) => void) | undefined) {
    this.#watch = watch;
  }

  add(request: Omit<LoggedRequest, 'number'>): void {
    const logged = { ...request, number: this.requests.length + 1 };
    this.requests.push(logged);
    this.#watch?.(logged);
  }

  inFlight(key: string, count: number): void {
    this.mostInFlight.set(key, Math.max(count, this.mostInFlight.get(key) ?? 0));
  }

  count(method: string, path: string | RegExp): number {
    return this.requests.filter(
      (request) =>
        request.method === method && (typeof path === 'string' ? request.path.includes(path) : path.test(request.path)),
    ).length;
  }

  clear(): void {
    this.requests.length = 0;
    this.mostInFlight.clear();
  }
}
