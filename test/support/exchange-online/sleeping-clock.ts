import type { Clock } from '../../../shared/ports/clock.ts';

/** Time of the service and of the adapter that passes only while somebody sleeps. */
export class SleepingClock implements Clock {
  #now = Date.parse('2026-11-20T12:00:00Z');

  now(): number {
    return this.#now;
  }

  async sleep(ms: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#now += ms;
  }
}
