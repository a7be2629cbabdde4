import { randomUUID } from 'node:crypto';
import { badRequest } from '../graph-failure.ts';
import { isObject, objectAt, textAt, type JsonObject } from '../json-object.ts';
import { extendedValues } from './extended-properties.ts';
import type { NewItem } from './online-item.ts';
import { demandRecurrence } from './recurrence.ts';
import { momentOfJson, zonedTime } from './time-zone.ts';

/** Members that the service computes or keeps elsewhere. */
const notKept = new Set([
  'id',
  'createdDateTime',
  'lastModifiedDateTime',
  'changeKey',
  'bodyPreview',
  'cancelledOccurrences',
  'exceptionOccurrences',
  'hasAttachments',
  'iCalUId',
  'isCancelled',
  'isDraft',
  'isOrganizer',
  'organizer',
  'onlineMeeting',
  'onlineMeetingUrl',
  'originalStart',
  'responseStatus',
  'seriesMasterId',
  'type',
  'webLink',
  'attachments',
  'calendar',
  'instances',
  'extensions',
  'singleValueExtendedProperties',
  'multiValueExtendedProperties',
]);

/** An event of `POST …/events`. */
export function newEvent(body: JsonObject, calendar: string): NewItem {
  const properties = eventProperties(body);
  demandTimes(properties);
  return {
    kind: 'event',
    folder: calendar,
    ...extendedValues(body),
    properties: {
      ...properties,
      iCalUId: `040000008200E00074C5B7101A82E008${randomUUID().replaceAll('-', '').toUpperCase()}`,
    },
  };
}

/** What is kept of a body, times to whole seconds. */
export function eventProperties(body: JsonObject): JsonObject {
  const kept = Object.fromEntries(
    Object.entries(body).filter(([name]) => !notKept.has(name) && !name.startsWith('@odata.')),
  );
  const times = ['start', 'end']
    .filter((name) => isObject(kept[name]))
    .map((name) => [name, zonedTime(objectAt(kept, name))]);
  return { ...kept, ...(Object.fromEntries(times) as JsonObject) };
}

/** 400 where an event's times do not fit each other, its recurrence, or a whole day. */
export function demandTimes(properties: JsonObject): void {
  const [start, end] = [objectAt(properties, 'start'), objectAt(properties, 'end')];
  if (textAt(start, 'dateTime') === undefined || textAt(end, 'dateTime') === undefined)
    throw badRequest('An event needs start and end.', 'ErrorPropertyValidationFailure');
  if (momentOfJson(end) < momentOfJson(start))
    throw badRequest('The end date is earlier than the start date.', 'ErrorCalendarEndDateIsEarlierThanStartDate');
  if (properties['isAllDay'] === true) demandWholeDays(start, end);
  const { recurrence } = properties;
  if (isObject(recurrence)) demandRecurrence(recurrence, (textAt(start, 'dateTime') ?? '').slice(0, 10));
}

function demandWholeDays(start: JsonObject, end: JsonObject): void {
  const [from, to] = [textAt(start, 'dateTime') ?? '', textAt(end, 'dateTime') ?? ''];
  const sameZone = textAt(start, 'timeZone') === textAt(end, 'timeZone');
  if (!from.endsWith('T00:00:00') || !to.endsWith('T00:00:00') || !sameZone || to <= from)
    throw badRequest(
      'An all-day event begins and ends at midnight of one time zone, and lasts at least a day.',
      'ErrorPropertyValidationFailure',
    );
}
