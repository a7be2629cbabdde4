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
import { tick } from '../../../shared/application/tick.ts';
import { waiveMailboxes } from '../../../shared/application/waive-mailboxes.ts';
import { batchTransitions } from '../../../shared/domain/batch-transitions.ts';
import { isRunning, type Batch } from '../../../shared/domain/batch.ts';
import { isAtRest, isDue, isUnderWay } from '../../../shared/domain/due-jobs.ts';
import { jobTransitions } from '../../../shared/domain/job-transitions.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { waitingCodeOf } from '../../../shared/domain/waiting-reason.ts';
import { anEndpoint, BatchWorld, Crash } from '../../support/builders/batch-world.ts';
import { SteppedExecutions, type SliceEnd } from '../../support/builders/stepped-world.ts';

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

type Action =
  | { readonly do: 'step'; readonly end: SliceEnd; readonly times: number }
  | { readonly do: 'verb'; readonly verb: Verb; readonly mailbox: (typeof names)[number] | undefined }
  | { readonly do: 'lose'; readonly how: 'gone' | 'aborted' | 'timed-out' | 'failed' }
  | { readonly do: 'crash'; readonly in: number; readonly when: 'before' | 'after' }
  | { readonly do: 'tick'; readonly later: number };

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
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      end: fc.constantFrom<SliceEnd[]>(
        'green',
        'green',
        'not-green',
        'doubtful',
        'fail',
        'misconfigured',
        'wait',
        'vanish',
      ),
      times: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('verb' as const),
      verb: fc.constantFrom<Verb[]>(...verbs),
      mailbox: fc.option(fc.constantFrom(...names), { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('lose' as const),
      how: fc.constantFrom('gone' as const, 'aborted' as const, 'timed-out' as const, 'failed' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      in: fc.integer({ min: 1, max: 25 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      later: fc.constantFrom(0, 5 * 60_000, 25 * hour, 61 * 24 * hour),
    }),
  },
);

interface Step {
  readonly from: readonly string[];
  readonly to: string;
}

/** The statuses that follow each other, by the tables. */
function steps(table: Readonly<Record<string, Step>>): ReadonlySet<string> {
  return new Set(Object.values(table).flatMap(({ from, to }) => from.map((status) => `${status} ${to}`)));
}
const batchSteps = steps(batchTransitions);
const jobSteps = steps(jobTransitions);

/** Rows that came while the batch was running: it rests and starts again in one write. */
function isLegal(from: string, to: string): boolean {
  const through = ['Synced', 'SyncedWithErrors', 'Failed'].filter((rest) => batchSteps.has(`${from} ${rest}`));
  return batchSteps.has(`${from} ${to}`) || (to === 'Validating' && through.length > 0 && from !== 'Stopping');
}

class Machine {
  readonly world = new BatchWorld();
  readonly executions = new SteppedExecutions(this.world);
  readonly illegal: string[] = [];
  readonly seen = new Set<string>();
  asked = 0;
  answered = 0;

  async begin(): Promise<void> {
    const { services } = this.world;
    await services.store.putEndpoint(anEndpoint({ maxConcurrentMigrations: 2 }));
    this.#watch();
    await createBatch(services, {
      name: batch,
      endpoint: 'contoso',
      csv: octets(csv),
      options: {},
      start: false,
      startedBy: 'ann',
    });
  }

  /** Every write of a status is one that the tables know, and Stopped means that no worker is left. */
  #watch(): void {
    const { store } = this.world.services;
    const saveBatch = store.saveBatch.bind(store);
    const saveJob = store.saveJob.bind(store);
    const watched = {
      saveBatch: async (next: Batch) => {
        const before = await this.#quietly(() => store.getBatch(next.name));
        const saved = await saveBatch(next);
        if (before !== undefined && before.status !== next.status) {
          this.seen.add(next.status);
          if (!isLegal(before.status, next.status)) this.illegal.push(`${before.status} -> ${next.status}`);
          if (before.status === 'Stopping' && next.status === 'Stopped')
            for (const [pair, until] of this.executions.held)
              if (until > this.world.now) this.illegal.push(`Stopped while ${pair} has a worker`);
        }
        return saved;
      },
      saveJob: async (next: MailboxJob) => {
        const before = await this.#quietly(() => store.getJob(next.batch, next.id));
        const saved = await saveJob(next);
        if (before !== undefined && before.status !== next.status && !jobSteps.has(`${before.status} ${next.status}`))
          this.illegal.push(`job ${before.status} -> ${next.status}`);
        return saved;
      },
    };
    this.world.watch(watched);
  }

  /** A look of the test's own is no call that a crash could meet. */
  async #quietly<Result>(look: () => Promise<Result>): Promise<Result> {
    const { crash, calls } = this.world;
    this.world.crash = undefined;
    const result = await look();
    this.world.crash = crash;
    this.world.calls = calls;
    return result;
  }

  async act(one: Action): Promise<void> {
    const { world } = this;
    try {
      switch (one.do) {
        case 'step':
          for (let time = 0; time < one.times; time += 1) await this.executions.step(one.end);
          return;
        case 'verb':
          await this.#ask(one.verb, one.mailbox);
          return;
        case 'lose': {
          const [execution] = world.workflow.running();
          if (execution !== undefined) execution.status = one.how;
          return;
        }
        case 'crash':
          world.crash = { call: world.calls + one.in, when: one.when };
          return;
        case 'tick':
          world.now += one.later;
          await tick(world.services);
          return;
      }
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      world.crash = undefined;
      world.workflow.endAll();
    }
  }

  async #ask(verb: Verb, mailbox: string | undefined): Promise<void> {
    this.asked += 1;
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
    this.answered += 1;
  }

  /** Until nothing runs and no tick starts anything. */
  async settle(end: SliceEnd = 'green'): Promise<void> {
    this.world.crash = undefined;
    for (let round = 0; round < 60; round += 1) {
      const { started } = await tick(this.world.services);
      if (started === 0 && this.world.workflow.running().length === 0) return;
      for (let count = 0; count < 400 && (await this.executions.step(end)); count += 1) {
        // One state at a time.
      }
      this.world.now += 5 * 60_000;
    }
    const found = await this.world.services.store.getBatch(batch);
    throw new Error(`The batch does not come to rest: ${found?.status ?? 'gone'}, ${found?.run?.phase ?? 'no run'}`);
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
        expect(machine.illegal).toEqual([]);
        await machine.rests();
        await machine.finish();
        expect(machine.illegal).toEqual([]);
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
