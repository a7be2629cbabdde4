import { TransientError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { Turns } from '../turns.ts';

/** What the Outlook service allows one application in one mailbox, https://learn.microsoft.com/graph/throttling-limits */
export interface MailboxLimits {
  readonly concurrent: number;
  readonly requests: { readonly most: number; readonly withinMs: number };
  /** Octets of the bodies of POST, PATCH and PUT. */
  readonly upload: { readonly most: number; readonly withinMs: number };
}

export const outlookLimits: MailboxLimits = {
  concurrent: 4,
  requests: { most: 10_000, withinMs: 600_000 },
  upload: { most: 150_000_000, withinMs: 300_000 },
};

/** Of the directory (per application and tenant), far below what the smallest tenants get. */
export const directoryLimits: MailboxLimits = {
  concurrent: 8,
  requests: { most: 1_000, withinMs: 10_000 },
  upload: { most: 150_000_000, withinMs: 300_000 },
};

export interface Need {
  readonly requests: number;
  readonly octets: number;
  /** Places among the concurrent ones; a batch whose requests run side by side takes several. */
  readonly places?: number | undefined;
}

/** A wait up to this is slept through; a longer one leaves the worker, which costs money while it sleeps. */
const longestSleepMs = 10_000;

/** Of throttling without a time: doubles from the first to the last. */
const firstBackOffMs = 1_000;
const longestBackOffMs = 300_000;

/** How exactly the windows are kept: what falls into one grain leaves its window together. */
const grainMs = 1_000;

/**
 * Keeps one application within the limits of one mailbox, whatever number of connections it has there: all of them ask
 * here before each request. A pause that the server asked for holds all of them.
 */
export class MailboxLimiter {
  readonly #clock: Clock;
  readonly #limits: MailboxLimits;
  readonly #requests: Window;
  readonly #upload: Window;
  readonly #line = new Turns();
  #asking = 0;
  #inFlight = 0;
  #pausedUntil = 0;
  #throttled = 0;
  #freed: (() => void) | undefined;

  constructor(clock: Clock, limits: MailboxLimits = outlookLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#requests = new Window(limits.requests);
    this.#upload = new Window(limits.upload);
  }

  /**
   * Waits for its turn, in the order of asking; resolves with what is to be called when the answer is there. Rejects
   * with TransientError TARGET_THROTTLED, naming the time, where the wait is a long one, and with the signal's reason.
   */
  enter(need: Need, signal: AbortSignal): Promise<() => void> {
    this.#asking += 1;
    return this.#line.take(async () => {
      try {
        return await this.#enter(need, signal);
      } finally {
        this.#asking -= 1;
      }
    });
  }

  /**
   * The server throttles: nobody sends anything before `retryAfterMs` are over. Without a time the waits double with
   * each time in a row.
   */
  pause(retryAfterMs: number | undefined): void {
    const backOff = Math.min(longestBackOffMs, firstBackOffMs * 2 ** this.#throttled);
    this.#throttled += 1;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + (retryAfterMs ?? backOff));
  }

  /** The server took a request: the next throttling is the first one again. */
  served(): void {
    this.#throttled = 0;
  }

  /** Nothing is known here that a new limiter would not know. */
  get isIdle(): boolean {
    const now = this.#clock.now();
    const isUnused = this.#requests.isEmpty(now) && this.#upload.isEmpty(now);
    return this.#asking + this.#inFlight === 0 && this.#pausedUntil <= now && isUnused;
  }

  async #enter({ requests, octets, places: wanted = 1 }: Need, signal: AbortSignal): Promise<() => void> {
    const places = Math.min(wanted, this.#limits.concurrent);
    for (;;) {
      signal.throwIfAborted();
      const waitMs = this.#waitMs(requests, octets);
      if (waitMs > longestSleepMs) throw tooLong(waitMs);
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
      else if (this.#inFlight + places > this.#limits.concurrent) await this.#place(signal);
      else break;
    }
    const now = this.#clock.now();
    this.#inFlight += places;
    this.#requests.add(requests, now);
    this.#upload.add(octets, now);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#inFlight -= places;
      this.#freed?.();
    };
  }

  #waitMs(requests: number, octets: number): number {
    const now = this.#clock.now();
    return Math.max(this.#pausedUntil - now, this.#requests.waitMs(requests, now), this.#upload.waitMs(octets, now));
  }

  /** Until a place is free; only the first of the line ever waits here. */
  async #place(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = (): void => resolve(undefined);
    this.#freed = done;
    signal.addEventListener('abort', done, { once: true });
    await promise;
    signal.removeEventListener('abort', done);
    this.#freed = undefined;
  }
}

function tooLong(waitMs: number): TransientError {
  return new TransientError({
    code: 'TARGET_THROTTLED',
    message: `Exchange Online takes no more requests for this mailbox for ${String(Math.ceil(waitMs / 1000))} s.`,
    retryAfterMs: waitMs,
  });
}

/** An amount within a time that slides along. */
class Window {
  readonly #most: number;
  readonly #withinMs: number;
  readonly #grains: { readonly since: number; amount: number }[] = [];
  #sum = 0;

  constructor({ most, withinMs }: { readonly most: number; readonly withinMs: number }) {
    this.#most = most;
    this.#withinMs = withinMs;
  }

  /** Milliseconds until `amount` fits; one that is larger than the limit itself fits when the window is empty. */
  waitMs(amount: number, now: number): number {
    this.#forget(now);
    let over = this.#sum + Math.min(amount, this.#most) - this.#most;
    if (over <= 0) return 0;
    for (const grain of this.#grains) {
      over -= grain.amount;
      if (over <= 0) return this.#end(grain) - now;
    }
    return 0;
  }

  add(amount: number, now: number): void {
    if (amount === 0) return;
    this.#sum += amount;
    const last = this.#grains.at(-1);
    if (last !== undefined && now - last.since < grainMs) last.amount += amount;
    else this.#grains.push({ since: now, amount });
  }

  isEmpty(now: number): boolean {
    this.#forget(now);
    return this.#grains.length === 0;
  }

  #end({ since }: { readonly since: number }): number {
    return since + grainMs + this.#withinMs;
  }

  #forget(now: number): void {
    for (let first = this.#grains[0]; first !== undefined && this.#end(first) <= now; first = this.#grains[0]) {
      this.#sum -= first.amount;
      this.#grains.shift();
    }
  }
}

const limitersByClock = new WeakMap<Clock, Map<string, MailboxLimiter>>();

/**
 * The one limiter that all connections of this process have in common under a key. To be asked for before each request:
 * one that is idle may be forgotten, and whoever kept it would then be alone with it.
 */
export function sharedLimiter(clock: Clock, key: string, limits: MailboxLimits): MailboxLimiter {
  const limiters = limitersByClock.get(clock) ?? new Map<string, MailboxLimiter>();
  limitersByClock.set(clock, limiters);
  const known = limiters.get(key);
  if (known !== undefined) return known;
  for (const [other, limiter] of limiters) if (limiter.isIdle) limiters.delete(other);
  const limiter = new MailboxLimiter(clock, limits);
  limiters.set(key, limiter);
  return limiter;
}
