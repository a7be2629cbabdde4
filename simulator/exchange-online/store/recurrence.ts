import { badRequest } from '../graph-failure.ts';
import { numberAt, objectAt, textAt, textsAt, type JsonObject } from '../json-object.ts';

const dayMs = 86_400_000;
/** A series without an end is looked at so far. */
const mostDays = 366 * 30;
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const indexes = ['first', 'second', 'third', 'fourth'];

interface Pattern {
  readonly type: string;
  readonly interval: number;
  readonly month: number;
  readonly dayOfMonth: number;
  readonly daysOfWeek: readonly number[];
  readonly firstDayOfWeek: number;
  readonly index: string;
}

/** Days of a recurrence from its first to `until`, `2026-03-01`, in the time zone of the series. */
export function recurrenceDays(recurrence: JsonObject, until: string): readonly string[] {
  const pattern = patternOf(recurrence);
  const range = objectAt(recurrence, 'range');
  const type = textAt(range, 'type');
  const start = dayOf(textAt(range, 'startDate'));
  const end = type === 'endDate' ? Math.min(dayOf(textAt(range, 'endDate')), dayOf(until)) : dayOf(until);
  const most = type === 'numbered' ? (numberAt(range, 'numberOfOccurrences') ?? 0) : Infinity;
  const days: string[] = [];
  for (let day = start; day <= end && days.length < most && day - start < mostDays; day += 1)
    if (falls(pattern, start, day)) days.push(textOf(day));
  return days;
}

/** 400 unless Graph would take a recurrence for an event that begins on a day. */
export function demandRecurrence(recurrence: JsonObject, firstDay: string): void {
  const range = objectAt(recurrence, 'range');
  const type = textAt(range, 'type');
  if (type === undefined || !['endDate', 'noEnd', 'numbered'].includes(type)) throw wrong('range.type');
  if (textAt(range, 'startDate') !== firstDay) throw wrong('range.startDate: it is not the day of start');
  if (type === 'endDate' && dayOf(textAt(range, 'endDate')) < dayOf(firstDay)) throw wrong('range.endDate');
  if (type === 'numbered' && (numberAt(range, 'numberOfOccurrences') ?? 0) < 1)
    throw wrong('range.numberOfOccurrences');
  const pattern = patternOf(recurrence);
  const needsDays = ['weekly', 'relativeMonthly', 'relativeYearly'].includes(pattern.type);
  if (needsDays && pattern.daysOfWeek.length === 0) throw wrong('pattern.daysOfWeek');
  const needsDay = ['absoluteMonthly', 'absoluteYearly'].includes(pattern.type);
  if (needsDay && (pattern.dayOfMonth < 1 || pattern.dayOfMonth > 31)) throw wrong('pattern.dayOfMonth');
  if (pattern.type.endsWith('Yearly') && (pattern.month < 1 || pattern.month > 12)) throw wrong('pattern.month');
}

function patternOf(recurrence: JsonObject): Pattern {
  const json = objectAt(recurrence, 'pattern');
  const interval = numberAt(json, 'interval') ?? 0;
  const type = textAt(json, 'type') ?? '';
  if (interval < 1 || interval > 99) throw wrong('pattern.interval');
  if (!['daily', 'weekly', 'absoluteMonthly', 'relativeMonthly', 'absoluteYearly', 'relativeYearly'].includes(type))
    throw wrong('pattern.type');
  return {
    type,
    interval,
    month: numberAt(json, 'month') ?? 0,
    dayOfMonth: numberAt(json, 'dayOfMonth') ?? 0,
    daysOfWeek: textsAt(json, 'daysOfWeek').map((name) => weekdays.indexOf(name.toLowerCase())),
    firstDayOfWeek: Math.max(0, weekdays.indexOf((textAt(json, 'firstDayOfWeek') ?? 'sunday').toLowerCase())),
    index: textAt(json, 'index') ?? 'first',
  };
}

function falls(pattern: Pattern, start: number, day: number): boolean {
  const { interval } = pattern;
  const [first, now] = [new Date(start * dayMs), new Date(day * dayMs)];
  const months = (now.getUTCFullYear() - first.getUTCFullYear()) * 12 + now.getUTCMonth() - first.getUTCMonth();
  const years = now.getUTCFullYear() - first.getUTCFullYear();
  const isMonth = now.getUTCMonth() + 1 === pattern.month;
  switch (pattern.type) {
    case 'daily':
      return (day - start) % interval === 0;
    case 'weekly':
      return (
        (weekOf(day, pattern) - weekOf(start, pattern)) % interval === 0 && pattern.daysOfWeek.includes(now.getUTCDay())
      );
    case 'absoluteMonthly':
      return months % interval === 0 && isDayOfMonth(pattern, now);
    case 'relativeMonthly':
      return months % interval === 0 && isIndexed(pattern, now);
    case 'absoluteYearly':
      return years % interval === 0 && isMonth && isDayOfMonth(pattern, now);
    default:
      return years % interval === 0 && isMonth && isIndexed(pattern, now);
  }
}

/** Day 0, 1 January 1970, was a Thursday. */
function weekOf(day: number, { firstDayOfWeek }: Pattern): number {
  return Math.floor((day + 4 - firstDayOfWeek) / 7);
}

/** The 31st is the last day of a shorter month. */
function isDayOfMonth({ dayOfMonth }: Pattern, day: Date): boolean {
  return day.getUTCDate() === Math.min(dayOfMonth, monthLength(day));
}

function isIndexed({ daysOfWeek, index }: Pattern, day: Date): boolean {
  if (!daysOfWeek.includes(day.getUTCDay())) return false;
  const fitting = Array.from({ length: monthLength(day) }, (_none, at) => at + 1).filter((date) =>
    daysOfWeek.includes(new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), date)).getUTCDay()),
  );
  return day.getUTCDate() === (index === 'last' ? fitting.at(-1) : fitting[indexes.indexOf(index)]);
}

function monthLength(day: Date): number {
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();
}

function dayOf(text: string | undefined): number {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) throw wrong('range');
  return Date.parse(`${text}T00:00:00Z`) / dayMs;
}

function textOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

function wrong(what: string): Error {
  return badRequest(`The recurrence is not valid: ${what}.`, 'ErrorPropertyValidationFailure');
}
