import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatInternalDate,
  internalDateSeconds,
  parseInternalDate,
  writableInternalDate,
} from '../../../shared/domain/internal-date.ts';

describe('Dates of two servers', () => {
  it.each([
    ['17-Jul-1996 02:44:25 -0700', Date.UTC(1996, 6, 17, 9, 44, 25) / 1000],
    [' 1-Jan-1970 00:00:00 +0000', 0],
    ['1-Mar-2019 10:00:00 +0000', Date.UTC(2019, 2, 1, 10) / 1000],
    ['01-Jan-1960 10:00:00 +0000', 0],
    ['01-Jan-0050 00:00:00 +0000', 0],
    ['31-Dec-9999 23:59:59 +0000', Date.UTC(9999, 11, 31, 23, 59, 59) / 1000],
    ['31-Dec-1969 23:59:59 +0000', 0],
    ['31-Feb-2020 00:00:00 +0000', Date.UTC(2020, 2, 2) / 1000],
    ['nonsense', 0],
    ['', 0],
  ])('are compared by seconds that servers keep: %s', (text, seconds) => {
    expect(internalDateSeconds(text)).toBe(seconds);
  });

  it('are read as the platform reads them, in any year', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
        expect(parseInternalDate(formatInternalDate(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});

describe('The date that an item is written with', () => {
  it.each([
    '17-Jul-1996 02:44:25 -0700',
    ' 1-Mar-2019 10:00:00 +0530',
    '29-Feb-2000 12:00:00 +0000',
    '30-Nov-2025 12:00:00 +0000',
    '31-Dec-2037 23:59:59 +0000',
    '31-Dec-9999 23:59:59 +0000',
    '01-Jan-2020 10:00:00 -9959',
  ])('is the one that was read: %s', (text) => {
    expect(writableInternalDate(text)).toBe(text);
  });

  it.each([
    ['01-Jan-0001 00:00:00 +0000', '01-Jan-1970 00:00:00 +0000'],
    ['01-Jan-1960 10:00:00 +0000', '01-Jan-1970 00:00:00 +0000'],
    [' 1-Jan-1970 00:00:00 +0100', '01-Jan-1970 00:00:00 +0000'],
    ['31-Dec-1969 23:59:59 +0000', '01-Jan-1970 00:00:00 +0000'],
    ['31-Feb-2020 00:00:00 +0000', '02-Mar-2020 00:00:00 +0000'],
    ['29-Feb-2019 12:00:00 +0100', '01-Mar-2019 11:00:00 +0000'],
    ['00-Jan-2020 00:00:00 +0000', '31-Dec-2019 00:00:00 +0000'],
    ['01-Jan-2020 24:00:00 +0000', '02-Jan-2020 00:00:00 +0000'],
    ['31-Dec-2016 23:59:60 +0000', '01-Jan-2017 00:00:00 +0000'],
    ['yesterday', '01-Jan-1970 00:00:00 +0000'],
  ])('is the nearest that servers keep: %s as %s', (text, written) => {
    expect(writableInternalDate(text)).toBe(written);
  });

  it('names the same second in every comparison, whatever was read', () => {
    const two = fc.integer({ min: 0, max: 99 }).map((value) => String(value).padStart(2, '0'));
    const month = fc.constantFrom('Jan', 'Feb', 'APR', 'Dec', 'Foo');
    const year = fc.oneof(fc.integer({ min: 1960, max: 2040 }), fc.integer({ min: 0, max: 9999 }));
    const zone = fc.constantFrom('+0000', '-1200', '+1400', '+0545');
    fc.assert(
      fc.property(fc.tuple(two, month, year, two, two, two, zone), ([day, name, of, hour, minute, second, offset]) => {
        const text = `${day}-${name}-${String(of).padStart(4, '0')} ${hour}:${minute}:${second} ${offset}`;
        const written = writableInternalDate(text);
        expect(internalDateSeconds(written)).toBe(internalDateSeconds(text));
        expect(writableInternalDate(written)).toBe(written);
      }),
    );
  });
});
