import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { chosenJobs } from '../../../shared/application/chosen-jobs.ts';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { concludeCompletion } from '../../../shared/application/conclude-completion.ts';
import { createBatch } from '../../../shared/application/create-batch.ts';
import { dueMailboxes } from '../../../shared/application/due-mailboxes.ts';
import { anyLeaseHeld } from '../../../shared/application/held-leases.ts';
import { lookThrough } from '../../../shared/application/look-through.ts';
import { removeBatch } from '../../../shared/application/remove-batch.ts';
import { retryBatch } from '../../../shared/application/retry-batch.ts';
import { setOptions } from '../../../shared/application/set-options.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { tick } from '../../../shared/application/tick.ts';
import { waiveMailboxes } from '../../../shared/application/waive-mailboxes.ts';
import type { Batch } from '../../../shared/domain/batch.ts';
import { passKindOf } from '../../../shared/domain/due-jobs.ts';
import { moveJob, openingEvent } from '../../../shared/domain/job-transitions.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';
import { sampleBatch, sampleJob } from '../../support/reports/sample-batch.ts';
import { copyAll, runExecutions } from '../../support/builders/run-executions.ts';

const batch = 'wave1';
const by = 'ada';
const rows = Array.from({ length: 100 }, (_, row) => `user${String(row)}@contoso.test,user${String(row)},pw`);
const csv = new TextEncoder().encode(`EmailAddress,UserName,Password\n${rows.join('\n')}\n`);

type Asked = BatchWorld['services'];
type Counted = 'saveJob' | 'getJob' | 'removeJob' | 'getPair' | 'release' | 'takeLease';
const counted: readonly string[] = [
  'saveJob',
  'getJob',
  'removeJob',
  'getPair',
  'release',
  'takeLease',
] satisfies readonly Counted[];

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

  it('goes on with its completion where that was cut off, and gives up nothing twice', async () => {
    const { world, run } = await slowBatch();
    const { services } = world;
    const { store } = services;
    await startBatch(services, { batch, by });
    await run();
    for (const job of await world.jobs(batch)) await store.saveJob({ ...job, status: 'Completing' });
    const completing: Batch = {
      ...(await world.batch(batch)),
      completion: { ignoreErrors: false, by, at: new Date(world.now).toISOString() },
    };
    const seen = { released: 0, dies: 60 };
    world.watch({
      release: async (...asked) => {
        seen.released += 1;
        if (seen.released === seen.dies) throw new Error('the function’s time is over');
        await store.release(...asked);
      },
    });

    await expect(concludeCompletion(services, completing)).rejects.toThrow('time is over');
    const done = (await world.jobs(batch)).filter(({ status }) => status === 'Completed').length;
    seen.released = 0;
    seen.dies = Infinity;
    await concludeCompletion(services, completing);

    expect(done).toBeGreaterThan(25);
    expect(seen.released).toBe(100 - done);
    expect((await world.jobs(batch)).every(({ status }) => status === 'Completed')).toBe(true);
    for await (const claim of store.claimsOf(batch)) expect(claim).toBe('');
  });

  it('is forgotten in parts, each tick from where the one before ended', async () => {
    const world = new BatchWorld();
    const { store } = world.services;
    const at = new Date(world.now).toISOString();
    await store.putRemovedBatch({ schema: 1, name: batch, removedAt: at, removedBy: by, keepUntil: at });
    const pairs = Array.from({ length: 350 }, (_, row) => `pair-${String(row).padStart(3, '0')}`);
    for (const id of pairs) {
      const lease = { id, source: 's', target: 't', holder: 'x', now: world.now, leaseUntil: world.now };
      const taken = await store.takeLease(lease);
      await store.savePair({ ...taken!, leaseUntil: 0 }, null);
      world.objects.upload(`ledger/${id}/index`, 'ledger', '');
    }
    world.objects.upload(`ledger/removed/${batch}/1.json`, JSON.stringify(pairs), '');
    const taken: string[] = [];
    world.watch({
      takeLease: (lease) => {
        taken.push(lease.id);
        // So long that a tick has time for 150.
        world.now += 1_000;
        return store.takeLease(lease);
      },
    });
    world.now += 1;

    const left: number[] = [];
    const purged: number[] = [];
    while (left.at(-1) !== 0 && left.length < 10) {
      purged.push((await tick(world.services)).purged);
      left.push(world.objects.keys().filter((key) => key.endsWith('/index')).length);
    }

    expect(left).toEqual([150, 0]);
    expect(purged).toEqual([0, 1]);
    expect(taken.toSorted()).toEqual(pairs);
    expect(world.objects.keys()).toEqual([]);
    await expect(store.listRemovedBatches()).resolves.toEqual([]);
  });

  it('is asked for by name in many reads and writes at a time, too', async () => {
    const { world, run, during } = await slowBatch();
    const { services } = world;
    const mailboxes = (await world.jobs(batch)).map(({ mailbox }) => mailbox);
    const options = { badItemLimit: '7' };

    const found = await during('getJob', () => setOptions(services, { batch, by, mailboxes, options }));
    const set = await during('saveJob', () => setOptions(services, { batch, by, mailboxes, options }));
    const waived = await during('saveJob', () => waiveMailboxes(services, { batch, by, mailboxes, why: 'closed' }));
    await startBatch(services, { batch, by });
    const stopped = await during('saveJob', () => stopBatch(services, { batch, by, mailboxes, rollback: false }));
    await run();
    const removed = await during('removeJob', () => removeBatch(services, { batch, by, mailboxes, forget: false }));

    expect([found, set, waived, stopped, removed]).toEqual([32, 32, 32, 32, 32]);
    expect(await world.jobs(batch)).toEqual([]);
  });

  it('of which thousands are named is read as a whole, once', async () => {
    const { world } = await slowBatch();
    const { services } = world;
    const [job] = await world.jobs(batch);
    const ids = Array.from({ length: 2_000 }, (_, row) => `o${String(row)}@contoso.test`);
    for (const id of ids) await services.store.createJob({ ...job!, id, version: 0 });
    let asked = 0;
    const { store } = services;
    world.watch({
      getJob: (...key) => {
        asked += 1;
        return store.getJob(...key);
      },
    });
    const named = ids.slice(0, 1_500).map((id) => ` ${id.toUpperCase()}`);

    const found = await chosenJobs(services.store, { batch, mailboxes: named });
    const strange = await chosenJobs(services.store, { batch, mailboxes: [...named, 'nobody@contoso.test'] });

    expect(asked).toBe(0);
    expect(found.outcome === 'found' && found.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 1_500));
    expect(strange).toMatchObject({ outcome: 'refused', code: 'MAILBOX_NOT_FOUND' });
  });

  /** A store in which a write takes so long that a request has no time for all of them. */
  async function failedBatch(status: 'SyncedWithErrors' | 'Stopped') {
    const { world, run } = await slowBatch();
    const { services } = world;
    await startBatch(services, { batch, by });
    await run();
    const { store } = services;
    const error = { code: 'SOURCE_SIGN_IN_FAILED', message: 'refused', kind: 'MailboxBlockedError' };
    const failing = status === 'Stopped' ? { status: 'Stopped' as const } : { status: 'Failed' as const, error };
    for (const job of await world.jobs(batch)) await store.saveJob({ ...job, ...failing, passDone: 0, green: null });
    const before = await world.batch(batch);
    await store.saveBatch({ ...before, status });
    const seen = { writes: 0, lengthMs: 600 };
    world.watch({
      saveJob: (job) => {
        seen.writes += 1;
        world.now += seen.lengthMs;
        return store.saveJob(job);
      },
    });
    /** Writes of jobs that the request makes, and how many jobs it leaves as they were. */
    const ask = async (request: () => Promise<unknown>): Promise<{ writes: number; left: number }> => {
      await request();
      seen.lengthMs = 0;
      const left = (await world.jobs(batch)).filter((job) => job.status === failing.status).length;
      return { writes: seen.writes, left };
    };
    return { world, run, ask };
  }

  it.each([
    ['started', 'Stopped', 'Synced', (services: Asked) => startBatch(services, { batch, by })],
    [
      'retried',
      'SyncedWithErrors',
      'Synced',
      (services: Asked) =>
        retryBatch(services, { batch, by, items: false, doubtful: false, options: { badItemLimit: '7' } }),
    ],
    [
      'completed',
      'SyncedWithErrors',
      'Completed',
      (services: Asked) => completeBatch(services, { batch, by, ignoreErrors: false }),
    ],
  ] as const)('that is %s leaves to its execution what a request has no time for', async (verb, from, end, request) => {
    const { world, run, ask } = await failedBatch(from);

    const asked = await ask(() => request(world.services));
    const noted = await world.batch(batch);
    await run();

    expect(asked.left).toBeGreaterThan(0);
    expect(asked.writes).toBe(rows.length - asked.left);
    expect(noted.requeue).toMatchObject({ by });
    const after = await world.batch(batch);
    expect(after).toMatchObject({ status: end });
    expect(after.requeue).toBeUndefined();
    const jobs = await world.jobs(batch);
    expect(jobs.map(({ status }) => status)).toEqual(rows.map(() => end));
    if (verb === 'retried') expect(jobs.every(({ options }) => options['badItemLimit'] === '7')).toBe(true);
  });

  it('whose mailboxes failed again in the round is not tried once more by itself', async () => {
    const { world, ask } = await failedBatch('SyncedWithErrors');
    await ask(() => retryBatch(world.services, { batch, by, items: false, doubtful: false }));
    world.now += 1;

    let tries = 0;
    await runExecutions(world, (job, of) => {
      tries += 1;
      const error = { code: 'SOURCE_SIGN_IN_FAILED', message: 'refused', kind: 'MailboxBlockedError' };
      const opened = moveJob(job, openingEvent(passKindOf(of, job)), { reason: null, now: world.now });
      const event = job.syncedAt === null ? 'fail' : 'failChanges';
      return moveJob(opened, event, { reason: 'refused', error, now: world.now });
    });

    expect(tries).toBe(rows.length);
  });

  it('whose mailboxes failed long ago has the forwarding of as many put back at a time as its item can name', async () => {
    const { store, clock } = new BatchWorld().services;
    const at = (hours: number) => new Date(clock.now() - hours * 3_600_000).toISOString();
    const staged = sampleBatch({
      type: 'staged',
      status: 'SyncedWithErrors',
      options: { rollbackAfter: '48' },
      run: null,
    });
    await store.createBatch(staged);
    const set = { state: 'set', sourceId: 's', before: null, next: 'SMTP:n@t.test', at: at(50) } as const;
    const failed = { status: 'Failed', since: at(49), forwarding: set } as const;
    for (let row = 0; row < 1_200; row += 1)
      await store.createJob(sampleJob({ ...failed, mailbox: `${String(row)}${'u'.repeat(244)}@a.test`, row }));

    const { overdue } = await lookThrough({ store, clock }, staged);

    expect(overdue).toHaveLength(1_000);
    // DynamoDB, "Item size": 400 KB.
    expect(JSON.stringify(overdue.map(({ id }) => id)).length).toBeLessThan(350 * 1024);
  });

  it('is planned with little of each mailbox in memory', async () => {
    const { world } = await slowBatch();
    await startBatch(world.services, { batch, by });

    const { due } = await dueMailboxes(world.services.store, await world.batch(batch));

    expect(due).toHaveLength(rows.length);
    expect(due[0]).not.toHaveProperty('renamedFolders');
    expect(due[0]).not.toHaveProperty('leftOutFolders');
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
