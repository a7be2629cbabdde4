import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultKind } from '../../support/copy/faults/io-calls.ts';
import { oneAfterAnother } from '../../support/copy/faults/one-after-another.ts';
import { largeStage, type Stage } from '../../support/copy/faults/profiles.ts';

const messages = 10_000;
/**
 * Met at every seventh call of a page of 100; the long run (test/exhaustive/) meets each at every call. A worker that is
 * frozen for good leaves its successor nothing to be met by: see each-fault-of-a-worker.
 */
const kinds: readonly FaultKind[] = [
  'part-stored-no',
  'stored-while-written-again',
  'stored-after-the-pass',
  'fails',
  'reply-lost',
  'made-twice',
  'killed-after',
  'frozen-for-a-slice',
];

/** They take seconds; a machine may be busy with more than this. */
const patienceMs = 900_000;

describe('Ten thousand messages whose worker and stores fail at one call after another', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await largeStage('everything offered', { messages, page: 100 });
  }, patienceMs);

  afterAll(async () => {
    await stage.world.close();
  });

  it(
    'are copied exactly once: killed, at every call of a page in turn',
    async () => {
      const { world, start } = await largeStage('everything offered', { messages, page: 40 });
      await world.restore(start);

      const { faults, problems } = await world.run(oneAfterAnother('killed').planner);
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
