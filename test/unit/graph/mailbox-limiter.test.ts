import { beforeEach, describe, expect, it } from '@jest/globals';
import { MailboxLimiter, sharedLimiter, type MailboxLimits } from '../../../shared/adapters/graph/mailbox-limiter.ts';
import { ManualClock } from '../imap/support/clocks.ts';

const limits: MailboxLimits = {
  concurrent: 4,
  requests: { most: 10, withinMs: 60_000 },
  upload: { most: 1000, withinMs: 30_000 },
};
const one = { requests: 1, octets: 0 };
const { signal } = new AbortController();

describe('the limits of a mailbox', () => {
  let clock: ManualClock;
  let limiter: MailboxLimiter;
  beforeEach(() => {
    clock = new ManualClock();
    limiter = new MailboxLimiter(clock, limits);
  });

  async function isIn(entering: Promise<unknown>): Promise<boolean> {
    let entered = false;
    entering.then(
      () => {
        entered = true;
      },
      () => undefined,
    );
    await new Promise((resolve) => setImmediate(resolve));
    return entered;
  }

  it('let four in at a time, the others in the order of asking', async () => {
    const [first] = await Promise.all([1, 2, 3, 4].map(() => limiter.enter(one, signal)));
    const fifth = limiter.enter(one, signal);
    const sixth = limiter.enter(one, signal);
    expect(await isIn(fifth)).toBe(false);
    first?.();
    first?.();
    expect([await isIn(fifth), await isIn(sixth)]).toEqual([true, false]);
  });

  it('give a batch its places together', async () => {
    const leave = await limiter.enter({ ...one, places: 3 }, signal);
    const batch = limiter.enter({ requests: 2, octets: 0, places: 2 }, signal);
    expect(await isIn(batch)).toBe(false);
    leave();
    expect(await isIn(batch)).toBe(true);
  });

  it('send a worker away for a long wait, and name the time', async () => {
    for (let count = 0; count < 10; count += 1) (await limiter.enter(one, signal))();
    await clock.pass(20_000);
    await expect(limiter.enter(one, signal)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'TARGET_THROTTLED',
      retryAfterMs: 41_000,
    });
  });

  it('sleep a short wait through', async () => {
    for (let count = 0; count < 10; count += 1) (await limiter.enter(one, signal))();
    await clock.pass(55_000);
    const waiting = limiter.enter(one, signal);
    expect(await isIn(waiting)).toBe(false);
    await clock.pass(6_000);
    expect(await isIn(waiting)).toBe(true);
  });

  it('count octets in their own window', async () => {
    (await limiter.enter({ requests: 1, octets: 900 }, signal))();
    await expect(limiter.enter({ requests: 1, octets: 200 }, signal)).rejects.toMatchObject({ retryAfterMs: 31_000 });
    (await limiter.enter({ requests: 1, octets: 100 }, signal))();
    await clock.pass(31_000);
    (await limiter.enter({ requests: 1, octets: 1000 }, signal))();
  });

  it('let in what is larger than the window when nothing else is in it', async () => {
    (await limiter.enter({ requests: 1, octets: 5000 }, signal))();
    await expect(limiter.enter({ requests: 1, octets: 1 }, signal)).rejects.toMatchObject({ code: 'TARGET_THROTTLED' });
  });

  it('hold everybody for the time that the server named', async () => {
    limiter.pause(8_000);
    const waiting = [limiter.enter(one, signal), limiter.enter(one, signal)];
    await clock.pass(7_999);
    expect(await isIn(Promise.any(waiting))).toBe(false);
    await clock.pass(1);
    expect(await isIn(Promise.all(waiting))).toBe(true);
  });

  it('never shorten a pause', async () => {
    limiter.pause(9_000);
    limiter.pause(1_000);
    const waiting = limiter.enter(one, signal);
    await clock.pass(8_000);
    expect(await isIn(waiting)).toBe(false);
    await clock.pass(1_000);
    expect(await isIn(waiting)).toBe(true);
  });

  it('double the pauses of a server that names no time, until it serves again', async () => {
    const pauses: number[] = [];
    for (const served of [false, false, false, true]) {
      limiter.pause(undefined);
      const waiting = limiter.enter(one, signal);
      let passed = 0;
      while (!(await isIn(waiting))) {
        await clock.pass(1_000);
        passed += 1_000;
      }
      (await waiting)();
      pauses.push(passed);
      if (served) limiter.served();
    }
    limiter.pause(undefined);
    const last = limiter.enter(one, signal);
    await clock.pass(1_000);
    expect([...pauses, await isIn(last)]).toEqual([1_000, 2_000, 4_000, 8_000, true]);
  });

  it('let a worker go whose time is over', async () => {
    const closing = new AbortController();
    limiter.pause(9_000);
    const waiting = limiter.enter(one, closing.signal);
    const refused = expect(waiting).rejects.toBeDefined();
    await isIn(Promise.resolve());
    closing.abort();
    await refused;
    await clock.pass(9_000);
    expect(await isIn(limiter.enter(one, signal))).toBe(true);
  });

  it('are one for all connections of a mailbox, and others for another mailbox', () => {
    const ann = sharedLimiter(clock, 'ann', limits);
    ann.pause(60_000);
    expect(sharedLimiter(clock, 'bob', limits)).not.toBe(ann);
    expect(sharedLimiter(clock, 'ann', limits)).toBe(ann);
    expect(sharedLimiter(new ManualClock(), 'ann', limits)).not.toBe(ann);
  });
});
