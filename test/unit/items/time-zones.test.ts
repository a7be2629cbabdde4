import { describe, expect, it } from '@jest/globals';
import { dayOf, dayStart, eventTime, offsetMinutes, zoneOf } from '../../../shared/domain/items/time-zones.ts';
import { windowsTimeZones } from '../../../shared/domain/items/windows-time-zones.ts';

const when = new Date('2026-11-20T00:00:00Z');

describe('A time zone of a source', () => {
  it('has rules that Node knows, whatever Windows calls it', () => {
    for (const id of windowsTimeZones.keys()) {
      expect(Math.abs(offsetMinutes(id, when))).toBeLessThanOrEqual(14 * 60);
      expect(() => new Intl.DateTimeFormat('en', { timeZone: windowsTimeZones.get(id) })).not.toThrow();
    }
  });

  it.each([
    ['W. Europe Standard Time', '2026-01-15T08:00:00Z', '2026-01-15T09:00:00'],
    ['W. Europe Standard Time', '2026-07-15T07:00:00Z', '2026-07-15T09:00:00'],
    ['Eastern Standard Time', '2026-07-15T02:00:00Z', '2026-07-14T22:00:00'],
    ['India Standard Time', '2026-07-15T02:00:00Z', '2026-07-15T07:30:00'],
    ['UTC', '1999-12-31T23:59:59Z', '1999-12-31T23:59:59'],
  ])('says what a clock in %s shows at %s', (id, utc, local) => {
    expect(eventTime({ id }, new Date(utc))).toEqual({ utc, local });
  });

  it('is known by any of its names', () => {
    const names = ['(GMT+01:00) Berlin', 'w. europe standard time'];

    expect(zoneOf({ names }, when)).toEqual({ id: 'W. Europe Standard Time', name: names[0], exact: true });
    expect(zoneOf({ names: ['Asia/Tokyo'] }, when)).toMatchObject({ id: 'Tokyo Standard Time', exact: true });
  });

  it('is known by its rules where it has no name that is known', () => {
    const berlin = { january: 60, july: 120 };
    const sydney = { january: 660, july: 600 };

    expect(zoneOf({ names: ['Berlin'], offsets: berlin }, when)).toMatchObject({
      id: 'W. Europe Standard Time',
      exact: false,
    });
    expect(zoneOf({ names: [], offsets: sydney }, when)).toMatchObject({ id: 'AUS Eastern Standard Time' });
    expect(zoneOf({ names: ['Mars'], offsets: { january: 7, july: 7 } }, when)).toEqual({
      id: 'UTC',
      name: 'Mars',
      exact: false,
    });
  });
});

describe('A day that a source gives as a moment', () => {
  it.each([
    ['2026-11-19T23:00:00Z', '2026-11-20'],
    ['2026-11-20T05:00:00Z', '2026-11-20'],
    ['2026-11-20T00:00:00Z', '2026-11-20'],
    ['1980-02-29T11:59:00Z', '1980-02-29'],
    ['2026-11-19T12:00:00Z', '2026-11-20'],
  ])('%s is %s', (moment, day) => {
    expect(dayOf(new Date(moment))).toBe(day);
  });

  it('begins at midnight of its zone, also thirteen hours ahead of UTC', () => {
    const zone = { id: 'New Zealand Standard Time' };

    expect(dayStart(zone, new Date('2026-01-14T11:00:00Z')).local).toBe('2026-01-15T00:00:00');
    expect(dayStart({ id: 'UTC' }, new Date('2026-01-14T23:00:00Z')).local).toBe('2026-01-15T00:00:00');
  });
});
