import { describe, expect, it } from '@jest/globals';
import { describeFailure, emptyTally, pairsInto, runOnce } from '../../support/copy/faults/each-alone.ts';
import { smallStage, type ProfileName } from '../../support/copy/faults/profiles.ts';

/** They take seconds; a machine may be busy with more than this. */
const patienceMs = 900_000;

describe('A mailbox whose recovery from a fault is met by another one', () => {
  it.each<ProfileName>(['everything offered', 'no UIDPLUS'])(
    'is copied exactly once: %s',
    async (profile) => {
      const stage = await smallStage(profile, 'first pass');
      const tally = emptyTally();
      for (const pair of pairsInto(stage.calls, { every: 2 })) await runOnce(stage, pair, tally);
      await stage.world.close();

      expect(tally.failures.map(describeFailure)).toEqual([]);
      expect(tally.runs).toBeGreaterThan(100);
      // The second fault may come too late for the shortest recoveries.
      expect(tally.idle).toBeLessThan(tally.runs / 10);
    },
    patienceMs,
  );
});
