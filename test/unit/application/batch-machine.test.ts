import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { approveItems } from '../../../shared/application/approve-items.ts';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { createBatch } from '../../../shared/application/create-batch.ts';
import { addBatchFile } from '../../../shared/application/add-batch-file.ts';
import { listJobs } from '../../../shared/application/list-jobs.ts';
import { removeBatch } from '../../../shared/application/remove-batch.ts';
import { retryBatch } from '../../../shared/application/retry-batch.ts';
import { setOptions } from '../../../shared/application/set-options.ts';
import { showTimeline } from '../../../shared/application/show-timeline.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { waiveMailboxes } from '../../../shared/application/waive-mailboxes.ts';
import { isRunning } from '../../../shared/domain/batch.ts';
import { isAtRest, isDue, isUnderWay } from '../../../shared/domain/due-jobs.ts';
import { waitingCodeOf } from '../../../shared/domain/waiting-reason.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';
import { happenings, RandomLife, type Happening } from '../../support/builders/random-life.ts';

const csv = `EmailAddress,UserName,Password
ann@contoso.test,ann,pw
bob@contoso.test,bob,pw
bad,bad,bad
`;
const more = `EmailAddress,UserName,Password
ann@contoso.test,ann,pw2
carl@contoso.test,carl,pw
`;
const octets = (text: string) => new TextEncoder().encode(text);
const batch = 'wave1';
const names = ['ann@contoso.test', 'bob@contoso.test'] as const;

const verbs = [
  'start',
  'resume',
  'sync',
  'stop',
  'retry',
  'retry-items',
  'complete',
  'complete-anyway',
  'approve',
  'waive',
  'set',
  'add',
  'remove',
] as const;
type Verb = (typeof verbs)[number];

const hour = 3_600_000;
const action = fc.oneof(
  ...happenings<Verb>({
    steps: {
      weight: 6,
      ends: ['green', 'green', 'not-green', 'doubtful', 'fail', 'misconfigured', 'wait', 'vanish'],
      times: fc.integer({ min: 1, max: 12 }),
    },
    verbs,
    mailboxes: names,
    crashes: { weight: 1 },
    later: [0, 5 * 60_000, 25 * hour, 61 * 24 * hour],
  }),
);

class Machine extends RandomLife<BatchWorld, Verb> {
  constructor() {
    super(new BatchWorld());
  }

  async begin(): Promise<void> {
    const { services } = this.world;
    await services.store.putEndpoint(anEndpoint({ maxConcurrentMigrations: 2 }));
    // Stopped means that no worker is left.
    this.watch({
      batchMoved: (before, next) => {
        if (before.status !== 'Stopping' || next.status !== 'Stopped') return;
        for (const [pair, until] of this.executions.held)
          if (until > this.world.now) this.wrong.push(`Stopped while ${pair} has a worker`);
      },
    });
    await createBatch(services, {
      name: batch,
      endpoint: 'contoso',
      csv: octets(csv),
      options: {},
      start: false,
      startedBy: 'ann',
    });
  }

  async act(one: Happening<Verb>): Promise<void> {
    await this.survive(() => this.happen(one));
  }

  protected async ask(verb: Verb, mailbox: string | undefined): Promise<void> {
    const { services } = this.world;
    const order = { batch, by: 'ann', ...(mailbox === undefined ? {} : { mailboxes: [mailbox] }) };
    const flags = { items: verb === 'retry-items', doubtful: verb === 'retry-items' };
    switch (verb) {
      case 'start':
      case 'resume':
        await startBatch(services, { ...order, verb });
        break;
      case 'sync':
        await startBatch(services, { ...order, pass: 'incremental' });
        break;
      case 'stop':
        await stopBatch(services, { ...order, rollback: false });
        break;
      case 'retry':
      case 'retry-items':
        await retryBatch(services, { ...order, ...flags });
        break;
      case 'complete':
      case 'complete-anyway':
        await completeBatch(services, { ...order, ignoreErrors: verb === 'complete-anyway' });
        break;
      case 'approve':
        await approveItems(services, { ...order, why: 'known' });
        break;
      case 'waive':
        await waiveMailboxes(services, { batch, by: 'ann', mailboxes: [mailbox ?? names[0]], why: 'left the company' });
        break;
      case 'set':
        await setOptions(services, { ...order, options: { badItemLimit: '20' } });
        break;
      case 'add':
        await addBatchFile(services, { batch, csv: octets(more), start: true, by: 'ann' });
        break;
      case 'remove':
        await removeBatch(services, { ...order, forget: false });
        break;
    }
  }

  async settle(): Promise<void> {
    await this.untilAtRest(batch);
  }

  async rests(): Promise<void> {
    const { store } = this.world.services;
    const found = await store.getBatch(batch);
    if (found === undefined) return;
    expect({ status: found.status, running: isRunning(found), run: found.run, uploads: found.uploads }).toEqual({
      status: found.status,
      running: false,
      run: null,
      uploads: [],
    });
    const shown = (await listJobs(this.world.services, { batch })) ?? [];
    for await (const job of store.jobs(batch)) {
      expect({ id: job.id, status: job.status, busy: isUnderWay(job) || job.status === 'Stopping' }).toEqual({
        id: job.id,
        status: job.status,
        busy: found.status === 'Paused' && isUnderWay(job),
      });
      // Who does not move says why: in a sentence of the list, or in the words of its error.
      const waits = job.status === 'Queued' || job.status === 'Stopped' || (isDue(job, found) && !isAtRest(job));
      const reason = shown.find(({ mailbox, row }) => mailbox === job.mailbox && row === job.row)?.reason ?? '';
      if (waits)
        expect([job.id, job.status, waitingCodeOf(reason) ?? reason]).not.toEqual([job.id, job.status, reason]);
      const lived = await showTimeline(this.world.services, { batch, mailbox: job.id });
      if (lived.outcome !== 'shown') throw new Error('no time-line');
      const sum = lived.entries.reduce((total, { duration }) => total + duration, 0);
      expect(lived.entries.every(({ duration }) => duration >= 0)).toBe(true);
      expect(sum).toBe(Date.parse(lived.until) - Date.parse(lived.from));
    }
  }

  async #removeAll(forget: boolean): Promise<void> {
    const { services } = this.world;
    const mailboxes = ((await listJobs(services, { batch })) ?? [])
      .map(({ mailbox }) => mailbox)
      .filter((mailbox) => mailbox.includes('@'));
    if (mailboxes.length > 0) await waiveMailboxes(services, { batch, by: 'ann', mailboxes, why: 'over' });
    await removeBatch(services, { batch, by: 'ann', forget });
  }

  /** From wherever it stands, an admin gets to the end. */
  async finish(): Promise<void> {
    const { services } = this.world;
    const status = async () => (await services.store.getBatch(batch))?.status;
    for (let round = 0; round < 6; round += 1) {
      switch (await status()) {
        case undefined:
          return;
        case 'Synced':
        case 'SyncedWithErrors':
          await completeBatch(services, { batch, by: 'ann', ignoreErrors: true });
          break;
        case 'Completed':
        case 'CompletedWithErrors':
          await this.#removeAll(round % 2 === 0);
          break;
        default:
          if ((await startBatch(services, { batch, by: 'ann' })).outcome !== 'started') await this.#removeAll(false);
      }
      await this.settle();
    }
    expect(await status()).toBeUndefined();
  }
}

describe('a batch and its mailboxes, whatever is asked of them and whatever is lost', () => {
  it('take no step that the tables do not know, come to rest, say why they wait, and can be brought to their end', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
        const machine = new Machine();
        await machine.begin();
        for (const one of actions) await machine.act(one);
        await machine.settle();
        expect(machine.wrong).toEqual([]);
        await machine.rests();
        await machine.finish();
        expect(machine.wrong).toEqual([]);
        await leavesNothing(machine.world);
        for (const status of machine.seen) seen.add(status);
      }),
      // A seed: that the runs meet every status is asserted below, and must not hang on luck.
      { numRuns: 120, seed: 20_261_121 },
    );
    // Provisioning belongs to staged and cutover migrations.
    expect([...seen].sort()).toEqual(
      expect.arrayContaining(['Completed', 'Completing', 'Paused', 'Removing', 'Stopped', 'Stopping', 'Synced']),
    );
  }, 300_000);
});

async function leavesNothing({ services, objects }: BatchWorld): Promise<void> {
  const { store } = services;
  if ((await store.getBatch(batch)) !== undefined) return;
  const claims: string[] = [];
  for await (const claim of store.claimsOf(batch)) claims.push(claim);
  expect(claims).toEqual([]);
  for (const name of [...names, 'carl@contoso.test'])
    expect(await store.getSealedPassword(`${batch}/${name}/source`)).toBeUndefined();
  expect(objects.keys().filter((key) => key.startsWith('work/'))).toEqual([]);
  const trail: string[] = [];
  for await (const { verb } of store.auditOf(batch)) trail.push(verb);
  expect(trail).toContain('remove');
}
