import { describe, expect, it } from '@jest/globals';
import { findWhereTheBatchStands } from '../../../shared/application/find-where-the-batch-stands.ts';
import { putBackForwarding } from '../../../shared/application/prepare/put-back-forwarding.ts';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { setOptions } from '../../../shared/application/set-options.ts';
import { retryBatch } from '../../../shared/application/retry-batch.ts';
import { tick } from '../../../shared/application/tick.ts';
import { TransientError } from '../../../shared/domain/errors.ts';
import { countedWalks } from '../../support/builders/counted-walks.ts';
import {
  ann,
  batchName,
  bob,
  cy,
  people,
  routingOf,
  StagedWorld,
  stagedEndpoint,
} from '../../support/directories/staged-world.ts';

const unlicensed = { ...stagedEndpoint.target, licence: undefined };

describe('a staged batch', () => {
  it('prepares and forwards every mailbox, sends mail 1, and only then copies', async () => {
    const world = new StagedWorld();
    await world.begin();
    const seen: (readonly (string | null)[])[] = [];

    await world.run((job, batch) => {
      seen.push([job.status, ...world.forwarding(), String(world.mails)]);
      return world.worker()(job, batch);
    });

    expect(seen[0]).toEqual(['Provisioned', ...people.map(routingOf), 'prepared']);
    expect(world.mails).toEqual(['prepared', 'finished']);
    const jobs = await world.jobs(batchName);
    expect(jobs.map(({ status }) => status)).toEqual(['Synced', 'Synced', 'Synced']);
    expect(jobs.map(({ forwarding }) => forwarding)).toMatchObject(
      people.map((one) => ({ state: 'set', before: null, next: routingOf(one) })),
    );
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Synced', run: null });
  });

  it('takes the delivery domain for the routing address where one is set', async () => {
    const world = new StagedWorld();
    world.targetDirectory.add(ann, {
      proxyAddresses: [`SMTP:${ann}`, 'smtp:a@contoso.onmicrosoft.com', 'smtp:a@x.test'],
    });
    const target = { ...stagedEndpoint.target, deliveryDomain: 'X.test' } as never;
    await world.begin({ endpoint: { target }, csv: `EmailAddress\n${ann}\n` });
    await world.run();
    expect(world.sourceDirectory.forwardingOf(ann)).toBe('SMTP:a@x.test');
  });

  it('waits for mailboxes that are being made, says for how long, and copies those that are there after mail 1', async () => {
    const world = new StagedWorld();
    world.targetDirectory.add(bob, { looks: 60 });
    await world.begin({ options: { mail1After: '60' } });
    const copied: string[] = [];

    await world.run((job, batch) => {
      copied.push(job.id);
      return world.worker()(job, batch);
    });
    expect(copied).toEqual([ann, cy, bob]);
    expect(world.mails).toEqual(['prepared', 'finished']);
  });

  it('says for how long it has waited while it waits', async () => {
    const world = new StagedWorld();
    world.targetDirectory.add(bob, { looks: Infinity });
    await world.begin({ options: { mail1After: '35' } });
    const reasons: (string | null)[] = [];
    await world.run((job, batch) => {
      void world.jobOf(bob).then(({ reason }) => reasons.push(reason));
      return world.worker()(job, batch);
    });
    expect(reasons[0]).toBe('waiting for the target mailbox, 35 min');
    await expect(world.jobOf(bob)).resolves.toMatchObject({
      status: 'Failed',
      error: { code: 'TARGET_MAILBOX_NOT_READY' },
    });
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'SyncedWithErrors' });
    expect(world.sourceDirectory.forwardingOf(bob)).toBeNull();
  });

  it('explains the trap of a synchronised msExchMailboxGuid to whoever has been licensed for hours', async () => {
    const world = new StagedWorld();
    world.sourceDirectory.add({ primaryAddress: bob, hasMailboxGuid: true });
    world.targetDirectory.add(bob, { looks: Infinity, licensedSince: '2026-11-19T00:00:00.000Z' });
    await world.begin();
    await world.run();
    const { status, error } = await world.jobOf(bob);
    expect([status, error?.code]).toEqual(['Failed', 'MAILBOX_GUID_SYNCED']);
    expect(world.mails).toEqual(['prepared', 'finished']);
  });

  it('leaves the batch waiting for startAfter once its mailboxes are prepared', async () => {
    const world = new StagedWorld();
    await world.begin({ options: { startAfter: '2026-11-21T10:00' } });
    await world.run();
    expect(world.mails).toEqual(['prepared']);
    expect(world.forwarding()).toEqual(people.map(routingOf));
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Waiting', run: null });

    world.now = Date.parse('2026-11-21T10:01:00Z');
    await tick(world.services);
    await world.run();
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Synced' });
    expect(world.mails).toEqual(['prepared', 'finished']);
  });
});

describe('completing a staged batch', () => {
  it('tries once more what could not be prepared, and ends, whatever comes of it', async () => {
    const world = new StagedWorld();
    world.sourceDirectory.add({ primaryAddress: ann, mayForward: 'no' });
    await world.begin();
    await world.run();
    await completeBatch(world.services, { batch: batchName, by: 'ada', ignoreErrors: true });
    await world.run();
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'CompletedWithErrors', run: null });

    const mended = new StagedWorld();
    mended.sourceDirectory.add({ primaryAddress: ann, mayForward: 'no' });
    await mended.begin();
    await mended.run();
    mended.sourceDirectory.add({ primaryAddress: ann });
    await completeBatch(mended.services, { batch: batchName, by: 'ada', ignoreErrors: false });
    await mended.run();
    await mended.runOn();
    expect(mended.forwarding()).toEqual(people.map(routingOf));
    expect((await mended.jobOf(ann)).syncedAt).not.toBeNull();
  });

  it('makes a last pass, which fetches what came before the forwarding was set; no pass is made daily', async () => {
    const world = new StagedWorld();
    await world.begin();
    await world.run();
    world.now += 3 * 86_400_000;
    await tick(world.services);
    expect(world.workflow.running()).toEqual([]);

    await completeBatch(world.services, { batch: batchName, by: 'ada', ignoreErrors: false });
    const passes: string[] = [];
    await world.run((job, batch) => {
      passes.push(`${job.id} ${batch.pass}`);
      return world.worker()(job, batch);
    });
    expect(passes).toEqual(people.map((one) => `${one} final`));
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Completed' });
  });
});

describe('a row of a staged batch', () => {
  const failures: readonly (readonly [string, (world: StagedWorld) => void])[] = [
    ['SOURCE_ADDRESS_NOT_FOUND', (world) => world.sourceDirectory.remove(ann)],
    ['RECIPIENT_AMBIGUOUS', (world) => world.sourceDirectory.add({ primaryAddress: ann, id: 'another' })],
    [
      'RECIPIENT_NOT_MIGRATABLE',
      (world) =>
        world.sourceDirectory.add({
          primaryAddress: ann,
          kind: 'group',
          isMigratable: false,
          reason: 'It is a group.',
        }),
    ],
    [
      'SOURCE_ADDRESS_NOT_PRIMARY',
      (world) => {
        world.sourceDirectory.remove(ann);
        world.sourceDirectory.add({ primaryAddress: 'ann.smith@contoso.test', proxyAddresses: [`smtp:${ann}`] });
      },
    ],
    ['DIRECTORY_WRITE_DENIED', (world) => world.sourceDirectory.add({ primaryAddress: ann, mayForward: 'no' })],
    ['TARGET_ADDRESS_MISMATCH', (world) => world.targetDirectory.remove(ann)],
    ['RECIPIENT_AMBIGUOUS', (world) => world.targetDirectory.add(ann, { clashes: ['the group Sales'] })],
    ['DIRECTORY_SYNC_CONFLICT', (world) => world.targetDirectory.add(ann, { syncErrors: ['PropertyConflict: UPN'] })],
    ['IMMUTABLE_ID_MISMATCH', (world) => world.targetDirectory.add(ann, { immutableId: 'b3RoZXI=' })],
    ['IMMUTABLE_ID_MISMATCH', (world) => world.targetDirectory.add(ann, { isSynced: false, immutableId: null })],
    ['ROUTING_ADDRESS_MISSING', (world) => world.targetDirectory.add(ann, { proxyAddresses: [`SMTP:${ann}`] })],
    [
      'LICENCES_EXHAUSTED',
      (world) => {
        world.targetDirectory.add(ann, { isLicensed: false });
        world.targetDirectory.licences = 0;
      },
    ],
  ];

  it.each(failures)('fails with %s, its mail untouched, and the others go on', async (code, spoil) => {
    const world = new StagedWorld();
    spoil(world);
    await world.begin();
    await world.run();
    await expect(world.jobOf(ann)).resolves.toMatchObject({ status: 'Failed', error: { code } });
    expect(world.sourceDirectory.writes.map(({ value }) => value)).toEqual([routingOf(bob), routingOf(cy)]);
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'SyncedWithErrors' });
  });

  it('gives licences only where the endpoint names one, and only to who has none', async () => {
    const world = new StagedWorld();
    world.targetDirectory.add(ann, { isLicensed: false });
    await world.begin();
    await world.run();
    expect(world.targetDirectory.assigned).toEqual([`user-${ann}`]);

    const without = new StagedWorld();
    without.targetDirectory.add(ann, { isLicensed: false });
    await without.begin({ endpoint: { target: unlicensed as never } });
    await without.run();
    expect(without.targetDirectory.assigned).toEqual([]);
    await expect(without.jobOf(ann)).resolves.toMatchObject({
      status: 'Failed',
      error: { code: 'TARGET_USER_UNLICENSED' },
    });
  });

  it('has its password set once the mailbox is there, but not where the user signs in elsewhere', async () => {
    const csv = `EmailAddress,Password,ForceChangePassword\n${ann},Secr3t-word,True\n${bob},,\n`;
    const world = new StagedWorld();
    await world.begin({ csv });
    await world.run();
    expect(world.targetDirectory.passwords).toEqual([
      { id: `user-${ann}`, password: 'Secr3t-word', forceChange: true },
    ]);

    const federated = new StagedWorld();
    const { organisation } = federated.targetDirectory;
    const domains = organisation.domains.map((domain) => ({ ...domain, isFederated: domain.name === 'contoso.test' }));
    federated.targetDirectory.organisation = { ...organisation, domains };
    await federated.begin({ csv });
    await federated.run();
    expect(federated.targetDirectory.passwords).toEqual([]);
    const { preparation } = await federated.jobOf(ann);
    expect(preparation?.warnings).toEqual([expect.stringContaining('FEDERATED_PASSWORD_CHANGE')]);
  });

  it('is not forwarded with skipForwarding', async () => {
    const world = new StagedWorld();
    await world.begin({ csv: `EmailAddress,skipForwarding\n${ann},true\n${bob},\n` });
    await world.run();
    expect(world.forwarding()).toEqual([null, routingOf(bob), null]);
    await expect(world.jobOf(ann)).resolves.toMatchObject({ status: 'Synced' });
  });

  it('is tried again when a directory cannot be reached for a while', async () => {
    const world = new StagedWorld();
    let left = 4;
    world.sourceDirectory.beforeCall = (name) => {
      if (name !== 'open' || left === 0) return;
      left -= 1;
      throw new TransientError({ code: 'DIRECTORY_UNREACHABLE', message: 'dc1 does not answer.' });
    };
    await world.begin();
    await world.run();
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Synced' });
  });
});

describe('forwarding', () => {
  it('that was there before is told, replaced, and put back by a roll-back', async () => {
    const world = new StagedWorld();
    world.sourceDirectory.setByHand(ann, 'SMTP:ann@elsewhere.test');
    world.sourceDirectory.setByHand(bob, routingOf(bob));
    await world.begin();
    await world.run();
    expect(world.forwarding()).toEqual(people.map(routingOf));

    const stopped = await stopBatch(world.services, { batch: batchName, by: 'ada', rollback: true });
    expect(stopped.outcome).toBe('done');
    await world.run();
    // Bob's was set before we came: it is not ours to take away.
    expect(world.forwarding()).toEqual(['SMTP:ann@elsewhere.test', routingOf(bob), null]);
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Synced', run: null });
    expect((await world.batch(batchName)).rollback).toBeUndefined();
  });

  it('of many named mailboxes is put back in parts that the batch can name', async () => {
    const world = new StagedWorld();
    await world.begin();
    await world.run();
    const { store } = world.services;
    const job = await world.jobOf(ann);
    const others = Array.from({ length: 1_500 }, (_, row) => `${'o'.repeat(100)}${String(row)}@contoso.test`);
    for (const id of others) await store.createJob({ ...job, id, version: 0, forwarding: undefined });
    const stop = (mailboxes: readonly string[]) =>
      stopBatch(world.services, { batch: batchName, by: 'ada', mailboxes, rollback: true });

    const refused = await stop([ann, ...others]);
    const first = await stop([ann, ...others.slice(0, 1_000)]);
    const second = await stop([bob, ...others.slice(900)]);
    await world.run();
    const third = await stop([bob, ...others.slice(900)]);
    await world.run();

    const reason: unknown = expect.stringContaining('name 1258 at a time');
    expect(refused).toMatchObject({ outcome: 'refused', reason });
    const whileOthers: unknown = expect.stringContaining('while others are being put back');
    expect([first, second, third]).toMatchObject([
      { outcome: 'done' },
      { outcome: 'refused', reason: whileOthers },
      { outcome: 'done' },
    ]);
    expect(world.forwarding()).toEqual([null, null, routingOf(cy)]);
  });

  it('is put back by function after function, none of which begins what it has no time for', async () => {
    const world = new StagedWorld();
    await world.begin();
    await world.run();
    await stopBatch(world.services, { batch: batchName, by: 'ada', rollback: true });
    const [execution] = world.workflow.running();
    const order = { batch: batchName, pass: 'initial', execution: execution!.id } as const;
    const position = await findWhereTheBatchStands(world.services, order);
    let left = 900_000;
    const invocation = { signal: world.signal, remainingMs: () => (left -= 420_000) };

    const first = await putBackForwarding(world.services, position, invocation);
    const between = world.forwarding();
    left = 900_000;
    const second = await putBackForwarding(world.services, first, invocation);

    expect([first.next, second.next]).toEqual(['put-back', 'rest']);
    expect(between).toEqual([null, null, routingOf(cy)]);
    expect(world.forwarding()).toEqual([null, null, null]);
  });

  it('that was put back stands in the trail by name, also where the directory was lost in the middle', async () => {
    const world = new StagedWorld();
    await world.begin();
    await world.run();
    await stopBatch(world.services, { batch: batchName, by: 'ada', rollback: true });
    let writes = 0;
    world.sourceDirectory.beforeCall = (call) => {
      if (call === 'setForwarding' && (writes += 1) === 2)
        throw new TransientError({ code: 'DIRECTORY_UNREACHABLE', message: 'lost' });
    };
    await world.run();

    const named: string[] = [];
    for await (const { verb, mailboxes } of world.services.store.auditOf(batchName))
      if (verb === 'put-back') named.push(...mailboxes);
    expect(named.toSorted()).toEqual([...people]);
  });

  it('that somebody changed after us is never overwritten, neither by a roll-back nor by a retry', async () => {
    const world = new StagedWorld();
    await world.begin();
    await world.run((job, batch) => (job.id === ann ? failing(world)(job) : world.worker()(job, batch)));
    world.sourceDirectory.setByHand(ann, 'SMTP:ann@elsewhere.test');

    await stopBatch(world.services, { batch: batchName, by: 'ada', mailboxes: [ann], rollback: true });
    await world.run();
    expect(world.forwarding()).toEqual(['SMTP:ann@elsewhere.test', routingOf(bob), routingOf(cy)]);
    const left = await world.jobOf(ann);
    expect(left.forwarding).toMatchObject({ state: 'left', actual: 'SMTP:ann@elsewhere.test' });
    expect(left.reason).toContain('New mail goes to ann@elsewhere.test, as somebody else has set it.');

    await retryBatch(world.services, { batch: batchName, by: 'ada', items: false, doubtful: false });
    await world.run();
    expect(world.sourceDirectory.forwardingOf(ann)).toBe('SMTP:ann@elsewhere.test');
    await expect(world.jobOf(ann)).resolves.toMatchObject({ error: { code: 'FORWARDING_CONFLICT' } });
  });

  it('is put back by itself for a mailbox that stays failed, and set again when it is retried', async () => {
    const world = new StagedWorld();
    await world.begin({ options: { rollbackAfter: '48' } });
    await world.run((job, batch) => (job.id === ann ? failing(world)(job) : world.worker()(job, batch)));
    world.now += 47 * 3_600_000;
    await tick(world.services);
    await world.run();
    expect(world.sourceDirectory.forwardingOf(ann)).toBe(routingOf(ann));

    world.now += 2 * 3_600_000;
    await tick(world.services);
    await world.run();
    expect(world.forwarding()).toEqual([null, routingOf(bob), routingOf(cy)]);
    await expect(world.jobOf(ann)).resolves.toMatchObject({
      status: 'Failed',
      reason: expect.stringContaining('New mail goes to the source mailbox again'),
    });

    await retryBatch(world.services, { batch: batchName, by: 'ada', items: false, doubtful: false });
    await world.run();
    expect(world.forwarding()).toEqual(people.map(routingOf));
    await expect(world.jobOf(ann)).resolves.toMatchObject({ status: 'Synced' });
  });

  it('is looked after by looking through the mailboxes only when one may have been failed for long enough', async () => {
    const world = new StagedWorld();
    await world.begin({ options: { rollbackAfter: '12' } });
    await world.run((job, batch) => (job.id === ann ? failing(world)(job) : world.worker()(job, batch)));
    const whileIn = countedWalks(world);
    const hours = async (count: number): Promise<number> => {
      world.now += count * 3_600_000;
      return await whileIn(tick);
    };

    const looked = [await hours(0), await hours(5), await hours(5), await hours(1.9)];
    const overdue = await hours(1);
    await world.run();

    expect(looked).toEqual([3, 0, 0, 0]);
    expect(overdue).toBe(3);
    expect(world.forwarding()).toEqual([null, routingOf(bob), routingOf(cy)]);
    // Once a day in any case: the mailboxes' own times may be other ones than the batch knows.
    await setOptions(world.services, { batch: batchName, by: 'ada', options: { rollbackAfter: 'never' } });
    expect([await hours(0), await hours(23), await hours(1), await hours(0)]).toEqual([3, 0, 3, 0]);
  });

  it('is put back when a batch is stopped with --rollback while it copies', async () => {
    const world = new StagedWorld();
    await world.begin();
    const stops: Promise<unknown>[] = [];
    await world.run((job, batch) => {
      if (job.id === ann) stops.push(stopBatch(world.services, { batch: batchName, by: 'ada', rollback: true }));
      return job.id === ann ? undefined : world.worker()(job, batch);
    });
    await Promise.all(stops);
    await world.runOn();
    expect(world.forwarding()).toEqual([null, null, null]);
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Stopped' });
    expect(world.mails.at(-1)).toBe('stopped');
  });
});

function failing(world: StagedWorld) {
  return (job: Parameters<ReturnType<StagedWorld['worker']>>[0]) => {
    const now = new Date(world.now).toISOString();
    const error = { code: 'SOURCE_MAILBOX_NOT_FOUND', message: 'There is no mailbox.', kind: 'MailboxBlockedError' };
    return { ...job, status: 'Failed' as const, reason: error.message, error, updatedAt: now };
  };
}
