import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeFailure, emptyTally, injectionsInto, runOnce } from '../../support/copy/faults/each-alone.ts';
import type { FaultKind } from '../../support/copy/faults/io-calls.ts';
import { smallStage, type Stage } from '../../support/copy/faults/profiles.ts';

const kinds: readonly FaultKind[] = [
  'killed',
  'killed-after',
  'frozen-for-good',
  'frozen-for-a-slice',
  'fails',
  'reply-lost',
  'made-twice',
];

/** They take seconds; a machine may be busy with more than this. */
const patienceMs = 900_000;

describe('A mailbox whose worker, or whose store, fails at any one call', () => {
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
