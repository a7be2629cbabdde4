import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExpectedItems } from '../../../shared/application/copy/expected-items.ts';
import type { ExpectedItem } from '../../../shared/application/copy/expected-items.ts';

const uid = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const item = fc.record<ExpectedItem>({
  uid,
  target: fc.oneof(uid, fc.integer({ min: 1, max: 50 })),
  // Dates before 1970 and after 2038 too.
  seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 33 }),
  flags: fc.array(fc.constantFrom('\\Seen', '\\Flagged', '$Junk', 'x')),
});
const items = fc.array(item, { maxLength: 600 });

function filledWith(all: readonly ExpectedItem[]): ExpectedItems {
  const expected = new ExpectedItems();
  for (const one of all) expected.add(one);
  return expected;
}

describe('ExpectedItems', () => {
  it('answers as a map by target UID would, of which the last one added wins', () => {
    fc.assert(
      fc.property(items, fc.array(uid), (all, strangers) => {
        const map = new Map(all.map((one) => [one.target, one]));
        const expected = filledWith(all);

        for (const target of [...map.keys(), ...strangers]) expect(expected.see(target)).toEqual(map.get(target));
        expect(expected.namedTwice()).toBe(all.length - map.size);
        expect(expected.lowest()).toBe(all.reduce((lowest, { target }) => Math.min(lowest, target), Infinity));
      }),
    );
  });

  it('knows what was seen, and names the rest once each, by UID at the target', () => {
    fc.assert(
      fc.property(items, fc.nat(), (all, chance) => {
        const map = new Map(all.map((one) => [one.target, one]));
        const expected = filledWith(all);
        const seen = new Set([...map.keys()].filter((target) => (target ^ chance) % 2 === 0));
        for (const target of seen) expected.see(target);

        const unseen = [...map.values()].filter(({ target }) => !seen.has(target));
        expect([...expected.unseen()]).toEqual(unseen.sort((a, b) => a.target - b.target));
        for (const target of map.keys()) expect(expected.wasSeen(target)).toBe(seen.has(target));
      }),
    );
  });

  it('has nothing where nothing was added', () => {
    const expected = new ExpectedItems();

    expect(expected.see(1)).toBeUndefined();
    expect(expected.wasSeen(1)).toBe(false);
    expect([...expected.unseen()]).toEqual([]);
  });
});
