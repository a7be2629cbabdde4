import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../../shared/ports/clock.ts';

/** Turns of the event loop in a row without an event after which nothing is on its way any more. */
const quietTurns = 5;

interface Sleeper {
  readonly at: number;
  readonly clock: SimulatedClock;
  readonly wake: () => void;
}

/**
 * Time that passes only when nothing else happens in this process: no octet is on its way between two sockets of ours, so
 * whoever sleeps longest in vain is next. An hour of waiting takes no time at all, and a time-out fires only where
 * something really hangs. Loopback delivers while the sender sends, so what was sent is an event of the next turn.
 */
class Time {
  now = Date.UTC(2026, 10, 20, 10);
  readonly #sleepers = new Set<Sleeper>();
  #passing = false;

  add(sleeper: Sleeper): void {
    this.#sleepers.add(sleeper);
    if (!this.#passing) void this.#pass();
  }

  remove(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper);
  }

  async #pass(): Promise<void> {
    this.#passing = true;
    let quiet = 0;
    let events = eventsSoFar();
    for (let next = this.#earliest(); next !== undefined; next = this.#earliest()) {
      await nextTurn();
      quiet = eventsSoFar() === events ? quiet + 1 : 0;
      events = eventsSoFar();
      if (quiet < quietTurns) continue;
      quiet = 0;
      const due = this.#earliest();
      if (due === undefined) break;
      this.now = Math.max(this.now, due.at);
      this.#sleepers.delete(due);
      due.wake();
    }
    this.#passing = false;
  }

  #earliest(): Sleeper | undefined {
    let earliest: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (!sleeper.clock.frozen && (earliest === undefined || sleeper.at < earliest.at)) earliest = sleeper;
    }
    return earliest;
  }
}

/** Events that the event loop has had from the system: octets, connections, their ends. */
function eventsSoFar(): number {
  return performance.nodeTiming.uvMetricsInfo.events;
}

/** One view of simulated time. A frozen one's sleepers are not woken: their process is stopped. */
export class SimulatedClock implements Clock {
  frozen = false;
  readonly #time: Time;

  constructor(time: Time = new Time()) {
    this.#time = time;
  }

  /** The same time for another process. */
  another(): SimulatedClock {
    return new SimulatedClock(this.#time);
  }

  now(): number {
    return this.#time.now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#time.remove(sleeper);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const sleeper: Sleeper = { at: this.now() + Math.max(0, ms), clock: this, wake: end };
      signal?.addEventListener('abort', end);
      this.#time.add(sleeper);
    });
  }

  thaw(): void {
    this.frozen = false;
    // Whoever slept in the frozen process may be the only one left.
    void this.sleep(0);
  }
}
