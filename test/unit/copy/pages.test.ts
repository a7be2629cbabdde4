import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findCutOff, skipReason } from '../../../shared/application/copy/item-selection.ts';
import { pageLimits } from '../../../shared/application/copy/page.ts';
import { cutIntoPages } from '../../../shared/application/copy/page-planner.ts';
import type { ItemListing } from '../../../shared/domain/mail.ts';

const item = (uid: number, size: number, internalDate = '01-Jan-2020 00:00:00 +0000'): ItemListing => ({
  uid,
  size,
  internalDate,
  flags: [],
});

const listing = fc
  .uniqueArray(fc.record({ uid: fc.integer({ min: 1, max: 5000 }), size: fc.nat(pageLimits.octets * 2) }), {
    selector: ({ uid }) => uid,
    maxLength: 600,
  })
  .map((items) => items.sort((a, b) => a.uid - b.uid).map(({ uid, size }) => item(uid, size)));

describe('cutIntoPages', () => {
  it('covers the range without gap or overlap, from the highest UID down, ascending inside, within the limits', () => {
    fc.assert(
      fc.property(listing, (items) => {
        const pages = cutIntoPages({ from: 1, to: 5000 }, items);

        expect(pages[0]?.to).toBe(5000);
        expect(pages.at(-1)?.from).toBe(1);
        pages.slice(1).forEach((page, at) => expect(page.to).toBe((pages[at]?.from ?? 0) - 1));
        expect([...pages].reverse().flatMap((page) => page.items)).toEqual(items);
        for (const page of pages) {
          expect(page.items.length).toBeLessThanOrEqual(pageLimits.items);
          const octets = page.items.reduce((sum, { size }) => sum + size, 0);
          expect(page.items.length <= 1 || octets <= pageLimits.octets).toBe(true);
          expect(page.items.every(({ uid }) => uid >= page.from && uid <= page.to)).toBe(true);
        }
      }),
    );
  });
});

describe('the cap over a mailbox', () => {
  it('keeps exactly so many items, the newest', () => {
    const place = fc.record({ seconds: fc.nat(20), folder: fc.nat(3), uid: fc.nat(1000) });
    const places = fc.uniqueArray(place, {
      selector: ({ folder, uid }) => `${String(folder)}/${String(uid)}`,
      maxLength: 80,
    });
    fc.assert(
      fc.property(places, fc.nat(90), (all, most) => {
        const cutOff = findCutOff(all, most);
        const date = (seconds: number): string => `01-Jan-1970 00:00:${String(seconds).padStart(2, '0')} +0000`;
        const rules = {
          options: { receivedAfter: null, receivedBefore: null, skipDeleted: false },
          maxItemBytes: undefined,
          cutOff,
        };
        const kept = all.filter(
          ({ seconds, folder, uid }) => skipReason(item(uid, 1, date(seconds)), folder, rules) === null,
        );

        expect(kept.length).toBe(Math.min(most, all.length));
        const left = all.filter((one) => !kept.includes(one));
        for (const one of kept) expect(left.every((other) => other.seconds <= one.seconds)).toBe(true);
      }),
    );
  });
});
