import { describe, expect, it } from '@jest/globals';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { batchName, people, routingOf, StagedWorld, ann, bob } from '../../support/directories/staged-world.ts';

async function begun(): Promise<StagedWorld> {
  const world = new StagedWorld();
  world.sourceDirectory.setByHand(ann, 'SMTP:ann@elsewhere.test');
  world.targetDirectory.add(bob, { isLicensed: false, looks: 2 });
  await world.begin({ csv: `EmailAddress,Password\n${people.map((one) => `${one},Secr3t-word`).join('\n')}\n` });
  return world;
}

/** Calls of ports from the first to the last one of an undisturbed run. */
async function callsOf(run: (world: StagedWorld) => Promise<void>): Promise<readonly [StagedWorld, number, number]> {
  const world = await begun();
  const from = world.calls + 1;
  await run(world);
  return [world, from, world.calls];
}

const whens = ['before', 'after'] as const;

describe('a staged batch whose process is killed', () => {
  it('at any call of its preparation, and started again, is prepared as if nothing had been', async () => {
    const [, from, to] = await callsOf((world) => world.run());
    expect(to - from).toBeGreaterThan(60);
    for (let call = from; call <= to; call += 1) {
      for (const when of whens) {
        const world = await begun();
        world.crash = { call, when };
        await world.runOn();
        const at = `call ${String(call)}, killed ${when}`;
        expect([at, ...world.forwarding()]).toEqual([at, ...people.map(routingOf)]);
        // Each value was written once, and only over what was there before.
        expect([at, world.sourceDirectory.writes.length]).toEqual([at, 3]);
        expect([at, world.targetDirectory.assigned]).toEqual([at, [`user-${bob}`]]);
        const jobs = await world.jobs(batchName);
        expect([at, ...jobs.map(({ status }) => status)]).toEqual([at, 'Synced', 'Synced', 'Synced']);
        expect([at, jobs.map(({ forwarding }) => [forwarding?.state, forwarding?.before])]).toEqual([
          at,
          [
            ['set', 'SMTP:ann@elsewhere.test'],
            ['set', null],
            ['set', null],
          ],
        ]);
        await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Synced', run: null });
      }
    }
  }, 120_000);

  it('at any call of a roll-back has the values of before in the end', async () => {
    const putBack = async (world: StagedWorld): Promise<void> => {
      await stopBatch(world.services, { batch: batchName, by: 'ada', rollback: true });
      await world.run();
    };
    const first = await begun();
    await first.run();
    const from = first.calls + 1;
    await putBack(first);
    const to = first.calls;
    expect(to - from).toBeGreaterThan(10);
    for (let call = from; call <= to; call += 1) {
      for (const when of whens) {
        const world = await begun();
        await world.run();
        world.crash = { call, when };
        // Whoever asked sees that it broke off, and asks again.
        await putBack(world).catch(() => undefined);
        world.workflow.endAll();
        if ((await world.batch(batchName)).rollback === undefined && world.sourceDirectory.writes.length === 3)
          await stopBatch(world.services, { batch: batchName, by: 'ada', rollback: true });
        await world.runOn();
        const at = `call ${String(call)}, killed ${when}`;
        expect([at, ...world.forwarding()]).toEqual([at, 'SMTP:ann@elsewhere.test', null, null]);
        expect((await world.batch(batchName)).rollback).toBeUndefined();
      }
    }
  }, 120_000);
});
