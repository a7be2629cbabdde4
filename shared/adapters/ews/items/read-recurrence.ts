import type { Recurrence, RecurrencePattern, RecurrenceRange, Weekday } from '../../../domain/items/recurrence.ts';
import { childOf, textOf, type XmlElement } from '../xml/xml-element.ts';
import { oneOf, UnusableItemError } from './item-values.ts';

const week = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
const workdays = week.slice(1, 6);
const indexes = { First: 'first', Second: 'second', Third: 'third', Fourth: 'fourth', Last: 'last' } as const;
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const regenerations = {
  DailyRegeneration: 'day',
  WeeklyRegeneration: 'week',
  MonthlyRegeneration: 'month',
  YearlyRegeneration: 'year',
} as const;

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/recurrence-recurrencetype */
function readRecurrence(element: XmlElement): Recurrence {
  const [pattern, range] = element.children;
  if (pattern === undefined || range === undefined) throw unknownRule();
  return { pattern: patternOf(pattern), range: rangeOf(range) };
}

function patternOf(element: XmlElement): RecurrencePattern {
  const interval = wholeOf(element, 'Interval', 1);
  const regenerating = oneOf(element.name, regenerations);
  if (regenerating !== undefined) return { type: 'regenerating', every: regenerating, interval };
  switch (element.name) {
    case 'DailyRecurrence':
      return { type: 'daily', interval };
    case 'WeeklyRecurrence': {
      const [firstDayOfWeek = 'sunday'] = daysNamed(textOf(element, 'FirstDayOfWeek') ?? '');
      return { type: 'weekly', interval, daysOfWeek: daysOf(element), firstDayOfWeek };
    }
    case 'AbsoluteMonthlyRecurrence':
      return { type: 'absoluteMonthly', interval, dayOfMonth: wholeOf(element, 'DayOfMonth') };
    case 'RelativeMonthlyRecurrence':
      return { type: 'relativeMonthly', interval, daysOfWeek: daysOf(element), index: indexOf(element) };
    case 'AbsoluteYearlyRecurrence':
      return {
        type: 'absoluteYearly',
        interval,
        month: monthOf(element),
        dayOfMonth: wholeOf(element, 'DayOfMonth'),
      };
    case 'RelativeYearlyRecurrence':
      return {
        type: 'relativeYearly',
        interval,
        month: monthOf(element),
        daysOfWeek: daysOf(element),
        index: indexOf(element),
      };
    default:
      throw unknownRule();
  }
}

function rangeOf(element: XmlElement): RecurrenceRange {
  const startDate = dayIn(element, 'StartDate');
  switch (element.name) {
    case 'NoEndRecurrence':
      return { type: 'noEnd', startDate };
    case 'EndDateRecurrence':
      return { type: 'endDate', startDate, endDate: dayIn(element, 'EndDate') };
    case 'NumberedRecurrence':
      return { type: 'numbered', startDate, numberOfOccurrences: wholeOf(element, 'NumberOfOccurrences') };
    default:
      throw unknownRule();
  }
}

/** A date of XML Schema may have a time zone behind it, which says nothing of the day. */
function dayIn(element: XmlElement, name: string): string {
  const day = /^\d{4}-\d\d-\d\d/.exec(textOf(element, name) ?? '')?.[0];
  if (day === undefined) throw unknownRule();
  return day;
}

function wholeOf(element: XmlElement, name: string, otherwise?: number): number {
  const text = textOf(element, name);
  const number = text === undefined ? otherwise : Number(text);
  if (number === undefined || !Number.isInteger(number) || number < 1) throw unknownRule();
  return number;
}

function monthOf(element: XmlElement): number {
  const month = months.indexOf(textOf(element, 'Month') ?? '') + 1;
  if (month === 0) throw unknownRule();
  return month;
}

function indexOf(element: XmlElement): (typeof indexes)[keyof typeof indexes] {
  const index = oneOf(textOf(element, 'DayOfWeekIndex'), indexes);
  if (index === undefined) throw unknownRule();
  return index;
}

function daysOf(element: XmlElement): Weekday[] {
  const days = daysNamed(textOf(element, 'DaysOfWeek') ?? '');
  if (days.length === 0) throw unknownRule();
  return days;
}

/** `Monday Wednesday`, `Day`, `Weekday`, `WeekendDay`. */
function daysNamed(text: string): Weekday[] {
  const named = new Set(
    text.split(/\s+/).flatMap((name): readonly Weekday[] => {
      if (name === 'Day') return week;
      if (name === 'Weekday') return workdays;
      if (name === 'WeekendDay') return ['sunday', 'saturday'];
      return week.filter((day) => day === name.toLowerCase());
    }),
  );
  return week.filter((day) => named.has(day));
}

function unknownRule(): UnusableItemError {
  return new UnusableItemError('It recurs by a rule that is not known.');
}

/** The rule of an item; undefined: it has none. */
export function recurrenceOf(item: XmlElement): Recurrence | undefined {
  const element = childOf(item, 'Recurrence');
  return element === undefined || element.children.length === 0 ? undefined : readRecurrence(element);
}
