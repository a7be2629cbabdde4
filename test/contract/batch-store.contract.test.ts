import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TableBatchStore } from '../../shared/adapters/store/table-batch-store.ts';
import type { PageIntent, PassState } from '../../shared/domain/pair.ts';
import { LostReplies, nothing } from './support/lost-replies.ts';
import { tableKinds } from './support/state-tables.ts';
import type { OpenTables } from './support/state-tables.ts';
import { noItems } from '../../shared/domain/mailbox-job.ts';
import { aBatch, aJob, aMail, anEndpoint } from '../support/builders/store-items.ts';

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Tests share the tables, as batches share a deployment: each takes names of its own. */
let names = 0;
const fresh = (what: string) => `${what}-${(names += 1)}`;

const now = 1_800_000_000_000;

describe.each(tableKinds)('the batch store over $kind', ({ open }) => {
  let tables: OpenTables;
  let replies: LostReplies;
  let store: TableBatchStore;

  beforeAll(async () => {
    tables = await open();
    replies = new LostReplies(tables.state);
    store = new TableBatchStore({ state: replies, passwords: tables.passwords });
  });
  afterAll(async () => {
    await tables.close();
  });

  /** Runs with every write made twice, as after a lost reply. */
  async function withLostReplies<Result>(work: () => Promise<Result>, between = nothing): Promise<Result> {
    replies.losing = true;
    replies.between = between;
    try {
      return await work();
    } finally {
      replies.losing = false;
      replies.between = nothing;
    }
  }

  describe('endpoints', () => {
    it('keeps, replaces, lists and removes them', async () => {
      const [first, second] = [fresh('endpoint'), fresh('endpoint')];
      await store.putEndpoint(anEndpoint(second));
      await store.putEndpoint(anEndpoint(first));
      await store.putEndpoint({ ...anEndpoint(first), maxConcurrentMigrations: 7 });

      expect(await store.getEndpoint(first)).toEqual({ ...anEndpoint(first), maxConcurrentMigrations: 7 });
      expect((await store.listEndpoints()).map(({ name }) => name)).toEqual([first, second]);

      await store.removeEndpoint(first);
      await store.removeEndpoint(first);
      expect(await store.getEndpoint(first)).toBeUndefined();
    });
  });

  describe('batches', () => {
    it('gives back what was written, empty texts, nulls and nested options included', async () => {
      const batch = aBatch({ name: fresh('batch'), options: { a: [1, 2.5, -0.25], b: { c: null, d: '' }, e: true } });
      await store.createBatch(batch);

      expect(await store.getBatch(batch.name)).toEqual(batch);
      expect((await store.listBatches()).map(({ name }) => name)).toContain(batch.name);
      expect(await store.getBatch('nobody')).toBeUndefined();
    });

    it('refuses a name that is taken', async () => {
      const batch = aBatch({ name: fresh('batch') });
      await store.createBatch(batch);

      await expect(store.createBatch({ ...batch, startedBy: 'somebody else' })).rejects.toMatchObject({
        name: 'ConflictError',
        code: 'BATCH_EXISTS',
      });
      expect((await store.getBatch(batch.name))?.startedBy).toBe('admin');
    });

    it('saves a batch only over the version that was read', async () => {
      const batch = aBatch({ name: fresh('batch') });
      await store.createBatch(batch);

      const saved = await store.saveBatch({ ...batch, status: 'Waiting' });

      expect(saved).toEqual({ ...batch, status: 'Waiting', version: 1 });
      expect(await store.getBatch(batch.name)).toEqual(saved);
      await expect(store.saveBatch({ ...batch, status: 'Syncing' })).rejects.toMatchObject({ code: 'STATE_CHANGED' });
      await expect(store.saveBatch(aBatch({ name: fresh('batch') }))).rejects.toMatchObject({ code: 'STATE_CHANGED' });
    });

    it('lets exactly one of many writers of the same version win', async () => {
      const batch = aBatch({ name: fresh('batch') });
      await store.createBatch(batch);

      const writes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, writer) => store.saveBatch({ ...batch, startedBy: `writer ${writer}` })),
      );

      expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await store.getBatch(batch.name))?.version).toBe(1);
    });

    it('takes its own write for success when the reply was lost', async () => {
      const batch = aBatch({ name: fresh('batch') });

      await withLostReplies(() => store.createBatch(batch));
      const saved = await withLostReplies(() => store.saveBatch({ ...batch, reason: 'waits' }));

      expect(saved).toEqual({ ...batch, reason: 'waits', version: 1 });
      expect(await store.getBatch(batch.name)).toEqual(saved);
    });

    it('does not take the write of another, made after its own, for its own', async () => {
      const batch = aBatch({ name: fresh('batch') });
      await store.createBatch(batch);
      const another = async () => {
        const current = (await tables.state.get({ partition: 'BATCHES', sort: batch.name }))!;
        await tables.state.put({ partition: 'BATCHES', sort: batch.name }, { ...current, version: 2, reason: 'other' });
      };

      await expect(withLostReplies(() => store.saveBatch({ ...batch, reason: 'mine' }), another)).rejects.toMatchObject(
        { code: 'STATE_CHANGED' },
      );
    });
  });

  describe('what was found out of an endpoint', () => {
    it('replaces the definition that was seen', async () => {
      const seen = anEndpoint(fresh('endpoint'));
      await store.putEndpoint(seen);
      const next = { ...seen, maxConcurrentMigrations: 7 };

      expect(await store.replaceEndpoint(seen, next)).toBe(true);
      expect(await store.getEndpoint(seen.name)).toEqual(next);
      expect(await withLostReplies(() => store.replaceEndpoint(next, seen))).toBe(true);
      expect(await store.getEndpoint(seen.name)).toEqual(seen);
    });

    it('replaces none that was put or removed meanwhile', async () => {
      const seen = anEndpoint(fresh('endpoint'));
      const next = { ...seen, maxConcurrentMigrations: 7 };
      const other = { ...seen, maxConcurrentMigrations: 3 };
      await store.putEndpoint(other);

      expect(await store.replaceEndpoint(seen, next)).toBe(false);
      expect(await store.getEndpoint(seen.name)).toEqual(other);

      await store.removeEndpoint(seen.name);
      expect(await store.replaceEndpoint(other, next)).toBe(false);
      expect(await store.getEndpoint(seen.name)).toBeUndefined();
    });

    it('is lost to whoever puts the endpoint in the same moment', async () => {
      const seen = anEndpoint(fresh('endpoint'));
      await store.putEndpoint(seen);
      const other = { ...seen, maxConcurrentMigrations: 3 };
      const racing = new TableBatchStore({
        state: Object.assign(new LostReplies(tables.state), {
          put: async (...write: Parameters<LostReplies['put']>) => {
            await store.putEndpoint(other);
            return await replies.put(...write);
          },
        }),
        passwords: tables.passwords,
      });

      expect(await racing.replaceEndpoint(seen, { ...seen, maxConcurrentMigrations: 7 })).toBe(false);
      expect(await store.getEndpoint(seen.name)).toEqual(other);
    });
  });

  describe('numbers of a batch', () => {
    it('are kept, replaced, and gone with the batch', async () => {
      const [first, second] = [fresh('batch'), fresh('batch')];
      const counts = { total: 2, queued: 0, active: 0, synced: 2, completed: 0, failed: 0, stopped: 0, skipped: 0 };
      const at = new Date(now).toISOString();
      const numbers = { counts, items: noItems, createdAt: at, version: 3, at };
      await store.keepNumbers(first, numbers);
      await store.keepNumbers(second, numbers);
      await store.keepNumbers(second, { ...numbers, version: 4 });

      expect((await store.keptNumbers()).get(first)).toEqual(numbers);
      expect((await store.keptNumbers()).get(second)).toEqual({ ...numbers, version: 4 });
      await store.removeBatch(second);
      expect([...(await store.keptNumbers()).keys()]).toEqual([first]);
    });
  });

  describe('mailbox jobs', () => {
    it('creates a job once and returns the one that is there', async () => {
      const job = aJob({ batch: fresh('batch') });

      expect(await store.createJob(job)).toEqual({ outcome: 'created', job });
      const moved = await store.saveJob({ ...job, status: 'Syncing', reason: null });

      expect(await store.createJob(job)).toEqual({ outcome: 'exists', job: moved });
      expect(await store.getJob(job.batch, job.id)).toEqual({ ...job, status: 'Syncing', reason: null, version: 1 });
      expect(await store.getJob(job.batch, 'nobody')).toBeUndefined();
      await expect(store.saveJob(job)).rejects.toMatchObject({ name: 'ConflictError', code: 'STATE_CHANGED' });
    });

    it('takes its own job for created when the reply was lost', async () => {
      const job = aJob({ batch: fresh('batch') });

      expect(await withLostReplies(() => store.createJob(job))).toEqual({ outcome: 'created', job });
      expect(await withLostReplies(() => store.saveJob(job))).toEqual({ ...job, version: 1 });
    });

    it('lists all jobs of one batch by id over several pages, and none of another', async () => {
      const batch = fresh('batch');
      const ids = Array.from({ length: 1203 }, (_, row) => `user-${String(row).padStart(5, '0')}@contoso.test`);
      const reason = 'x'.repeat(1500);
      await Promise.all(ids.toReversed().map((id) => store.createJob(aJob({ batch, id, reason }))));
      await store.createJob(aJob({ batch: `${batch}0` }));
      await store.claim(fresh('mailbox'), batch);
      await store.claimMail(aMail({ batch }), now, 1);

      const jobs = await collect(store.jobs(batch));

      expect(jobs.map(({ id }) => id)).toEqual(ids);
      expect(await collect(store.jobs(fresh('batch')))).toEqual([]);
    });

    it('lists jobs from an id on, in the order of octets', async () => {
      const batch = fresh('batch');
      const ids = ['a@x', 'b@x', 'row-1', 'é@x', '\u{FB01}@x', '\u{1F600}@x', '\u{10FFFF}'];
      await Promise.all(ids.toReversed().map((id) => store.createJob(aJob({ batch, id }))));
      await store.claim('zzz', batch);

      for (const [position, id] of ids.entries())
        expect((await collect(store.jobs(batch, id))).map((job) => job.id)).toEqual(ids.slice(position));
      expect((await collect(store.jobs(batch, 'b'))).map((job) => job.id)).toEqual(ids.slice(1));
      expect(await collect(store.jobs(batch, '\u{10FFFF}z'))).toEqual([]);
    });
  });

  describe('claims', () => {
    it('holds a mailbox for one batch until that batch releases it', async () => {
      const [key, first, second] = [fresh('contoso ann'), fresh('batch'), fresh('batch')];

      expect(await store.claim(key, first)).toEqual({ outcome: 'held' });
      expect(await store.claim(key, first)).toEqual({ outcome: 'held' });
      expect(await store.claim(key, second)).toEqual({ outcome: 'held-by-other', batch: first });

      await store.release(key, second);
      expect(await store.claim(key, second)).toEqual({ outcome: 'held-by-other', batch: first });

      await store.release(key, first);
      expect(await store.claim(key, second)).toEqual({ outcome: 'held' });
    });

    it('names what a batch holds, not what it wanted or had', async () => {
      const [mine, other] = [fresh('batch'), fresh('batch')];
      const keys = Array.from({ length: 120 }, (_, row) => fresh(`key ${String(row).padStart(3, '0')}`));
      const [released, wanted] = [fresh('released'), fresh('wanted')];
      await store.claim(wanted, other);
      await Promise.all([...keys, released, wanted].map((key) => store.claim(key, mine)));
      await store.release(released, mine);

      expect((await collect(store.claimsOf(mine))).toSorted()).toEqual(keys.toSorted());
      expect(await collect(store.claimsOf(other))).toEqual([wanted]);
    });

    it('gives a mailbox that many batches want at once to exactly one', async () => {
      const key = fresh('key');
      const batches = Array.from({ length: 20 }, () => fresh('batch'));

      const claims = await Promise.all(batches.map((batch) => store.claim(key, batch)));

      expect(claims.filter(({ outcome }) => outcome === 'held')).toHaveLength(1);
    });

    it('stays held when the reply was lost', async () => {
      const [key, batch] = [fresh('key'), fresh('batch')];

      expect(await withLostReplies(() => store.claim(key, batch))).toEqual({ outcome: 'held' });
      await withLostReplies(() => store.release(key, batch));
      expect(await collect(store.claimsOf(batch))).toEqual([]);
    });
  });

  describe('the lease of a pair', () => {
    const take = (id: string, holder: string, at = now) =>
      store.takeLease({ id, source: 'imap://a/x', target: 'imap://b/x', holder, now: at, leaseUntil: at + 90_000 });
    const head = { key: 'ledger/p/1-1', sha256: 'aa' };
    const intent: PageIntent = { page: 2, folder: 0, from: 50, to: 99, uidNext: 1, attempt: 1 };

    it('creates the pair with token 1 and counts the token up with every taking', async () => {
      const id = fresh('pair');

      const first = await take(id, 'one');
      expect(first).toEqual({
        schema: 1,
        id,
        source: 'imap://a/x',
        target: 'imap://b/x',
        token: 1,
        leaseUntil: now + 90_000,
        holder: 'one',
        pass: null,
        ledgerHead: null,
        index: null,
      });
      expect(await take(id, 'two')).toBeUndefined();
      expect(await take(id, 'two', now + 90_000)).toBeUndefined();
      expect((await take(id, 'two', now + 90_001))?.token).toBe(2);
      expect((await store.getPair(id))?.holder).toBe('two');
      expect(await store.getPair('nobody')).toBeUndefined();
    });

    it('goes to exactly one of many takers, round after round', async () => {
      const id = fresh('pair');
      for (let round = 1; round <= 5; round += 1) {
        const at = now + round * 1_000_000;
        const taken = await Promise.all(Array.from({ length: 30 }, (_, taker) => take(id, `${round}-${taker}`, at)));

        const winners = taken.filter((pair) => pair !== undefined);
        expect(winners).toHaveLength(1);
        expect(winners[0]?.token).toBe(round);
        expect(await store.getPair(id)).toEqual(winners[0]);
      }
    });

    it('is ours when the reply was lost, with the token of the first write', async () => {
      const id = fresh('pair');

      const pair = await withLostReplies(() => take(id, 'one'));

      expect(pair?.token).toBe(1);
      expect(await store.getPair(id)).toEqual(pair);
    });

    it('leaves what the pair keeps as it is when it is taken over', async () => {
      const id = fresh('pair');
      const pair = (await take(id, 'one'))!;
      const saved = await store.savePair({ ...pair, ledgerHead: head, index: head, leaseUntil: 0 }, null);

      const next = await take(id, 'two', now + 1);

      expect(next).toEqual({ ...saved, token: 2, holder: 'two', leaseUntil: now + 1 + 90_000 });
    });

    it('lets only the holder write, and only behind the head it knows', async () => {
      const id = fresh('pair');
      const pair = (await take(id, 'one'))!;
      const committed = await store.savePair({ ...pair, ledgerHead: head }, null);

      await expect(
        store.savePair({ ...committed, ledgerHead: { key: 'x', sha256: 'bb' } }, null),
      ).rejects.toMatchObject({
        name: 'ConflictError',
        code: 'LEASE_LOST',
      });
      await take(id, 'two', now + 90_001);
      await expect(store.savePair({ ...committed, index: head }, head)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await expect(store.renewLease(id, committed.token, now + 1)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await store.getPair(id)).toEqual({ ...committed, token: 2, holder: 'two', leaseUntil: now + 180_001 });
    });

    it('commits one segment behind the other', async () => {
      const id = fresh('pair');
      const second = { key: 'ledger/p/2-1', sha256: 'bb' };
      const pair = (await take(id, 'one'))!;
      const committed = await store.savePair({ ...pair, ledgerHead: head }, null);

      const renamed = { ...head, sha256: 'cc' };
      await expect(store.savePair({ ...committed, ledgerHead: second }, renamed)).rejects.toThrow(/lease/);
      await expect(store.savePair({ ...committed, ledgerHead: second }, second)).rejects.toThrow(/lease/);
      await store.savePair({ ...committed, ledgerHead: second }, head);
      expect(await store.getPair(id)).toEqual({ ...pair, ledgerHead: second });
      await store.savePair({ ...pair, ledgerHead: null, index: head }, second);
      expect((await store.getPair(id))?.ledgerHead).toBeNull();
    });

    it('takes its own commit for success when the reply was lost, even with a renewal in between', async () => {
      const id = fresh('pair');
      const pair = (await take(id, 'one'))!;
      const renewal = async () => {
        await tables.state.update({ partition: `PAIR#${id}`, sort: 'PASS' }, { set: { leaseUntil: now + 500_000 } });
      };

      const saved = await withLostReplies(() => store.savePair({ ...pair, ledgerHead: head }, null), renewal);

      expect(saved).toEqual({ ...pair, ledgerHead: head, leaseUntil: now + 500_000 });
    });

    it('does not take a successor that took over between for its own commit', async () => {
      const id = fresh('pair');
      const pair = (await take(id, 'one'))!;
      const successor = async () => {
        const change = { add: { token: 1 }, set: { holder: 'two' } };
        await tables.state.update({ partition: `PAIR#${id}`, sort: 'PASS' }, change);
      };

      await expect(
        withLostReplies(() => store.savePair({ ...pair, ledgerHead: head }, null), successor),
      ).rejects.toMatchObject({ code: 'LEASE_LOST' });
    });

    it('renews without touching what is saved beside it', async () => {
      const id = fresh('pair');
      const pair = (await take(id, 'one'))!;

      await Promise.all([
        store.savePair({ ...pair, ledgerHead: head }, null),
        store.renewLease(id, pair.token, now + 200_000),
      ]);
      await withLostReplies(() => store.renewLease(id, pair.token, now + 300_000));

      expect(await store.getPair(id)).toEqual({ ...pair, ledgerHead: head, leaseUntil: now + 300_000 });
      await expect(store.renewLease(fresh('pair'), 1, now)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    });

    it('is not undone by an earlier write of its holder that arrives late', async () => {
      const id = fresh('pair');
      const pair = (await take(id, 'one'))!;
      const first = await store.savePair({ ...pair, index: { key: 'first', sha256: 'aa' } }, null);
      const lateSave = replies.repeatLast;
      const second = await store.savePair({ ...first, index: { key: 'second', sha256: 'bb' } }, null);
      await lateSave();
      expect(await store.getPair(id)).toEqual(second);

      await store.renewLease(id, pair.token, now + 100_000);
      const lateRenewal = replies.repeatLast;
      await store.renewLease(id, pair.token, now + 200_000);
      await lateRenewal();
      expect((await store.getPair(id))?.leaseUntil).toBe(now + 200_000);
    });

    it('goes on where another store of the same tables stopped', async () => {
      const pair = (await take(fresh('pair'), 'one'))!;
      const committed = await store.savePair({ ...pair, ledgerHead: head }, null);
      const successor = new TableBatchStore({ state: tables.state, passwords: tables.passwords });

      await successor.savePair({ ...committed, index: head }, head);
      expect(await store.getPair(pair.id)).toEqual({ ...committed, index: head });
    });

    it('refuses an item that outgrew 4 KB and keeps the old one', async () => {
      const pair = (await take(fresh('pair'), 'one'))!;
      const pass = { intent: Array.from({ length: 100 }, () => intent) };

      await expect(store.savePair({ ...pair, pass: pass as unknown as PassState }, null)).rejects.toThrow(/4096/);
      expect(await store.getPair(pair.id)).toEqual(pair);
    });
  });

  describe('mailbox slots', () => {
    const slot = (endpoint: string, holder: string, { slots = 3, at = now } = {}) =>
      store.takeSlot({ endpoint, slots, holder, now: at, until: at + 90_000 });

    it('never gives out more than there are, however many ask at once', async () => {
      const endpoint = fresh('endpoint');

      const taken = await Promise.all(
        Array.from({ length: 40 }, (_, holder) => slot(endpoint, `holder ${holder}`, { slots: 7 })),
      );

      const numbers = taken.filter((number) => number !== undefined);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers.length).toBe(7);
      expect(await store.slotsInUse(endpoint, now)).toBe(7);
      expect(Math.max(...numbers)).toBeLessThan(7);
    });

    it('gives out all there are before it says that all are in use', async () => {
      const endpoint = fresh('endpoint');

      const numbers = [await slot(endpoint, 'a'), await slot(endpoint, 'b'), await slot(endpoint, 'c')];

      expect(numbers.toSorted()).toEqual([0, 1, 2]);
      expect(await slot(endpoint, 'd')).toBeUndefined();
      expect(await slot(fresh('endpoint'), 'd')).toBeDefined();
    });

    it('renews the slot that a holder has instead of taking another', async () => {
      const endpoint = fresh('endpoint');
      const number = await slot(endpoint, 'a');

      expect(await slot(endpoint, 'a', { at: now + 60_000 })).toBe(number);
      expect(await store.slotsInUse(endpoint, now + 140_000)).toBe(1);
    });

    it('takes over a slot only when its time is past', async () => {
      const endpoint = fresh('endpoint');
      await slot(endpoint, 'a', { slots: 1 });

      expect(await slot(endpoint, 'b', { slots: 1, at: now + 90_000 })).toBeUndefined();
      expect(await slot(endpoint, 'b', { slots: 1, at: now + 90_001 })).toBe(0);
      expect(await slot(endpoint, 'a', { slots: 1, at: now + 90_002 })).toBeUndefined();
    });

    it('is released by its holder alone', async () => {
      const endpoint = fresh('endpoint');
      await slot(endpoint, 'a', { slots: 1 });

      await store.releaseSlot(endpoint, 0, 'b');
      expect(await slot(endpoint, 'b', { slots: 1 })).toBeUndefined();

      await withLostReplies(() => store.releaseSlot(endpoint, 0, 'a'));
      expect(await slot(endpoint, 'b', { slots: 1 })).toBe(0);
    });

    it('counts one slot when the reply was lost', async () => {
      const endpoint = fresh('endpoint');

      await withLostReplies(() => slot(endpoint, 'a'));

      expect(await store.slotsInUse(endpoint, now)).toBe(1);
    });

    it('moves a holder into the slots that are left when their number was lowered', async () => {
      const endpoint = fresh('endpoint');
      const holders = ['a', 'b', 'c'];
      const numbers = await Promise.all(holders.map((holder) => slot(endpoint, holder)));
      const [outside, inside] = [holders[numbers.indexOf(2)]!, holders[numbers.indexOf(0)]!];

      expect(await slot(endpoint, outside, { slots: 1 })).toBeUndefined();
      await store.releaseSlot(endpoint, 0, inside);
      expect(await slot(endpoint, outside, { slots: 1 })).toBe(0);
      expect(await store.slotsInUse(endpoint, now)).toBe(2);
    });
  });

  describe('the end of all leases at a start', () => {
    it('frees every pair and slot and leaves the rest as it is', async () => {
      const endpoint = fresh('endpoint');
      const ids = Array.from({ length: 120 }, () => fresh('pair'));
      const lease = (id: string, at: number) =>
        store.takeLease({ id, source: 's', target: 't', holder: fresh('h'), now: at, leaseUntil: at + 1e9 });
      await Promise.all(ids.map((id) => lease(id, now)));
      await store.takeSlot({ endpoint, slots: 1, holder: 'a', now, until: now + 1e9 });
      const batch = aBatch({ name: fresh('batch') });
      await store.createBatch(batch);

      await store.endAllLeases();

      expect(await store.slotsInUse(endpoint, now)).toBe(0);
      const again = await Promise.all(ids.map((id) => lease(id, now)));
      expect(again.map((pair) => pair?.token)).toEqual(ids.map(() => 2));
      expect(await store.getBatch(batch.name)).toEqual(batch);
    });
  });

  describe('sealed passwords', () => {
    it('keeps them in their own table, replaces and removes them', async () => {
      const context = fresh('contoso/ann@contoso.test');

      await store.putSealedPassword(context, 'sealed one');
      await store.putSealedPassword(context, 'sealed two');
      expect(await store.getSealedPassword(context)).toBe('sealed two');
      expect((await collect(tables.passwords.scan(context))).flat()).toHaveLength(1);
      expect((await collect(tables.state.scan(context))).flat()).toHaveLength(0);

      await store.removeSealedPassword(context);
      await store.removeSealedPassword(context);
      expect(await store.getSealedPassword(context)).toBeUndefined();
    });
  });

  describe('mails', () => {
    const openFor = 15 * 60_000;

    it('is to be sent by exactly one of many who claim it', async () => {
      const batch = fresh('batch');

      const claims = await Promise.all(
        Array.from({ length: 20 }, () => store.claimMail(aMail({ batch }), now, openFor)),
      );

      expect(claims.filter((claim) => claim === 'send')).toHaveLength(1);
      expect(claims.filter((claim) => claim === 'done')).toHaveLength(19);
      expect(await store.mailsOf(batch)).toEqual([aMail({ batch, claimedAt: now, attempts: 1 })]);
    });

    it('is the claimer’s when the reply was lost', async () => {
      const batch = fresh('batch');

      expect(await withLostReplies(() => store.claimMail(aMail({ batch }), now, openFor))).toBe('send');
      expect(await withLostReplies(() => store.claimMail(aMail({ batch }), now + openFor, openFor))).toBe('repeat');
    });

    it('is sent once more, by one, when a claim was left open, and never a third time', async () => {
      const batch = fresh('batch');
      await store.claimMail(aMail({ batch }), now, openFor);

      expect(await store.claimMail(aMail({ batch }), now + openFor - 1, openFor)).toBe('done');
      const later = now + openFor;
      const claims = await Promise.all(
        Array.from({ length: 10 }, () => store.claimMail(aMail({ batch }), later, openFor)),
      );
      expect(claims.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'done'), 'repeat']);
      expect(await store.claimMail(aMail({ batch }), later + openFor, openFor)).toBe('done');
      expect((await store.mailsOf(batch))[0]?.attempts).toBe(2);
    });

    it.each(['sent', 'failed'] as const)('is done when it is recorded as %s', async (outcome) => {
      const batch = fresh('batch');
      await store.claimMail(aMail({ batch }), now, openFor);

      await withLostReplies(() => store.recordMail(aMail({ batch, outcome, detail: 'id 1' })));

      expect(await store.claimMail(aMail({ batch }), now + 10 * openFor, openFor)).toBe('done');
      expect(await store.mailsOf(batch)).toEqual([
        aMail({ batch, outcome, detail: 'id 1', claimedAt: now, attempts: 1 }),
      ]);
    });

    it('stays sent when a slower attempt fails afterwards', async () => {
      const batch = fresh('batch');
      await store.recordMail(aMail({ batch, outcome: 'sent', detail: 'id 1' }));

      await store.recordMail(aMail({ batch, outcome: 'failed', detail: 'timed out' }));

      expect((await store.mailsOf(batch))[0]).toMatchObject({ outcome: 'sent', detail: 'id 1' });
    });

    it('is another mail for another kind or occasion', async () => {
      const batch = fresh('batch');

      expect(await store.claimMail(aMail({ batch }), now, openFor)).toBe('send');
      expect(await store.claimMail(aMail({ batch, occasion: '2' }), now, openFor)).toBe('send');
      expect(await store.claimMail(aMail({ batch, kind: 'stopped' }), now, openFor)).toBe('send');
      expect(await store.mailsOf(batch)).toHaveLength(3);
    });
  });

  describe('time-lines and audit trails', () => {
    const entry = (version: number, since: string) => ({
      ...{ schema: 1 as const, version, since, status: 'Queued' as const },
      ...{ reason: 'Waits.', errorCode: null, cause: 'Its row was read.' },
    });
    const audit = (batch: string, at: string, id: string) => ({
      ...{ schema: 1 as const, batch, at, id, who: 'ada', verb: 'stop' as const },
      ...{ mailboxes: [], mailboxCount: 0, detail: '', why: '', outcome: 'done' as const },
    });

    it('keeps the stretches of a job in order, and one for each version', async () => {
      const batch = fresh('batch');
      const [first, second] = [entry(9, '2026-11-20T21:00:00.000Z'), entry(10, '2026-11-20T21:00:01.000Z')];
      await store.putTimelineEntry(batch, 'a@x.test', second);
      await store.putTimelineEntry(batch, 'a@x.test', first);
      await withLostReplies(() => store.putTimelineEntry(batch, 'a@x.test', first));
      await store.putTimelineEntry(batch, 'a@x.test#1', entry(1, '2026-11-20T21:00:02.000Z'));

      expect(await collect(store.timelineOf(batch, 'a@x.test'))).toEqual([first, second]);
    });

    it('removes a job with its time-line, and no other', async () => {
      const batch = fresh('batch');
      const [gone, stays] = [aJob({ batch, id: 'a@x.test' }), aJob({ batch, id: 'a@x.test2' })];
      for (const { id, ...job } of [gone, stays]) {
        await store.createJob({ ...job, id });
        await store.putTimelineEntry(batch, id, entry(1, '2026-11-20T21:00:00.000Z'));
      }

      await store.removeJob(batch, gone.id);
      await store.removeJob(batch, gone.id);

      expect(await collect(store.jobs(batch))).toEqual([stays]);
      expect(await collect(store.timelineOf(batch, gone.id))).toEqual([]);
      expect(await collect(store.timelineOf(batch, stays.id))).toHaveLength(1);
    });

    it('appends to the audit trail, by time, and changes nothing in it', async () => {
      const batch = fresh('batch');
      const [first, second] = [
        audit(batch, '2026-11-20T21:00:00.000Z', 'b'),
        audit(batch, '2026-11-20T21:00:01.000Z', 'a'),
      ];
      await store.appendAudit(second);
      await withLostReplies(() => store.appendAudit(first));

      await expect(store.appendAudit({ ...first, who: 'eve' })).rejects.toMatchObject({ code: 'STATE_CHANGED' });
      expect(await collect(store.auditOf(batch))).toEqual([first, second]);
      await store.removeAudit(batch);
      expect(await collect(store.auditOf(batch))).toEqual([]);
    });
  });

  describe('removed batches', () => {
    it('removes a batch and the records of its mails, and remembers until when its reports are kept', async () => {
      const batch = aBatch({ name: fresh('batch') });
      const [removedAt, keepUntil] = ['2026-11-20T21:00:00.000Z', '2027-11-20T21:00:00.000Z'];
      const removed = { schema: 1 as const, name: batch.name, removedAt, removedBy: 'ada', keepUntil };
      await store.createBatch(batch);
      await store.recordMail(aMail({ batch: batch.name }));

      await store.putRemovedBatch(removed);
      await store.removeMails(batch.name);
      await store.removeBatch(batch.name);
      await store.removeBatch(batch.name);

      expect(await store.getBatch(batch.name)).toBeUndefined();
      expect(await store.mailsOf(batch.name)).toEqual([]);
      expect(await store.listRemovedBatches()).toContainEqual(removed);
      await store.dropRemovedBatch(batch.name);
      expect(await store.listRemovedBatches()).not.toContainEqual(removed);
    });
  });
});
