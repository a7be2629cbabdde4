import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultKind } from '../../support/copy/faults/io-calls.ts';
import { oneAfterAnother } from '../../support/copy/faults/one-after-another.ts';
import { largeStage, type Stage } from '../../support/copy/faults/profiles.ts';

const messages = 10_000;
/** Met at every seventh call of a page of 100; the long run (test/exhaustive/) meets each at every call. */
const kinds: readonly FaultKind[] = [
  'bye',
  'stall',
  'no',
  'bad',
  'done-but-no',
  'stored-20s-later',
  'stored-between-looks',
  'part-stored-cut',
];

/** They take seconds; a machine may be busy with more than this. */
const patienceMs = 900_000;

describe('Ten thousand messages whose servers fail at one call after another', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await largeStage('everything offered', { messages, page: 100 });
  }, patienceMs);

  afterAll(async () => {
    await stage.world.close();
  });

  it(
    'are copied exactly once: cut, at every call of a page in turn',
    async () => {
      const { world, start } = await largeStage('everything offered', { messages, page: 40 });
      await world.restore(start);

      const { faults, problems } = await world.run(oneAfterAnother('cut').planner);
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
