import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../../shared/adapters/local/system-clock.ts';

describe('the machine’s clock', () => {
  it('sleeps as long as it is told', async () => {
    const start = performance.now();
    await systemClock.sleep(30);
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });

  it('wakes up at once when the signal aborts, or has aborted', async () => {
    const controller = new AbortController();
    const start = performance.now();
    const asleep = systemClock.sleep(60_000, controller.signal);
    controller.abort();
    await asleep;
    await systemClock.sleep(60_000, controller.signal);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
