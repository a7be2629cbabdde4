import { describe, expect, it } from '@jest/globals';
import { describeFailure, emptyTally, oneKindAtEach, runOnce } from '../../support/copy/faults/each-alone.ts';
import { faultKinds } from '../../support/copy/faults/io-calls.ts';
import { smallStage, type ProfileName, type Scenario } from '../../support/copy/faults/profiles.ts';

/** Every call is met here by one kind of fault or another; all kinds at each are in the long run (test/exhaustive/). */
const combinations: readonly (readonly [ProfileName, Scenario])[] = [
  ['everything offered', 'second pass'],
  ['no MULTIAPPEND', 'first pass'],
  ['no MULTIAPPEND, no LITERAL+', 'first pass'],
  ['no UIDPLUS', 'first pass'],
  ['no MOVE', 'second pass'],
  ['nearly nothing offered', 'second pass'],
];

/** They take seconds; a machine may be busy with more than this. */
const patienceMs = 900_000;

describe('A mailbox between servers that offer less, and in its second pass', () => {
  it.each(combinations)(
    'is copied exactly once in spite of a fault at any call: %s, %s',
    async (profile, scenario) => {
      const stage = await smallStage(profile, scenario);
      const injections = oneKindAtEach(stage.calls);
      const tally = emptyTally();
      for (const injection of injections) await runOnce(stage, [injection], tally);
      await stage.world.close();

      expect(tally.failures.map(describeFailure)).toEqual([]);
      expect(tally.runs).toBe(stage.calls.length);
      expect(tally.idle).toBe(0);
      // There are fewer APPENDs than things that may go wrong with one.
      expect(tally.byKind.size).toBeGreaterThan(faultKinds.length - 5);
    },
    patienceMs,
  );
});
