import { describe, expect, it } from '@jest/globals';
import { describeFailure, emptyTally, injectionsInto, runOnce } from '../../support/copy/faults/each-alone.ts';
import { smallStage, type ProfileName } from '../../support/copy/faults/profiles.ts';

/** They take minutes; a machine may be busy with more than this. */
const patienceMs = 1_800_000;

/** Every kind of fault at every call, on one of the connections while the others go on. */
describe('A mailbox that is copied over several connections', () => {
  it.each<readonly [ProfileName, number]>([
    ['everything offered', 2],
    ['no UIDPLUS', 3],
    ['nearly nothing offered', 2],
  ])(
    'is copied exactly once in spite of any fault at any call: %s, %i connections',
    async (profile, connections) => {
      const stage = await smallStage(profile, 'first pass', connections);
      const tally = emptyTally();
      const injections = injectionsInto(stage.calls);
      for (const injection of injections) await runOnce(stage, [injection], tally);
      await stage.world.close();

      expect(tally.failures.map(describeFailure)).toEqual([]);
      // Which connection comes first is not the same in every run: some calls are not met again.
      expect(tally.idle).toBeLessThan(injections.length / 10);
    },
    patienceMs,
  );
});
