import { describe, expect, it } from '@jest/globals';
import { createBatch } from '../../../shared/application/create-batch.ts';
import { listBatches } from '../../../shared/application/list-batches.ts';
import { removeBatch } from '../../../shared/application/remove-batch.ts';
import { retryBatch } from '../../../shared/application/retry-batch.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';
import { countedWalks } from '../../support/builders/counted-walks.ts';
import { copyAll, runExecutions } from '../../support/builders/run-executions.ts';

const by = 'ada';

async function batchOf(world: BatchWorld, name: string, mailboxes: number, start: boolean): Promise<void> {
  const rows = Array.from({ length: mailboxes }, (_, row) => `${name}-${String(row)}@contoso.test,u,pw`);
  const csv = new TextEncoder().encode(`EmailAddress,UserName,Password\n${rows.join('\n')}\n`);
  await createBatch(world.services, { name, endpoint: 'contoso', csv, options: {}, start, startedBy: by });
}

async function syncedBatches() {
  const world = new BatchWorld();
  await world.services.store.putEndpoint(anEndpoint());
  await batchOf(world, 'wave1', 3, true);
  await batchOf(world, 'wave2', 5, true);
  const run = () =>
    runExecutions(
      world,
      copyAll(() => world.now),
    );
  await run();
  return { world, run, whileIn: countedWalks(world) };
}

/** Name, status, mailboxes synced and failed, items. */
async function shown(world: BatchWorld): Promise<unknown> {
  const batches = await listBatches(world.services);
  return batches.map(({ name, status, counts, items }) => [name, status, counts.synced, counts.failed, items.total]);
}

/** 50,000 mailboxes are 60 MB to read, and a request has 28 s for all batches of a deployment. */
describe('a list of batches', () => {
  it('goes through the mailboxes of a batch that rests once, and again when something was done to it', async () => {
    const { world, run, whileIn } = await syncedBatches();

    const first = await shown(world);
    const quiet = await whileIn(listBatches);
    const again = await shown(world);
    const { store } = world.services;
    const [job] = await world.jobs('wave1');
    const error = { code: 'TARGET_MAILBOX_FULL', message: 'full', kind: 'MailboxBlockedError' };
    await store.saveJob({ ...job!, status: 'Failed', error, passDone: 0 });
    await retryBatch(world.services, { batch: 'wave1', by, items: false, doubtful: false });
    await run();
    const told = await whileIn(listBatches);

    expect(again).toEqual(first);
    expect([quiet, told, await whileIn(listBatches)]).toEqual([0, 3, 0]);
  });

  it('shows what a verb has just done', async () => {
    const { world, run } = await syncedBatches();
    await shown(world);

    await startBatch(world.services, { batch: 'wave2', pass: 'incremental', by });
    const going = await shown(world);
    await stopBatch(world.services, { batch: 'wave2', by, rollback: false });
    await run();

    expect(going).toContainEqual(['wave2', 'Validating', 5, 0, expect.anything()]);
    expect(await shown(world)).toContainEqual(['wave2', 'Stopped', 5, 0, expect.anything()]);
  });

  it('looks again after an hour: who wrote a mailbox may have died before it wrote the batch', async () => {
    const { world } = await syncedBatches();
    await shown(world);
    const { store } = world.services;
    const [job] = await world.jobs('wave1');
    await store.saveJob({ ...job!, status: 'Failed' });

    const soon = await shown(world);
    world.now += 3_600_000;

    expect(soon).toContainEqual(['wave1', 'Synced', 3, 0, expect.anything()]);
    expect(await shown(world)).toContainEqual(['wave1', 'Synced', 2, 1, expect.anything()]);
  });

  it('knows another batch of the same name by its time', async () => {
    const { world, run } = await syncedBatches();
    await batchOf(world, 'wave3', 4, false);
    await run();
    await shown(world);

    await removeBatch(world.services, { batch: 'wave3', by, forget: false });
    await run();
    world.now += 1;
    const kept = await world.services.store.keptNumbers();
    await batchOf(world, 'wave3', 2, false);

    expect(kept.has('wave3')).toBe(false);
    expect((await listBatches(world.services)).find(({ name }) => name === 'wave3')).toMatchObject({
      counts: { total: 0 },
    });
  });

  it('is up to a minute old of a large batch that runs, and of now of a small one', async () => {
    const { world, whileIn } = await syncedBatches();
    const { store } = world.services;
    await batchOf(world, 'large', 1_001, true);
    await runExecutions(
      world,
      copyAll(() => world.now),
    );
    for (const name of ['wave1', 'large']) await startBatch(world.services, { batch: name, pass: 'incremental', by });

    const first = await whileIn(listBatches);
    const soon = await whileIn(listBatches);
    world.now += 60_000;
    const later = await whileIn(listBatches);

    expect((await store.getBatch('large'))?.status).toBe('Validating');
    expect([first, soon, later]).toEqual([3 + 5 + 1_001, 3, 3 + 1_001]);
  });
});
