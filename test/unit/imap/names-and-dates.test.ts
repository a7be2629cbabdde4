import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatInternalDate, parseInternalDate } from '../../../shared/domain/internal-date.ts';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from '../../../shared/adapters/imap/protocol/modified-utf7.ts';
import { formatUidSets, parseUidSet, UidSet } from '../../../shared/adapters/imap/protocol/uid-set.ts';

describe('mailbox names on the wire', () => {
  it.each([
    ['INBOX', 'INBOX'],
    ['Größe & Co', 'Gr&APYA3w-e &- Co'],
    // The example of RFC 3501 section 5.1.3.
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['😀', '&2D3eAA-'],
    ['tab\there', 'tab&AAk-here'],
  ])('writes %s as %s and reads it back', (name, wire) => {
    expect(encodeModifiedUtf7(name)).toBe(wire);
    expect(decodeModifiedUtf7(wire)).toBe(name);
  });

  it('reads back every name that it wrote, in printable ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const wire = encodeModifiedUtf7(name);
        expect(wire).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeModifiedUtf7(wire)).toBe(name);
      }),
    );
  });

  it('leaves a name that is not modified UTF-7 as it is', () => {
    expect(decodeModifiedUtf7('Black & White')).toBe('Black & White');
    expect(decodeModifiedUtf7('&A-')).toBe('&A-');
  });
});

describe('INTERNALDATE', () => {
  it.each([
    ['17-Jul-1996 02:44:25 -0700', Date.UTC(1996, 6, 17, 9, 44, 25)],
    [' 1-Mar-2019 10:00:00 +0530', Date.UTC(2019, 2, 1, 4, 30, 0)],
    ['29-FEB-2000 12:00:00 +0000', Date.UTC(2000, 1, 29, 12, 0, 0)],
  ])('reads %s', (text, instant) => {
    expect(parseInternalDate(text)).toBe(instant);
  });

  it('says so when it is no date', () => {
    expect(parseInternalDate('yesterday')).toBeUndefined();
    expect(parseInternalDate('01-Foo-2019 10:00:00 +0000')).toBeUndefined();
  });

  it('reads back every second that it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2_000_000_000, max: 200_000_000_000 }), (seconds) => {
        expect(parseInternalDate(formatInternalDate(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});

describe('UID sets', () => {
  const uidLists = fc
    .uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 800 })
    .map((uids) => uids.sort((a, b) => a - b));

  it('name the same UIDs, in lines that are not too long', () => {
    fc.assert(
      fc.property(uidLists, fc.integer({ min: 12, max: 200 }), (uids, longest) => {
        const sets = formatUidSets(uids, longest);
        expect(sets.every((set) => set.length <= longest)).toBe(true);
        expect(sets.flatMap((set) => parseUidSet(set))).toEqual(uids);
        expect(uids.every((uid) => sets.some((set) => new UidSet(set).has(uid)))).toBe(true);
      }),
    );
  });

  it('are cut to what is of interest before they become numbers', () => {
    expect(parseUidSet('1:4294967295', { from: 7, to: 9 })).toEqual([7, 8, 9]);
  });

  it('may end with the last message', () => {
    expect(new UidSet('20:*').has(4_000_000)).toBe(true);
    expect(new UidSet('20:*').has(19)).toBe(false);
  });

  it('refuses a set that names more messages than any mailbox has, rather than make a list of them', () => {
    expect(() => parseUidSet('1:4294967295')).toThrow('more UIDs');
    expect(() => parseUidSet('1:6000000,7000000:12000000')).toThrow('more UIDs');
    expect(parseUidSet('1:4294967295', { from: 5, to: 7 })).toEqual([5, 6, 7]);
  });

  it('tells whether two sets have a UID in common, whatever the order of their ranges', () => {
    const uids = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(uids, uids, (some, others) => {
        const [a, b] = [some, others].map((list) => new UidSet(list.join(',')));
        expect(a?.isApartFrom(b ?? new UidSet('1:*'))).toBe(!some.some((uid) => others.includes(uid)));
      }),
    );
    expect(new UidSet('5:*').isApartFrom(new UidSet('1:4'))).toBe(true);
    expect(new UidSet('5:*').isApartFrom(new UidSet('1:2,9'))).toBe(false);
  });
});
