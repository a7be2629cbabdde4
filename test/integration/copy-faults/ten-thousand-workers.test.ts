import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultKind } from '../../support/copy/faults/io-calls.ts';
import { oneAfterAnother } from '../../support/copy/faults/one-after-another.ts';
import { largeStage, type Stage } from '../../support/copy/faults/profiles.ts';

const messages = 10_000;
const kinds: readonly FaultKind[] = [
  'part-stored-no',
  'stored-while-written-again',
  'stored-after-the-pass',
  'fails',
  'reply-lost',
  'made-twice',
  'killed',
  'killed-after',
  'frozen-for-good',
  'frozen-for-a-slice',
];

/** They take seconds; a machine may be busy with more than this. */
const patienceMs = 900_000;

describe('Ten thousand messages whose worker and stores fail at one call after another', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await largeStage('everything offered', { messages, page: 40 });
  });

  afterAll(async () => {
    await stage.world.close();
  });

  it.each(kinds)(
    'are copied exactly once: %s',
    async (kind) => {
      await stage.world.restore(stage.start);

      const { faults, problems } = await stage.world.run(oneAfterAnother(kind).planner);

      expect(problems).toEqual([]);
      expect(faults.length).toBeGreaterThan(20);
    },
    patienceMs,
  );
});
