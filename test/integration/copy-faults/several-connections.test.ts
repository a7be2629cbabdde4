import { describe, expect, it } from '@jest/globals';
import {
  describeFailure,
  emptyTally,
  oneKindAtEach,
  pairsInto,
  runOnce,
} from '../../support/copy/faults/each-alone.ts';
import { smallStage, type ProfileName, type Scenario } from '../../support/copy/faults/profiles.ts';

/** Every call is met by one kind of fault or another; all kinds at each: `test/exhaustive/run.ts --connections 3`. */
const combinations: readonly (readonly [ProfileName, Scenario, number])[] = [
  ['everything offered', 'first pass', 3],
  ['everything offered', 'second pass', 2],
  ['no MULTIAPPEND', 'first pass', 2],
  ['no UIDPLUS', 'first pass', 3],
  ['nearly nothing offered', 'second pass', 2],
];

/** They take seconds; a machine may be busy with more than this. */
const patienceMs = 900_000;

/** Something happens on one of the connections while the others go on. */
describe('A mailbox that is copied over several connections', () => {
  it.each(combinations)(
    'is copied exactly once in spite of a fault at any call: %s, %s, %i connections',
    async (profile, scenario, connections) => {
      const stage = await smallStage(profile, scenario, connections);
      const injections = oneKindAtEach(stage.calls);
      const tally = emptyTally();
      for (const injection of injections) await runOnce(stage, [injection], tally);
      await stage.world.close();

      expect(tally.failures.map(describeFailure)).toEqual([]);
      // Which connection comes first is not the same in every run: some calls are not met again.
      expect(tally.idle).toBeLessThan(injections.length / 10);
    },
    patienceMs,
  );

  it.each<ProfileName>(['everything offered', 'no UIDPLUS'])(
    'is copied exactly once when its recovery from a fault is met by another one: %s',
    async (profile) => {
      const stage = await smallStage(profile, 'first pass', 2);
      const tally = emptyTally();
      for (const pair of pairsInto(stage.calls, { every: 4 })) await runOnce(stage, pair, tally);
      await stage.world.close();

      expect(tally.failures.map(describeFailure)).toEqual([]);
      expect(tally.runs).toBeGreaterThan(50);
    },
    patienceMs,
  );
});
