import { describe, expect, it } from '@jest/globals';
import { circumstances, circumstancesNames } from '../../support/copy/lives/circumstances.ts';
import { describeEnding, live } from '../../support/copy/lives/life.ts';

/** Of each; `test/exhaustive/lives.ts` has no such bound. */
const lives = 6;

/** Those that once ended badly. */
const seeds = [37, 41, 61, 99, 110, 200, 1002, 1011, 1111, 5551];

describe('Mailboxes that change between and during their passes', () => {
  it.each(circumstancesNames)('are copied exactly once: %s', async (name) => {
    const bad: (string | undefined)[] = [];
    const all = [...Array.from({ length: lives }, (_, at) => at + 1), ...seeds];
    for (const seed of all) bad.push(describeEnding(seed, await live(seed, circumstances[name])));

    expect(bad.filter((story) => story !== undefined)).toEqual([]);
  });
});
