import type { GraphCall } from '../graph-call.ts';
import { graphTime } from '../graph-time.ts';
import { isObject, objectAt, textAt, type JsonObject } from '../json-object.ts';
import { userOf } from '../mailbox-of-call.ts';
import type { OnlineItem } from '../store/online-item.ts';
import { localTime, momentOf, momentOfJson, zonedTime } from '../store/time-zone.ts';
import { shownBody } from './shown-body.ts';
import { itemHead, type ItemView } from './shown-item.ts';

const unset: JsonObject = {
  subject: '',
  importance: 'normal',
  sensitivity: 'normal',
  isAllDay: false,
  isCancelled: false,
  isDraft: false,
  isOrganizer: true,
  isOnlineMeeting: false,
  onlineMeeting: null,
  onlineMeetingProvider: 'unknown',
  onlineMeetingUrl: null,
  responseRequested: true,
  allowNewTimeProposals: true,
  hideAttendees: false,
  showAs: 'busy',
  isReminderOn: true,
  reminderMinutesBeforeStart: 15,
  recurrence: null,
  transactionId: null,
  attendees: [],
  categories: [],
  location: { displayName: '', locationType: 'default' },
  locations: [],
  responseStatus: { response: 'organizer', time: '0001-01-01T00:00:00Z' },
};

/** An event, a series or an occurrence as Graph shows it: times in UTC unless another zone is preferred. */
export const eventView: ItemView = {
  properties: (item, call) => {
    const { mail, displayName, userPrincipalName } = userOf(call);
    return {
      ...unset,
      ...item.properties,
      ...shownBody(item, 'html'),
      ...times(item, call),
      type: typeOf(item),
      seriesMasterId: item.occurrence === undefined ? null : item.occurrence.series.id,
      ...(item.occurrence === undefined ? {} : originalStart(item.occurrence)),
      organizer: { emailAddress: { name: displayName, address: mail ?? userPrincipalName } },
      hasAttachments: item.attachments.length > 0,
      webLink: `https://outlook.office365.com/owa/?itemid=${item.id}`,
      cancelledOccurrences: [...item.exceptions]
        .filter(([, exception]) => exception === null)
        .map(([day]) => `OID.${item.id}.${day}`),
      occurrenceId: item.occurrence === undefined ? null : `OID.${item.occurrence.series.id}.${item.occurrence.day}`,
    };
  },
  computed: () => new Map(),
  onlySelected: ['cancelledOccurrences'],
  expandable: {
    exceptionOccurrences: (item, call) =>
      [...item.exceptions.values()]
        .filter((exception) => exception !== null)
        .map((exception) => ({ ...itemHead(exception, call), ...eventView.properties(exception, call) })),
  },
};

function typeOf({ occurrence, properties }: OnlineItem): string {
  if (occurrence !== undefined) return occurrence.series.exceptions.has(occurrence.day) ? 'exception' : 'occurrence';
  return isObject(properties['recurrence']) ? 'seriesMaster' : 'singleInstance';
}

function originalStart({ series, day }: NonNullable<OnlineItem['occurrence']>): JsonObject {
  const start = zonedTime(objectAt(series.properties, 'start'));
  return { originalStart: graphTime(momentOf(`${day}T${start.dateTime.slice(11)}`, start.timeZone)) };
}

function times({ properties }: OnlineItem, { preferences }: GraphCall): JsonObject {
  const [start, end] = [objectAt(properties, 'start'), objectAt(properties, 'end')];
  const zone = preferences.timeZone ?? 'UTC';
  // The days of an all-day event are no moments: they stay what they are in every time zone.
  const isAllDay = properties['isAllDay'] === true;
  const shown = (time: JsonObject): JsonObject => ({
    dateTime: `${isAllDay ? zonedTime(time).dateTime : localTime(momentOfJson(time), zone)}.0000000`,
    timeZone: zone,
  });
  return {
    start: shown(start),
    end: shown(end),
    originalStartTimeZone: textAt(start, 'timeZone') ?? 'UTC',
    originalEndTimeZone: textAt(end, 'timeZone') ?? 'UTC',
  };
}
