import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { convertSources } from '../../../shared/application/convert/convert-sources.ts';
import { retryBatch } from '../../../shared/application/retry-batch.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { isRunning } from '../../../shared/domain/batch.ts';
import { TransientError } from '../../../shared/domain/errors.ts';
import type { JobForwarding } from '../../../shared/domain/job-preparation.ts';
import { happenings, RandomLife, type Happening } from '../../support/builders/random-life.ts';
import { ann, batchName, bob, routingOf, StagedWorld } from '../../support/directories/staged-world.ts';

const both = [ann, bob] as const;
const hour = 3_600_000;
const verbs = [
  ...(['start', 'resume', 'stop', 'roll-back', 'roll-back', 'retry', 'complete', 'complete-anyway'] as const),
  ...(['complete-anyway', 'convert', 'convert', 'revert'] as const),
] as const;
type Verb = (typeof verbs)[number];

type Action =
  | Happening<Verb>
  /** Somebody else sets, or takes away, what he likes. */
  | { readonly do: 'other'; readonly mailbox: string; readonly takesAway: boolean }
  /** The directory's next calls fail: the answer is lost after the call was done, or the call was not done at all. */
  | { readonly do: 'fault'; readonly calls: number; readonly done: boolean };

const action: fc.Arbitrary<Action> = fc.oneof(
  ...happenings<Verb>({
    steps: {
      weight: 7,
      ends: ['green', 'green', 'green', 'not-green', 'fail', 'wait', 'vanish'],
      // As many as take a batch to its end, every now and then.
      times: fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: 1, max: 12 }) },
        { weight: 2, arbitrary: fc.constant(200) },
      ),
    },
    verbs,
    mailboxes: both,
    crashes: { weight: 2 },
    later: [0, 5 * 60_000, 3 * hour, 49 * hour, 8 * 24 * hour],
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('other' as const),
      mailbox: fc.constantFrom(...both),
      takesAway: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      calls: fc.integer({ min: 1, max: 3 }),
      done: fc.boolean(),
    }),
  },
);

type Old = 'none' | 'elsewhere' | 'there already';
function valueOf(old: Old, address: string): string | null {
  if (old === 'none') return null;
  return old === 'elsewhere' ? 'SMTP:old@elsewhere.test' : routingOf(address);
}

/** What has been written to one person's targetAddress, by whom. */
interface Line {
  value: string | null;
  /** Somebody else's value, or the one of before: none of ours. */
  isTheirs: boolean;
}

class Machine extends RandomLife<StagedWorld, Verb> {
  readonly #lines = new Map<string, Line>();
  readonly #journals = new Map<string, JobForwarding>();
  #others = 0;
  #faults = { calls: 0, done: false };

  constructor() {
    super(new StagedWorld());
  }

  async begin(olds: readonly Old[]): Promise<void> {
    const { world } = this;
    for (const [index, address] of both.entries()) {
      const value = valueOf(olds[index] ?? 'none', address);
      world.sourceDirectory.setByHand(address, value);
      this.#lines.set(`guid-of-${address}`, { value, isTheirs: true });
    }
    world.targetDirectory.add(bob, { isLicensed: false, looks: 2 });
    this.#watch();
    const csv = `EmailAddress,Password\n${both.map((one) => `${one},Secr3t-word`).join('\n')}\n`;
    await world.begin({ csv, options: { rollbackAfter: '48', convertSource: 'apply' } });
  }

  /** The directory is written only as the journal that is saved by then allows. */
  #watch(): void {
    this.watch({
      jobSaved: ({ forwarding, conversion }) => {
        if (forwarding !== undefined) {
          this.#journals.set(forwarding.sourceId, forwarding);
          this.seen.add(`forwarding ${forwarding.state}`);
        }
        if (conversion !== undefined) this.seen.add(`conversion ${conversion.state}`);
      },
    });
    const { sourceDirectory } = this.world;
    sourceDirectory.beforeCall = () => {
      if (this.#faults.calls === 0 || this.#faults.done) return;
      this.#faults.calls -= 1;
      throw lost();
    };
    sourceDirectory.afterCall = () => {
      if (this.#faults.calls === 0 || !this.#faults.done) return;
      this.#faults.calls -= 1;
      throw lost();
    };
    sourceDirectory.onWrite = ({ id, value }) => this.#judge(id, value);
  }

  #judge(id: string, value: string | null): void {
    const line = this.#lines.get(id);
    const journal = this.#journals.get(id);
    if (line === undefined) return;
    const sets = journal?.state === 'intended' && value === journal.next && line.value === journal.before;
    const putsBack = value === journal?.before && line.value === journal.next && !line.isTheirs;
    if (!sets && !putsBack)
      this.wrong.push(`${String(line.value)} -> ${String(value)} with ${JSON.stringify(journal)}`);
    if (putsBack && this.world.sourceDirectory.converted.has(id)) this.wrong.push(`${id} has no mailbox any more`);
    Object.assign(line, { value, isTheirs: putsBack });
  }

  async act(one: Action): Promise<void> {
    try {
      await this.survive(() => this.#do(one));
    } catch (error) {
      if (error instanceof TransientError) return;
      throw error;
    }
    await this.quietly(() => this.explained());
  }

  async #do(one: Action): Promise<void> {
    switch (one.do) {
      case 'other': {
        this.#others += 1;
        const value = one.takesAway ? null : `SMTP:other${String(this.#others)}@elsewhere.test`;
        this.world.sourceDirectory.setByHand(one.mailbox, value);
        this.#lines.set(`guid-of-${one.mailbox}`, { value, isTheirs: true });
        return;
      }
      case 'fault':
        this.#faults = { calls: one.calls, done: one.done };
        return;
      default:
        await this.happen(one);
    }
  }

  protected async ask(verb: Verb, mailbox: string | undefined): Promise<void> {
    const { services } = this.world;
    const order = { batch: batchName, by: 'ada', ...(mailbox === undefined ? {} : { mailboxes: [mailbox] }) };
    switch (verb) {
      case 'start':
      case 'resume':
        await startBatch(services, { ...order, verb });
        return;
      case 'stop':
      case 'roll-back':
        await stopBatch(services, { ...order, rollback: verb === 'roll-back' });
        return;
      case 'retry':
        await retryBatch(services, { ...order, items: false, doubtful: false });
        return;
      case 'complete':
      case 'complete-anyway':
        await completeBatch(services, { ...order, ignoreErrors: verb === 'complete-anyway' });
        return;
      case 'convert':
        await convertSources(services, { ...order, how: 'option', early: 'no room' });
        return;
      case 'revert':
        await convertSources(services, { ...order, how: 'revert' });
        return;
    }
  }

  /** Where new mail goes is what somebody else has set, or what the journal explains and can take back. */
  async explained(): Promise<void> {
    for (const address of both) {
      const value = this.world.sourceDirectory.forwardingOf(address);
      const line = this.#lines.get(`guid-of-${address}`);
      if (line?.isTheirs === true && line.value === value) continue;
      const jobs = await this.world.jobs(batchName);
      const forwarding = jobs.find(({ id }) => id === address)?.forwarding;
      const isOurs = value === routingOf(address) && (forwarding?.state === 'intended' || forwarding?.state === 'set');
      if (!isOurs) this.wrong.push(`${String(value)} is there, and the journal is ${JSON.stringify(forwarding)}`);
    }
  }

  async settle(): Promise<void> {
    this.#faults = { calls: 0, done: false };
    await this.untilAtRest(batchName);
  }

  /** From wherever it stands, to converted source mailboxes and back. */
  async finish(): Promise<void> {
    for (const verb of ['complete-anyway', 'convert', 'convert', 'revert'] as const) {
      await this.ask(verb, undefined);
      await this.settle();
      await this.explained();
    }
    await this.rests();
    expect(this.world.sourceDirectory.converted.size).toBe(0);
  }

  /** At rest, nothing is open: each journal says what is there, unless somebody else has changed it since. */
  async rests(): Promise<void> {
    const batch = await this.world.batch(batchName);
    expect([batch.status, isRunning(batch), batch.run, batch.rollback]).toEqual([batch.status, false, null, undefined]);
    for (const job of await this.world.jobs(batchName)) {
      const line = this.#lines.get(`guid-of-${job.id}`);
      const { forwarding } = job;
      if (forwarding?.state === 'put-back' && line?.isTheirs === false)
        this.wrong.push(`${job.id} is noted as put back, and is ${String(line.value)}`);
      if (forwarding?.state === 'set' && line?.isTheirs === false && line.value !== forwarding.next)
        this.wrong.push(`${job.id} is noted as set, and is ${String(line.value)}`);
      if (['Synced', 'Completed', 'CompletedWithWarnings'].includes(job.status) && forwarding === undefined)
        this.wrong.push(`${job.id} is ${job.status} without ever having been forwarded`);
    }
  }
}

function lost(): TransientError {
  return new TransientError({ code: 'DIRECTORY_UNREACHABLE', message: 'The connection is lost.' });
}

describe('forwarding in a staged batch, whatever is asked of it, whatever is lost and whoever writes besides', () => {
  it('is always somebody else’s value or one that the journal takes back, and never written over somebody else’s', async () => {
    const seen = new Set<string>();
    const old = fc.constantFrom('none' as const, 'elsewhere' as const, 'there already' as const);
    await fc.assert(
      fc.asyncProperty(fc.tuple(old, old), fc.array(action, { minLength: 5, maxLength: 40 }), async (olds, actions) => {
        const machine = new Machine();
        await machine.begin(olds);
        for (const one of actions) await machine.act(one);
        await machine.settle();
        await machine.explained();
        await machine.rests();
        await machine.finish();
        expect(machine.wrong).toEqual([]);
        for (const one of machine.seen) seen.add(one);
      }),
      // A seed: that the runs meet everything is asserted below, and must not hang on luck.
      { numRuns: 120, seed: 20_261_121 },
    );
    expect([...seen]).toEqual(
      expect.arrayContaining([
        ...['Provisioning', 'Syncing', 'Synced', 'Completing', 'Completed', 'Stopping', 'Stopped', 'Failed'],
        ...['intended', 'set', 'found', 'put-back', 'left'].map((state) => `forwarding ${state}`),
        ...['intended', 'converted', 'reverted'].map((state) => `conversion ${state}`),
      ]),
    );
  }, 300_000);
});
