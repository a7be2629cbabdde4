import { afterEach, describe, expect, it } from '@jest/globals';
import { mailTarget } from '../../../shared/adapters/mail-servers.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { mostOnTheirWay, requestsInBackOffs } from '../../support/exchange-online/back-offs.ts';
import { SleepingClock } from '../../support/exchange-online/sleeping-clock.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { GraphWorld, anna } from '../graph-mailbox/support/graph-world.ts';

const messages = 60;

describe('A mailbox that Exchange Online throttles all the time', () => {
  let world: GraphWorld | undefined;
  afterEach(() => world?.close());

  /** So many requests are served, then one is told to wait, and so on; `retryAfter` in turn. */
  async function throttled(
    clock: Clock,
    {
      served,
      retryAfter,
    }: {
      readonly served: number;
      readonly retryAfter: readonly number[];
    },
  ): Promise<GraphWorld> {
    const services = { clock, secrets: () => Promise.resolve('master'), objects: new MemoryObjectStore() };
    const opened = await GraphWorld.open({
      simulator: { clock },
      change: { mailTarget: (endpoint) => mailTarget(endpoint, services) },
    });
    world = opened;
    opened.fill(generateMailbox({ seed: 7, folders: 3, messages }));
    const path = /^\/v1\.0\/users\/[^/]+\//;
    const { simulator } = opened;
    for (let at = 0; at < 1_000; at += 1)
      simulator.play({ path, skip: served, status: 429, retryAfter: retryAfter[at % retryAfter.length] });
    return opened;
  }

  /** Most requests that came in one back-off; there are more than `atLeast`. */
  function mostImpatient({ simulator }: GraphWorld, atLeast: number): number {
    const impatient = requestsInBackOffs(simulator.log.requests).map((requests) => requests.length);
    expect(impatient.length).toBeGreaterThan(atLeast);
    return Math.max(...impatient);
  }

  it('is copied, and no request is sent to it before the time is over that the service named', async () => {
    const clock = new SleepingClock();
    const opened = await throttled(clock, { served: 2, retryAfter: [2, 5, 9] });

    const job = await opened.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null, items: { copied: messages, total: messages } });
    expect(opened.items).toHaveLength(messages);
    expect(mostImpatient(opened, messages / 2)).toBeLessThanOrEqual(mostOnTheirWay);
  });

  it('gives up its slice where the time is long, says until when it waits, and is copied all the same', async () => {
    const clock = new SleepingClock();
    const opened = await throttled(clock, { served: 60, retryAfter: [30] });
    const waits: string[] = [];

    for (let slice = 0; slice < 500; slice += 1) {
      const before = clock.now();
      const output = await opened.harness.slice(anna);
      // Nobody slept through it: a slice that sleeps is paid for.
      expect(clock.now() - before).toBeLessThan(30_000);
      if (output.outcome === 'done') break;
      const { outcome, reason, waitSeconds } = output;
      expect({ outcome, waitSeconds }).toEqual({ outcome: 'waiting', waitSeconds: 30 });
      waits.push(reason);
      await clock.sleep(waitSeconds * 1_000);
    }

    expect(await opened.harness.store.getJob('b', anna)).toMatchObject({ status: 'Synced', error: null });
    expect(opened.items).toHaveLength(messages);
    expect(waits.length).toBeGreaterThan(1);
    expect(new Set(waits.map((reason) => reason.replace(/\d\d:\d\d$/, 'hh:mm')))).toEqual(
      new Set(['target asked us to wait until hh:mm']),
    );
    expect(mostImpatient(opened, 1)).toBeLessThanOrEqual(mostOnTheirWay);
  });
});
