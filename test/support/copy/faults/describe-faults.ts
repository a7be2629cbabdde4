import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeFailure, emptyTally, injectionsInto, runOnce } from './each-alone.ts';
import type { FaultKind } from './io-calls.ts';
import { oneAfterAnother } from './one-after-another.ts';
import { largeStage, smallStage, type Stage } from './profiles.ts';

/** They take seconds; a machine may be busy with more than this. */
const patienceMs = 900_000;
const messages = 10_000;

/** Each of these faults at each call of a small migration at which it can happen, alone. */
export function describeEachFault(what: string, kinds: readonly FaultKind[]): void {
  describe(what, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await smallStage('everything offered', 'first pass');
    });

    afterAll(async () => {
      await stage.world.close();
    });

    it.each(kinds)(
      'is copied exactly once: %s',
      async (kind) => {
        const injections = injectionsInto(stage.calls).filter((injection) => injection.kind === kind);
        const tally = emptyTally();
        for (const injection of injections) await runOnce(stage, [injection], tally);

        expect(tally.failures.map(describeFailure)).toEqual([]);
        expect(injections.length).toBeGreaterThan(0);
        expect(tally.byKind.get(kind)).toBe(injections.length);
      },
      patienceMs,
    );
  });
}

/**
 * Ten thousand messages: `first` is met at every call of a page of 40 in turn; the other kinds at every seventh call of a
 * page of 100. The long run (test/exhaustive/) meets each at every call.
 */
export function describeTenThousand(what: string, first: FaultKind, kinds: readonly FaultKind[]): void {
  describe(what, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await largeStage('everything offered', { messages, page: 100 });
    }, patienceMs);

    afterAll(async () => {
      await stage.world.close();
    });

    it(
      `are copied exactly once: ${first}, at every call of a page in turn`,
      async () => {
        const { world, start } = await largeStage('everything offered', { messages, page: 40 });
        await world.restore(start);

        const { faults, problems } = await world.run(oneAfterAnother(first).planner);
        await world.close();

        expect(problems).toEqual([]);
        expect(faults.length).toBeGreaterThan(200);
      },
      patienceMs,
    );

    it.each(kinds)(
      'are copied exactly once: %s',
      async (kind) => {
        await stage.world.restore(stage.start);

        const { faults, problems } = await stage.world.run(oneAfterAnother(kind, 7).planner);

        expect(problems).toEqual([]);
        expect(faults.length).toBeGreaterThan(5);
      },
      patienceMs,
    );
  });
}
