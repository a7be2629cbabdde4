import { itemNotFound } from '../graph-failure.ts';
import { isObject, objectAt } from '../json-object.ts';
import type { OnlineItem } from './online-item.ts';
import { recurrenceDays } from './recurrence.ts';
import { localTime, momentOfJson, zonedTime } from './time-zone.ts';

const dayMs = 86_400_000;

/** Series and day that an occurrence's id names; no day where it is no occurrence's. */
export function occurrenceName(id: string): { readonly series: string; readonly day: string | undefined } {
  const { series = id, day } = /^(?<series>.+)\.OCC\.(?<day>\d{4}-\d\d-\d\d)$/.exec(id)?.groups ?? {};
  return { series, day };
}

/** An occurrence of a series, an exception or not; 404 where the series has none on that day, or it was deleted. */
export function occurrenceOn(series: OnlineItem, day: string): OnlineItem {
  const exception = series.exceptions.get(day);
  if (exception === null || !daysUntil(series, day).includes(day)) throw itemNotFound();
  return exception ?? byRule(series, day);
}

/** Occurrences that overlap a window, in the order of their days; epoch milliseconds. */
export function occurrencesWithin(series: OnlineItem, from: number, until: number): readonly OnlineItem[] {
  const lastDay = new Date(until + 2 * dayMs).toISOString().slice(0, 10);
  // An exception may have been moved into the window from a day after it.
  const days = new Set([...daysUntil(series, lastDay), ...series.exceptions.keys()]);
  return [...days]
    .toSorted()
    .filter((day) => series.exceptions.get(day) !== null)
    .map((day) => series.exceptions.get(day) ?? byRule(series, day))
    .filter(({ properties }) => {
      const [start, end] = [momentOfJson(objectAt(properties, 'start')), momentOfJson(objectAt(properties, 'end'))];
      return start < until && (end > from || (start === end && start >= from));
    });
}

/** The occurrences before and after a day that were not deleted. */
export function neighbours(series: OnlineItem, day: string): readonly OnlineItem[] {
  const yearLater = new Date(Date.parse(`${day}T00:00:00Z`) + 366 * dayMs).toISOString().slice(0, 10);
  const days = daysUntil(series, yearLater).filter((other) => series.exceptions.get(other) !== null);
  const [before, after] = [days.findLast((other) => other < day), days.find((other) => other > day)];
  return [before, after].filter((other) => other !== undefined).map((other) => occurrenceOn(series, other));
}

function daysUntil({ properties }: OnlineItem, day: string): readonly string[] {
  return isObject(properties['recurrence']) ? recurrenceDays(properties['recurrence'], day) : [];
}

function byRule(series: OnlineItem, day: string): OnlineItem {
  const properties = Object.fromEntries(
    Object.entries(series.properties).filter(([name]) => name !== 'recurrence' && name !== 'transactionId'),
  );
  const [start, end] = [zonedTime(objectAt(properties, 'start')), zonedTime(objectAt(properties, 'end'))];
  const local = `${day}T${start.dateTime.slice(11)}`;
  // All last equally long, even the one in whose night clocks change.
  const length = momentOfJson(objectAt(properties, 'end')) - momentOfJson(objectAt(properties, 'start'));
  const moment = momentOfJson({ dateTime: local, timeZone: start.timeZone });
  return {
    ...series,
    id: `${series.id}.OCC.${day}`,
    immutableId: `${series.immutableId}.OCC.${day}`,
    properties: {
      ...properties,
      start: { dateTime: local, timeZone: start.timeZone },
      end: { dateTime: localTime(moment + length, end.timeZone), timeZone: end.timeZone },
    },
    single: new Map(series.single),
    multiple: new Map(series.multiple),
    attachments: [...series.attachments],
    exceptions: new Map(),
    occurrence: { series, day },
  };
}
