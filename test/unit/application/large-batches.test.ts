import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { createBatch } from '../../../shared/application/create-batch.ts';
import { anyLeaseHeld } from '../../../shared/application/held-leases.ts';
import { removeBatch } from '../../../shared/application/remove-batch.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { tick } from '../../../shared/application/tick.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';
import { copyAll, runExecutions } from '../../support/builders/run-executions.ts';

const batch = 'wave1';
const by = 'ada';
const rows = Array.from({ length: 100 }, (_, row) => `user${String(row)}@contoso.test,user${String(row)},pw`);
const csv = new TextEncoder().encode(`EmailAddress,UserName,Password\n${rows.join('\n')}\n`);

type Counted = 'saveJob' | 'getPair' | 'release' | 'takeLease';
const counted: readonly string[] = ['saveJob', 'getPair', 'release', 'takeLease'] satisfies readonly Counted[];

/** A batch in a store that answers at the next turn of the event loop, and knows how many calls of a kind it had at once. */
async function slowBatch() {
  const world = new BatchWorld();
  const atOnce: Record<string, number> = {};
  const open: Record<string, number> = {};
  const { store } = world.services;
  const slow = new Proxy(store, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      const call = (...given: unknown[]): unknown => Reflect.apply(member, target, given);
      const kind = String(name);
      if (!counted.includes(kind)) return call;
      return async (...given: unknown[]): Promise<unknown> => {
        open[kind] = (open[kind] ?? 0) + 1;
        atOnce[kind] = Math.max(open[kind], atOnce[kind] ?? 0);
        await turn();
        open[kind] -= 1;
        return await call(...given);
      };
    },
  });
  Object.assign(world.services, { store: slow });
  await store.putEndpoint(anEndpoint());
  const order = { name: batch, endpoint: 'contoso', csv, options: {}, start: false, startedBy: by };
  await createBatch(world.services, order);
  const run = () =>
    runExecutions(
      world,
      copyAll(() => world.now),
    );
  await run();
  /** The most calls of a kind at once while `work` went on. */
  const during = async (kind: Counted, work: () => Promise<unknown>): Promise<number> => {
    atOnce[kind] = 0;
    await work();
    return atOnce[kind];
  };
  return { world, run, during };
}

/** One request after another would take minutes for 50,000 mailboxes, and a function on AWS has no more than 28 s to 15 min. */
describe('a batch of many mailboxes', () => {
  it('is stopped, started and completed by many writes at a time', async () => {
    const { world, run, during } = await slowBatch();
    const { services } = world;

    await startBatch(services, { batch, by });
    await stopBatch(services, { batch, by, rollback: false });
    const settled = await during('saveJob', run);
    const stopped = await world.jobs(batch);
    const started = await during('saveJob', () => startBatch(services, { batch, by }));
    await run();
    await completeBatch(services, { batch, by, ignoreErrors: false });
    const released = await during('release', run);

    expect(stopped.every(({ status }) => status === 'Stopped')).toBe(true);
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Completed' });
    expect([settled, started, released]).toEqual([32, 32, 32]);
  });

  it('is looked through for leases by many reads at a time, which end with the first one that is held', async () => {
    const { world, run, during } = await slowBatch();
    const { services } = world;
    await startBatch(services, { batch, by });
    await run();
    for (const job of await world.jobs(batch)) await services.store.saveJob({ ...job, pairId: `pair-of-${job.id}` });
    const due = { ...(await world.batch(batch)), passNumber: 2 };

    const none = await during('getPair', async () => {
      await expect(anyLeaseHeld(services, due)).resolves.toBe(false);
    });
    const [first] = await world.jobs(batch);
    await services.store.takeLease({
      ...{ id: `pair-of-${String(first?.id)}`, source: 's', target: 't', holder: 'a worker' },
      ...{ now: world.now, leaseUntil: world.now + 90_000 },
    });
    const before = world.calls;
    await expect(anyLeaseHeld(services, due)).resolves.toBe(true);

    expect(none).toBe(32);
    expect(world.calls - before).toBeLessThan(100);
  });

  it('is forgotten by many at a time once its time is over', async () => {
    const { world, run, during } = await slowBatch();
    const { services } = world;
    await startBatch(services, { batch, by });
    await run();
    for (const job of await world.jobs(batch)) {
      const id = `pair-of-${job.id}`;
      await services.store.saveJob({ ...job, pairId: id });
      const lease = { id, source: 's', target: 't', holder: 'x', now: world.now, leaseUntil: world.now };
      await services.store.takeLease(lease);
    }
    await removeBatch(services, { batch, by, forget: false });
    await run();
    world.now += 366 * 24 * 3_600_000;

    const forgotten = await during('takeLease', () => tick(services));

    expect(forgotten).toBe(32);
    await expect(services.store.listRemovedBatches()).resolves.toEqual([]);
  });
});
