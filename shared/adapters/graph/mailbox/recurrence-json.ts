import { assertNever } from '../../../domain/assert-never.ts';
import type { Recurrence } from '../../../domain/items/recurrence.ts';

/** patternedRecurrence of Graph; undefined where it has none like it. */
export function recurrenceJson(
  { pattern, range }: Recurrence,
  timeZone: string | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (pattern.type === 'regenerating') return undefined;
  const zone = timeZone === undefined ? {} : { recurrenceTimeZone: timeZone };
  return { pattern: { ...pattern }, range: { ...rangeJson(range), ...zone } };
}

function rangeJson(range: Recurrence['range']): Readonly<Record<string, unknown>> {
  switch (range.type) {
    case 'noEnd':
      return { type: 'noEnd', startDate: range.startDate };
    case 'endDate':
      return { type: 'endDate', startDate: range.startDate, endDate: range.endDate };
    case 'numbered':
      return { type: 'numbered', startDate: range.startDate, numberOfOccurrences: range.numberOfOccurrences };
    default:
      return assertNever(range);
  }
}
