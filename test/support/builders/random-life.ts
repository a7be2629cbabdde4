import fc from 'fast-check';
import { tick } from '../../../shared/application/tick.ts';
import { batchTransitions } from '../../../shared/domain/batch-transitions.ts';
import type { Batch } from '../../../shared/domain/batch.ts';
import { jobTransitions } from '../../../shared/domain/job-transitions.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { Crash, type BatchWorld } from './batch-world.ts';
import { SteppedExecutions, type SliceEnd } from './stepped-world.ts';

/** What may happen to any batch. */
export type Happening<Verb> =
  | { readonly do: 'step'; readonly end: SliceEnd; readonly times: number }
  | { readonly do: 'verb'; readonly verb: Verb; readonly mailbox: string | undefined }
  | { readonly do: 'lose'; readonly how: 'gone' | 'aborted' | 'timed-out' | 'failed' }
  | { readonly do: 'crash'; readonly in: number; readonly when: 'before' | 'after' }
  | { readonly do: 'tick'; readonly later: number };

interface Weighted<Value> {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Value>;
}

/** Each kind with its weight, for `fc.oneof`. */
export function happenings<Verb>(of: {
  readonly steps: { readonly weight: number; readonly ends: readonly SliceEnd[]; readonly times: fc.Arbitrary<number> };
  readonly verbs: readonly Verb[];
  readonly mailboxes: readonly string[];
  readonly crashes: { readonly weight: number };
  /** Milliseconds that may go by before the clock ticks. */
  readonly later: readonly number[];
}): readonly Weighted<Happening<Verb>>[] {
  return [
    {
      weight: of.steps.weight,
      arbitrary: fc.record({
        do: fc.constant('step' as const),
        end: fc.constantFrom(...of.steps.ends),
        times: of.steps.times,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('verb' as const),
        verb: fc.constantFrom(...of.verbs),
        mailbox: fc.option(fc.constantFrom(...of.mailboxes), { nil: undefined }),
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
      weight: of.crashes.weight,
      arbitrary: fc.record({
        do: fc.constant('crash' as const),
        in: fc.integer({ min: 1, max: 25 }),
        when: fc.constantFrom('before' as const, 'after' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('tick' as const), later: fc.constantFrom(...of.later) }),
    },
  ];
}

interface Transition {
  readonly from: readonly string[];
  readonly to: string;
}

/** The statuses that follow each other, by the tables. */
function steps(table: Readonly<Record<string, Transition>>): ReadonlySet<string> {
  return new Set(Object.values(table).flatMap(({ from, to }) => from.map((status) => `${status} ${to}`)));
}
const batchSteps = steps(batchTransitions);
const jobSteps = steps(jobTransitions);

/** Rows that came while the batch was running: it rests and starts again in one write. */
function isLegal(from: string, to: string): boolean {
  const through = ['Synced', 'SyncedWithErrors', 'Failed'].filter((rest) => batchSteps.has(`${from} ${rest}`));
  return batchSteps.has(`${from} ${to}`) || (to === 'Validating' && through.length > 0 && from !== 'Stopping');
}

/** A batch to which things happen in any order; every status that is written must follow the one before by the tables. */
export abstract class RandomLife<World extends BatchWorld, Verb> {
  readonly world: World;
  readonly executions: SteppedExecutions;
  /** What went against the tables, or against the rules of the test. */
  readonly wrong: string[] = [];
  /** Statuses of the batch, and what else the test wants to have met. */
  readonly seen = new Set<string>();

  protected constructor(world: World) {
    this.world = world;
    this.executions = new SteppedExecutions(world);
  }

  protected abstract ask(verb: Verb, mailbox: string | undefined): Promise<void>;

  /** Looks at every write from now on; what is given looks at those that change something of the test's concern. */
  protected watch(more: {
    readonly batchMoved?: (before: Batch, next: Batch) => void;
    readonly jobSaved?: (next: MailboxJob) => void;
  }): void {
    const { store } = this.world.services;
    const saveBatch = store.saveBatch.bind(store);
    const saveJob = store.saveJob.bind(store);
    this.world.watch({
      saveBatch: async (next: Batch) => {
        const before = await this.quietly(() => store.getBatch(next.name));
        const saved = await saveBatch(next);
        if (before !== undefined && before.status !== next.status) {
          this.seen.add(next.status);
          if (!isLegal(before.status, next.status)) this.wrong.push(`${before.status} -> ${next.status}`);
          more.batchMoved?.(before, next);
        }
        return saved;
      },
      saveJob: async (next: MailboxJob) => {
        const before = await this.quietly(() => store.getJob(next.batch, next.id));
        const saved = await saveJob(next);
        if (before !== undefined && before.status !== next.status && !jobSteps.has(`${before.status} ${next.status}`))
          this.wrong.push(`job ${before.status} -> ${next.status}`);
        more.jobSaved?.(next);
        return saved;
      },
    });
  }

  /** A look of the test's own is no call that a crash could meet. */
  protected async quietly<Result>(look: () => Promise<Result>): Promise<Result> {
    const { crash, calls } = this.world;
    this.world.crash = undefined;
    const result = await look();
    Object.assign(this.world, { crash, calls });
    return result;
  }

  protected async happen(one: Happening<Verb>): Promise<void> {
    const { world } = this;
    switch (one.do) {
      case 'step':
        for (let time = 0; time < one.times && (await this.executions.step(one.end)); time += 1) {
          // One state at a time.
        }
        return;
      case 'verb':
        await this.ask(one.verb, one.mailbox);
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
  }

  /** The process, and all that runs in it, may die of it. */
  protected async survive(something: () => Promise<void>): Promise<void> {
    try {
      await something();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.world.crash = undefined;
      this.world.workflow.endAll();
    }
  }

  /** Until nothing runs and no tick starts anything. */
  protected async untilAtRest(batch: string): Promise<void> {
    this.world.crash = undefined;
    for (let round = 0; round < 60; round += 1) {
      const { started } = await tick(this.world.services);
      if (started === 0 && this.world.workflow.running().length === 0) return;
      for (let count = 0; count < 400 && (await this.executions.step('green')); count += 1) {
        // One state at a time.
      }
      this.world.now += 5 * 60_000;
    }
    const found = await this.world.services.store.getBatch(batch);
    throw new Error(`The batch does not come to rest: ${found?.status ?? 'gone'}, ${found?.run?.phase ?? 'no run'}`);
  }
}
