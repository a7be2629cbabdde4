import { describe, expect, it } from '@jest/globals';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { convertSources } from '../../../shared/application/convert/convert-sources.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import type { Batch } from '../../../shared/domain/batch.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { Crash } from '../../support/builders/batch-world.ts';
import { ann, batchName, bob, routingOf, StagedWorld } from '../../support/directories/staged-world.ts';

/** Ann's mail went elsewhere before; bob has no licence, and his mailbox takes two looks to be there. */
const before: Readonly<Record<string, string | null>> = { [ann]: 'SMTP:ann@elsewhere.test', [bob]: null };
const both = [ann, bob] as const;
const order = { batch: batchName, by: 'ada' };

async function begun(): Promise<StagedWorld> {
  const world = new StagedWorld();
  world.sourceDirectory.setByHand(ann, before[ann] ?? null);
  world.targetDirectory.add(bob, { isLicensed: false, looks: 2 });
  await world.begin({ csv: `EmailAddress,Password\n${both.map((one) => `${one},Secr3t-word`).join('\n')}\n` });
  return world;
}

/** What one asks of a batch, one thing after another; each is asked again by whoever saw it break off. */
type Order = (world: StagedWorld) => Promise<unknown>;
const toItsEnd: readonly Order[] = [
  (world) => world.run(),
  (world) => completeBatch(world.services, { ...order, ignoreErrors: false }),
  (world) => world.run(),
  (world) => convertSources(world.services, { ...order, how: 'apply', early: 'rehearsal' }),
  (world) => convertSources(world.services, { ...order, how: 'revert' }),
];
const takenBack: readonly Order[] = [
  (world) => world.run(),
  (world) => stopBatch(world.services, { ...order, rollback: true }),
  (world) => world.run(),
];

/** Where the process died, in words; by what is stored and what the directories hold, and nothing else. */
async function phasesOf(world: StagedWorld): Promise<readonly string[]> {
  const batch = await world.batch(batchName);
  const jobs = await world.jobs(batchName);
  const mails = await world.services.store.mailsOf(batchName);
  const told = mails.some(({ kind }) => kind === 'prepared');
  return [...phasesOfBatch(batch, told), ...jobs.flatMap((job) => phasesOfMailbox(world, job))];
}

function phasesOfBatch(batch: Batch, told: boolean): readonly string[] {
  const named: Partial<Record<Batch['status'], string>> = {
    ...{ Validating: batch.checks.length > 0 ? 'checked' : 'rows are read', Provisioning: 'being prepared' },
    ...{ Syncing: 'copying', Synced: 'synced', Completing: 'completing', Completed: 'completed' },
  };
  return [
    ...(batch.rollback === undefined ? [] : ['roll-back is asked for']),
    ...(batch.status === 'Provisioning' && told ? ['mail 1 is sent'] : []),
    named[batch.status] ?? batch.status,
  ];
}

function phasesOfMailbox(world: StagedWorld, job: MailboxJob): readonly string[] {
  const { preparation, forwarding, conversion, id } = job;
  const value = world.sourceDirectory.forwardingOf(id);
  const isConverted = world.sourceDirectory.converted.has(`guid-of-${id}`);
  const isLicensed = world.targetDirectory.assigned.includes(`user-${id}`);
  const hasPassword = world.targetDirectory.passwords.some((one) => one.id === `user-${id}`);
  const phases: readonly (readonly [boolean, string])[] = [
    [job.status === 'Validating', 'a row is checked'],
    [job.status === 'Provisioning' && preparation === undefined, 'about to be provisioned'],
    [isLicensed && preparation === undefined, 'licensed, not noted'],
    [preparation?.licence === 'assigned', 'licensed'],
    [preparation?.readyAt === null, 'waiting for the target mailbox'],
    [typeof preparation?.readyAt === 'string' && forwarding === undefined, 'before the journal'],
    [hasPassword && preparation?.passwordSet === false, 'password set, not noted'],
    [forwarding?.state === 'intended' && value === forwarding.before, 'journalled, before the modification'],
    [forwarding?.state === 'intended' && value === forwarding.next, 'after the modification, not noted'],
    [forwarding?.state === 'set' && job.status === 'Provisioning', 'forwarded'],
    [job.status === 'Provisioned', 'prepared'],
    [forwarding?.state === 'set' && value === forwarding.before, 'put back, not noted'],
    [forwarding?.state === 'put-back', 'put back'],
    [conversion?.state === 'intended' && !isConverted, 'conversion journalled, before the modification'],
    [conversion?.state === 'intended' && isConverted, 'converted, not noted'],
    [conversion?.state === 'converted' && isConverted, 'converted'],
    [conversion?.state === 'converted' && !isConverted, 'reverted, not noted'],
    [conversion?.state === 'reverted', 'reverted'],
  ];
  return phases.filter(([is]) => is).map(([, name]) => name);
}

/** New mail goes where it went before, or to the new mailbox with a journal that says what was there before. */
async function expectExplained(world: StagedWorld, at: string): Promise<void> {
  const jobs = await world.jobs(batchName);
  for (const address of both) {
    const value = world.sourceDirectory.forwardingOf(address);
    const forwarding = jobs.find(({ id }) => id === address)?.forwarding;
    const isKept = value === before[address];
    const isOurs =
      value === routingOf(address) &&
      (forwarding?.state === 'intended' || forwarding?.state === 'set') &&
      forwarding.before === before[address];
    expect([at, address, value, isKept || isOurs]).toEqual([at, address, value, true]);
  }
}

/** Goes through the orders; where the process dies, looks at once, and then asks for the same again. */
async function live(
  world: StagedWorld,
  orders: readonly Order[],
  atKill: (died: StagedWorld) => Promise<void>,
): Promise<boolean> {
  let killed = false;
  for (const one of orders) {
    try {
      await one(world);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      world.workflow.endAll();
      killed = true;
      await atKill(world);
      await world.runOn();
      await expectExplained(world, 'after the resumption');
      // A verb that was done is refused now, or does nothing; whatever it had begun goes on.
      await one(world);
      await world.runOn();
    }
  }
  return killed;
}

/** Numbers of the calls of ports that the orders from `first` on make, undisturbed. */
async function callsOf(orders: readonly Order[], first: number): Promise<readonly [number, number]> {
  const world = await begun();
  await live(world, orders.slice(0, first), () => Promise.resolve());
  const from = world.calls + 1;
  await live(world, orders.slice(first), () => Promise.resolve());
  return [from, world.calls];
}

interface Killing {
  readonly orders: readonly Order[];
  /** Number of the order from which on the process is killed. */
  readonly first: number;
  readonly atEnd: (world: StagedWorld, at: string) => Promise<void>;
}

/** Before each call of a port, which is after what the call before it has done. */
async function killEverywhere({ orders, first, atEnd }: Killing): Promise<ReadonlySet<string>> {
  const [from, to] = await callsOf(orders, first);
  const seen = new Set<string>();
  for (let call = from; call <= to; call += 1) {
    const world = await begun();
    world.crash = { call, when: 'before' };
    const at = `killed before call ${String(call)}`;
    const killed = await live(world, orders, async (died) => {
      const phases = await phasesOf(died);
      for (const phase of phases) seen.add(phase);
      await expectExplained(died, `${at} (${phases.join('; ')})`);
    });
    expect([at, killed]).toEqual([at, true]);
    await atEnd(world, at);
  }
  return seen;
}

describe('the forwarding of a staged batch whose process is killed', () => {
  it('is explained right after each kill, in every phase up to the conversion, and right in the end', async () => {
    const seen = await killEverywhere({
      orders: toItsEnd,
      first: 0,
      atEnd: async (world, at) => {
        expect([at, ...both.map((one) => world.sourceDirectory.forwardingOf(one))]).toEqual([
          at,
          ...both.map(routingOf),
        ]);
        const jobs = await world.jobs(batchName);
        expect([at, jobs.map(({ forwarding }) => [forwarding?.state, forwarding?.before])]).toEqual([
          at,
          both.map((one) => ['set', before[one]]),
        ]);
        // Each value was written once, and only one licence was given.
        expect([at, world.sourceDirectory.writes.length, world.targetDirectory.assigned]).toEqual([
          at,
          2,
          [`user-${bob}`],
        ]);
        await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Completed', run: null });
        expect([at, world.sourceDirectory.converted.size]).toEqual([at, 0]);
        expect([at, ...jobs.map(({ conversion }) => conversion?.state)]).toEqual([at, 'reverted', 'reverted']);
      },
    });
    expect([...seen]).toEqual(
      expect.arrayContaining([
        ...['checked', 'being prepared', 'a row is checked', 'about to be provisioned'],
        ...['licensed, not noted', 'licensed', 'waiting for the target mailbox', 'before the journal'],
        ...['password set, not noted', 'journalled, before the modification', 'after the modification, not noted'],
        ...['forwarded', 'prepared', 'mail 1 is sent', 'copying', 'synced', 'completing', 'completed'],
        ...['conversion journalled, before the modification', 'converted, not noted', 'converted'],
        ...['reverted, not noted', 'reverted'],
      ]),
    );
  }, 120_000);

  it('is explained right after each kill of a roll-back, and what it was before in the end', async () => {
    const seen = await killEverywhere({
      orders: takenBack,
      first: 1,
      atEnd: async (world, at) => {
        expect([at, ...both.map((one) => world.sourceDirectory.forwardingOf(one))]).toEqual([
          at,
          ...both.map((one) => before[one]),
        ]);
        expect((await world.batch(batchName)).rollback).toBeUndefined();
        const jobs = await world.jobs(batchName);
        expect([at, ...jobs.map(({ forwarding }) => forwarding?.state)]).toEqual([at, 'put-back', 'put-back']);
      },
    });
    expect([...seen]).toEqual(
      expect.arrayContaining(['roll-back is asked for', 'put back, not noted', 'put back', 'synced']),
    );
  }, 120_000);
});
