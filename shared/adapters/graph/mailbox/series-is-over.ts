import { assertNever } from '../../../domain/assert-never.ts';
import type { CalendarEvent } from '../../../domain/items/calendar-event.ts';
import type { Recurrence, Weekday } from '../../../domain/items/recurrence.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const weekdays: readonly Weekday[] = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const indexes = ['first', 'second', 'third', 'fourth'];

/**
 * Whether the last occurrence that a series has by its rule is over. Of one that begins in summer and ends in winter the
 * occurrences are up to an hour later than is counted here.
 */
export function isSeriesOver(
  { start, end }: Pick<CalendarEvent, 'start' | 'end'>,
  { pattern, range }: Recurrence,
  now: number,
): boolean {
  if (range.type === 'noEnd') return false;
  const lastDay = range.type === 'endDate' ? dayOf(range.endDate) : Infinity;
  const most = range.type === 'numbered' ? range.numberOfOccurrences : Infinity;
  const afterMidnight = Date.parse(end.utc) - Date.parse(`${start.local.slice(0, 10)}T00:00:00Z`);
  let count = 0;
  for (const day of daysOf(pattern, dayOf(range.startDate))) {
    if (day > lastDay || count >= most) return true;
    if (day * dayMs + afterMidnight + hourMs >= now) return false;
    count += 1;
  }
  return true;
}

function dayOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / dayMs;
}

/** Days since 1970 on which it falls, from the first one on, without end. */
function* daysOf(pattern: Recurrence['pattern'], first: number): Generator<number, void, undefined> {
  switch (pattern.type) {
    case 'daily':
      for (let day = first; ; day += pattern.interval) yield day;
    case 'weekly': {
      const weekBegins = weekdays.indexOf(pattern.firstDayOfWeek);
      const monday = first - ((weekdayOf(first) - weekBegins + 7) % 7);
      for (let week = monday; ; week += 7 * pattern.interval) {
        for (let day = Math.max(week, first); day < week + 7; day += 1) if (isOneOf(pattern.daysOfWeek, day)) yield day;
      }
    }
    case 'absoluteMonthly':
    case 'relativeMonthly':
      yield* daysOfMonths(pattern, { first, month: monthOf(first), months: pattern.interval });
      return;
    case 'absoluteYearly':
    case 'relativeYearly': {
      const month = monthOf(first) - (monthOf(first) % 12) + pattern.month - 1;
      yield* daysOfMonths(pattern, { first, month, months: 12 * pattern.interval });
      return;
    }
    case 'regenerating':
      return;
    default:
      assertNever(pattern);
  }
}

type InMonths = Exclude<Recurrence['pattern'], { type: 'daily' | 'weekly' | 'regenerating' }>;

function* daysOfMonths(
  pattern: InMonths,
  from: { readonly first: number; readonly month: number; readonly months: number },
): Generator<number, void, undefined> {
  for (let month = from.month; ; month += from.months) {
    const begins = firstOf(month);
    const length = firstOf(month + 1) - begins;
    const days = Array.from({ length }, (_, at) => begins + at);
    // The 31st is the last day of a shorter month.
    const fitting =
      'dayOfMonth' in pattern
        ? days.slice(Math.min(pattern.dayOfMonth, length) - 1)
        : days.filter((day) => isOneOf(pattern.daysOfWeek, day));
    const day = 'dayOfMonth' in pattern || pattern.index !== 'last' ? fitting[at(pattern)] : fitting.at(-1);
    if (day !== undefined && day >= from.first) yield day;
  }
}

function at(pattern: InMonths): number {
  return 'dayOfMonth' in pattern ? 0 : indexes.indexOf(pattern.index);
}

function weekdayOf(day: number): number {
  // 1 January 1970 was a Thursday.
  return (((day + 4) % 7) + 7) % 7;
}

function isOneOf(days: readonly Weekday[], day: number): boolean {
  return days.some((name) => weekdays.indexOf(name) === weekdayOf(day));
}

/** Months since January of the year 0. */
function monthOf(day: number): number {
  const date = new Date(day * dayMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function firstOf(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12, 1) / dayMs;
}
