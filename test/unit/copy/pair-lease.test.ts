import { beforeEach, describe, expect, it } from '@jest/globals';
import { TableBatchStore } from '../../../shared/adapters/store/table-batch-store.ts';
import { PairLease } from '../../../shared/application/copy/pair-lease.ts';
import { TransientError } from '../../../shared/domain/errors.ts';
import { settings } from '../../support/builders/batch-world.ts';
import { MemoryStateTable } from '../../support/builders/memory-state-table.ts';
import { ManualClock } from '../imap/support/clocks.ts';

const pair = { id: 'p', source: 'imap://old/alice', target: 'imap://new/alice' };
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const nothing = (): Promise<void> => Promise.resolve();

describe('PairLease', () => {
  let clock: ManualClock;
  let store: TableBatchStore;
  let lease: PairLease;

  beforeEach(async () => {
    clock = new ManualClock();
    store = new TableBatchStore({ state: new MemoryStateTable(), passwords: new MemoryStateTable() });
    const taken = await PairLease.take({ store, clock, settings, log }, pair);
    if (taken === undefined) throw new Error('not taken');
    lease = taken;
  });

  const pass = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += 5) await clock.pass(5_000);
  };

  it('is held for as long as it is renewed', async () => {
    lease.startRenewing(nothing);

    await pass(600);

    expect(() => lease.assertHeld()).not.toThrow();
    expect(lease.lost.aborted).toBe(false);
    await lease.free();
    expect(await store.getPair('p')).toMatchObject({ leaseUntil: 0 });
  });

  it('is given up before it ends when the store does not answer, and not earlier', async () => {
    store.renewLease = () => Promise.reject(new TransientError({ code: 'UNEXPECTED', message: 'no answer' }));
    lease.startRenewing(nothing);

    await pass(75);
    expect(lease.lost.aborted).toBe(false);
    await pass(5);

    expect(lease.lost.aborted).toBe(true);
  });

  it('is given up before it ends when a renewal hangs', async () => {
    store.renewLease = () => new Promise(() => undefined);
    lease.startRenewing(nothing);

    await pass(80);

    expect(lease.lost.aborted).toBe(true);
  });

  it('is found to have ended by the first who is about to send after the process was frozen', async () => {
    lease.startRenewing(nothing);
    let closed = false;
    lease.lost.addEventListener('abort', () => {
      closed = true;
    });
    const later = clock.now() + 95_000;
    // Time has passed, and no timer of the process has run yet.
    clock.now = () => later;

    expect(() => lease.assertHeld()).toThrow('could not be renewed in time');
    expect(closed).toBe(true);
    await expect(PairLease.take({ store, clock, settings, log }, pair)).resolves.toBeDefined();
  });

  it('frees nothing that another has by now, and says nothing of it', async () => {
    await store.takeLease({ ...pair, holder: 'other', now: clock.now() + 100_000, leaseUntil: clock.now() + 200_000 });

    await expect(lease.free()).resolves.toBeUndefined();

    expect(await store.getPair('p')).toMatchObject({ holder: 'other', leaseUntil: clock.now() + 200_000 });
  });
});
