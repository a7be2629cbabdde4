import { describe, expect, it } from '@jest/globals';
import { mayBeStale } from '../../../shared/application/prepare/replication-lag.ts';
import { retryBatch } from '../../../shared/application/retry-batch.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { moveJob } from '../../../shared/domain/job-transitions.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { JobForwarding } from '../../../shared/domain/job-preparation.ts';
import { ann, batchName, people, routingOf, StagedWorld } from '../../support/directories/staged-world.ts';

const before = 'SMTP:ann@elsewhere.test';
const at = '2026-11-20T10:00:00.000Z';
const now = Date.parse(at) + 60_000;

describe('another domain controller than the one that was written to', () => {
  const journal = { sourceId: 'ann', before, next: routingOf(ann), at, server: 'dc1' };
  const looks: readonly (readonly [JobForwarding['state'], string | null, boolean])[] = [
    ['set', before, true],
    ['set', routingOf(ann).toUpperCase(), false],
    ['found', null, true],
    ['intended', before, true],
    ['intended', routingOf(ann), false],
    ['put-back', routingOf(ann), true],
    ['put-back', before, false],
    ['left', before, false],
  ];

  it.each(looks)('is taken at its word or not: %s, and it shows %s', (state, shown, stale) => {
    expect(mayBeStale({ ...journal, state }, { server: 'dc2', shown, now })).toBe(stale);
    expect(mayBeStale({ ...journal, state }, { server: 'dc1', shown, now })).toBe(false);
    const later = Date.parse(at) + 3 * 3_600_000;
    expect(mayBeStale({ ...journal, state }, { server: 'dc2', shown, now: later })).toBe(false);
  });

  it('is not believed to have lost what somebody else was seen to set', () => {
    const left = { ...journal, state: 'left', actual: 'SMTP:ann@third.test' } as const;
    expect(mayBeStale(left, { server: 'dc2', shown: before, now })).toBe(true);
    expect(mayBeStale(left, { server: 'dc2', shown: 'SMTP:ann@third.test', now })).toBe(false);
  });
});

describe('a staged batch behind whose address several domain controllers answer', () => {
  it('notes a forwarding as put back only when it was: it waits until the value has arrived there', async () => {
    const world = new StagedWorld();
    await world.begin({ csv: `EmailAddress\n${ann}\n` });
    await world.run();

    world.sourceDirectory.server = 'dc2.contoso.test';
    world.sourceDirectory.setByHand(ann, null);
    let looks = 0;
    world.sourceDirectory.beforeCall = (name) => {
      if (name === 'readRecipient') looks += 1;
      if (looks === 5) world.sourceDirectory.setByHand(ann, routingOf(ann));
    };
    await stopBatch(world.services, { batch: batchName, by: 'ada', rollback: true });
    await world.run();

    expect(looks).toBe(5);
    expect(world.sourceDirectory.forwardingOf(ann)).toBeNull();
    expect((await world.jobOf(ann)).forwarding).toMatchObject({ state: 'put-back', server: 'dc2.contoso.test' });
  });

  it('puts the others back meanwhile', async () => {
    const world = new StagedWorld();
    await world.begin();
    await world.run();
    world.sourceDirectory.server = 'dc2.contoso.test';
    world.sourceDirectory.setByHand(ann, null);
    let isAnnWaitedFor = false;
    world.sourceDirectory.beforeCall = () => {
      if (world.sourceDirectory.forwardingOf(people[2]) !== null || isAnnWaitedFor) return;
      isAnnWaitedFor = true;
      world.sourceDirectory.setByHand(ann, routingOf(ann));
    };
    await stopBatch(world.services, { batch: batchName, by: 'ada', rollback: true });
    await world.run();
    expect(isAnnWaitedFor).toBe(true);
    expect(world.forwarding()).toEqual([null, null, null]);
  });

  it('does not take a value for its own that is about to go, and waits in words', async () => {
    const world = new StagedWorld();
    await world.begin({ csv: `EmailAddress\n${ann}\n` });
    await world.run((job) => ({
      ...job,
      status: 'Failed',
      reason: 'No.',
      updatedAt: new Date(world.now).toISOString(),
    }));
    await stopBatch(world.services, { batch: batchName, by: 'ada', mailboxes: [ann], rollback: true });
    await world.run();
    expect(world.forwarding()[0]).toBeNull();

    // Asked next, dc2 still shows what was there before the roll-back.
    world.sourceDirectory.server = 'dc2.contoso.test';
    world.sourceDirectory.setByHand(ann, routingOf(ann));
    const reasons = new Set<string>();
    world.sourceDirectory.beforeCall = (name) => {
      if (name !== 'readRecipient') return;
      if (reasons.size > 0) world.sourceDirectory.setByHand(ann, null);
      reasons.add('looked');
    };
    await retryBatch(world.services, { batch: batchName, by: 'ada', items: false, doubtful: false });
    await world.run();
    expect(world.sourceDirectory.forwardingOf(ann)).toBe(routingOf(ann));
    expect((await world.jobOf(ann)).forwarding).toMatchObject({ state: 'set', before: null });
    expect(world.logged.join('\n')).toContain('DIRECTORY_NOT_REPLICATED');
  });
});

describe('a step that is begun again with its journal open', () => {
  it('writes nothing where the mailbox was stopped meanwhile', async () => {
    const world = new StagedWorld();
    await world.begin({ csv: `EmailAddress\n${ann}\n` });
    world.sourceDirectory.beforeCall = (name) => {
      if (name === 'setForwarding') throw new Error('The process is gone.');
    };
    await expect(world.run()).rejects.toThrow('The process is gone.');
    world.sourceDirectory.beforeCall = () => undefined;

    // Somebody stops it between the look at the job and the journal.
    const { store } = world.services;
    const saveJob = store.saveJob.bind(store);
    world.watch({
      saveJob: async (next: MailboxJob) => {
        const known = await store.getJob(next.batch, next.id);
        const isJournal = next.forwarding?.state === 'intended' && next.forwarding.at !== known?.forwarding?.at;
        if (isJournal && known?.status === 'Provisioning')
          await saveJob(moveJob(known, 'stop', { reason: 'Stopped by ada.', now: world.now }));
        return await saveJob(next);
      },
    });
    await world.runOn();
    expect((await world.jobOf(ann)).status).toBe('Stopped');
    expect(world.sourceDirectory.writes).toEqual([]);
  });

  it('dates the journal anew, so that a roll-back leaves it its time', async () => {
    const world = new StagedWorld();
    await world.begin({ csv: `EmailAddress\n${ann}\n` });
    let fails = true;
    const dates: (string | undefined)[] = [];
    world.sourceDirectory.beforeCall = (name) => {
      if (name !== 'setForwarding') return;
      void world.jobOf(ann).then(({ forwarding }) => dates.push(forwarding?.at));
      if (!fails) return;
      fails = false;
      throw new Error('The process is gone.');
    };
    await expect(world.run()).rejects.toThrow('The process is gone.');
    world.now += 10 * 60_000;
    await world.runOn();
    expect(dates).toHaveLength(2);
    expect(Date.parse(dates[1] ?? '') - Date.parse(dates[0] ?? '')).toBeGreaterThanOrEqual(10 * 60_000);
    expect((await world.jobOf(ann)).forwarding?.state).toBe('set');
  });
});
