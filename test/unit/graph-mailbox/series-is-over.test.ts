import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isSeriesOver } from '../../../shared/adapters/graph/mailbox/series-is-over.ts';
import type { Recurrence } from '../../../shared/domain/items/recurrence.ts';
import { recurrenceDays } from '../../../simulator/exchange-online/store/recurrence.ts';

const hour = 3_600_000;
/** In Berlin, where winter is an hour ahead. */
const nine = { utc: '2025-01-06T08:00:00Z', local: '2025-01-06T09:00:00' };
const ten = { utc: '2025-01-06T09:00:00Z', local: '2025-01-06T10:00:00' };
const mondays: Recurrence['pattern'] = {
  type: 'weekly',
  interval: 1,
  daysOfWeek: ['monday'],
  firstDayOfWeek: 'monday',
};

function isOver(recurrence: Recurrence, at: string): boolean {
  return isSeriesOver({ start: nine, end: ten }, recurrence, Date.parse(at));
}

describe('A series', () => {
  it.each([
    [{ type: 'numbered', startDate: '2025-01-06', numberOfOccurrences: 3 } as const],
    [{ type: 'endDate', startDate: '2025-01-06', endDate: '2025-01-26' } as const],
  ])('is over after its last occurrence, and not before: $type', (range) => {
    expect(isOver({ pattern: mondays, range }, '2025-01-20T08:59:00Z')).toBe(false);
    expect(isOver({ pattern: mondays, range }, '2025-01-20T10:01:00Z')).toBe(true);
  });

  it('without an end is never over', () => {
    const range = { type: 'noEnd', startDate: '2025-01-06' } as const;

    expect(isOver({ pattern: mondays, range }, '2125-01-01T00:00:00Z')).toBe(false);
  });

  it('that runs to an end of all time is looked at as far as today', () => {
    const range = { type: 'endDate', startDate: '2025-01-06', endDate: '4500-12-31' } as const;

    expect(isOver({ pattern: mondays, range }, '2026-01-01T00:00:00Z')).toBe(false);
  });

  const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
  const interval = fc.integer({ min: 1, max: 4 });
  const dayOfMonth = fc.integer({ min: 1, max: 31 });
  const month = fc.integer({ min: 1, max: 12 });
  const daysOfWeek = fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 });
  const index = fc.constantFrom('first', 'second', 'third', 'fourth', 'last');
  const pattern = fc.oneof(
    fc.record({ type: fc.constant('daily'), interval }),
    fc.record({ type: fc.constant('weekly'), interval, daysOfWeek, firstDayOfWeek: fc.constantFrom(...weekdays) }),
    fc.record({ type: fc.constant('absoluteMonthly'), interval, dayOfMonth }),
    fc.record({ type: fc.constant('relativeMonthly'), interval, daysOfWeek, index }),
    fc.record({ type: fc.constant('absoluteYearly'), interval, month, dayOfMonth }),
    fc.record({ type: fc.constant('relativeYearly'), interval, month, daysOfWeek, index }),
  ) as fc.Arbitrary<Recurrence['pattern']>;

  it('ends with the occurrence that the practice Exchange Online ends it with', () => {
    fc.assert(
      fc.property(pattern, fc.integer({ min: 1, max: 6 }), (some, numberOfOccurrences) => {
        const range = { type: 'numbered', startDate: '2025-01-06', numberOfOccurrences } as const;
        const days = recurrenceDays({ pattern: { ...some }, range }, '2054-12-31');
        // One that comes too seldom to be looked at so far.
        fc.pre(days.length === numberOfOccurrences);
        const end = Date.parse(`${days.at(-1) ?? ''}T09:00:00Z`);
        const about = { start: nine, end: ten };

        expect(isSeriesOver(about, { pattern: some, range }, end)).toBe(false);
        expect(isSeriesOver(about, { pattern: some, range }, end + hour + 1)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
