import type {
  Attendee,
  AttendeeResponse,
  CalendarEvent,
  EventTime,
  EventTimeZone,
  ModifiedOccurrence,
  Series,
} from '../../../domain/items/calendar-event.ts';
import type { Person } from '../../../domain/items/item-parts.ts';
import { dayStart, eventTime } from '../../../domain/items/time-zones.ts';
import { namedPropertyOf } from '../xml/extended-property.ts';
import { childOf, textOf, type XmlElement } from '../xml/xml-element.ts';
import { onlineMeetingLink } from './item-requests.ts';
import {
  commonOf,
  datesOf,
  given,
  isTrue,
  momentOf,
  oneOf,
  optional,
  stamp,
  UnusableItemError,
  type ReadAttachments,
} from './item-values.ts';
import { recurrenceOf } from './read-recurrence.ts';
import { endZoneOf, startZoneOf } from './read-time-zone.ts';

const freeBusy = {
  Free: 'free',
  Tentative: 'tentative',
  Busy: 'busy',
  OOF: 'oof',
  WorkingElsewhere: 'workingElsewhere',
} as const;

const responses: Readonly<Record<string, AttendeeResponse>> = {
  Unknown: 'unknown',
  Organizer: 'organizer',
  Tentative: 'tentative',
  Accept: 'accepted',
  Decline: 'declined',
  NoResponseReceived: 'notResponded',
};

/** An occurrence that differs from its series, as the master names it. */
export interface NamedOccurrence {
  readonly id: string;
  readonly originalStart: Date;
}

export function modifiedOccurrences(master: XmlElement): readonly NamedOccurrence[] {
  return (childOf(master, 'ModifiedOccurrences')?.children ?? []).map((occurrence) => {
    const id = childOf(occurrence, 'ItemId')?.attributes['Id'];
    const originalStart = momentOf(occurrence, 'OriginalStart');
    if (id === undefined || originalStart === undefined)
      throw new UnusableItemError('A changed occurrence of it has no id or no date.');
    return { id, originalStart };
  });
}

export interface ReadOccurrence extends NamedOccurrence {
  /** Undefined: the server did not deliver it. */
  readonly element: XmlElement | undefined;
  readonly attachments: ReadAttachments;
}

export function readEvent(
  item: XmlElement,
  parts: { readonly attachments: ReadAttachments; readonly occurrences: readonly ReadOccurrence[] },
): CalendarEvent {
  const zone = startZoneOf(item, momentOf(item, 'Start') ?? new Date(0));
  const organizer = personIn(childOf(item, 'Organizer'));
  const series = seriesOf(item, zone, parts.occurrences);
  return {
    kind: 'event',
    ...optional('uid', given(item, 'UID')),
    ...occasionOf(item, zone),
    timeZone: zone,
    ...optional('endTimeZone', endZoneOf(item, zone, momentOf(item, 'End') ?? new Date(0))),
    ...optional('series', series),
    isMeeting: isTrue(item, 'IsMeeting'),
    isCancelled: isTrue(item, 'IsCancelled'),
    ...optional('organizer', organizer),
    myResponse: oneOf(textOf(item, 'MyResponseType'), responses) ?? 'unknown',
    ...optional('onlineMeeting', onlineMeetingOf(item)),
    ...commonOf(item, parts.attachments),
    ...datesOf(item),
  };
}

function occasionOf(
  item: XmlElement,
  zone: EventTimeZone,
): Pick<CalendarEvent, 'subject' | 'location' | 'start' | 'end' | 'isAllDay' | 'showAs' | 'reminder' | 'attendees'> {
  const start = momentOf(item, 'Start');
  const end = momentOf(item, 'End');
  if (start === undefined || end === undefined) throw new UnusableItemError('It has no beginning or no end.');
  const isAllDay = isTrue(item, 'IsAllDayEvent');
  const timeOf = (moment: Date): EventTime => (isAllDay ? dayStart(zone, moment) : eventTime(zone, moment));
  const minutes = Number(textOf(item, 'ReminderMinutesBeforeStart') ?? 0);
  return {
    subject: textOf(item, 'Subject') ?? '',
    location: textOf(item, 'Location') ?? '',
    start: timeOf(start),
    end: timeOf(end),
    isAllDay,
    showAs: oneOf(textOf(item, 'LegacyFreeBusyStatus'), freeBusy) ?? 'unknown',
    reminder: {
      isOn: isTrue(item, 'ReminderIsSet'),
      minutesBefore: Number.isInteger(minutes) ? minutes : 0,
    },
    attendees: [
      ...attendeesIn(item, 'RequiredAttendees', 'required'),
      ...attendeesIn(item, 'OptionalAttendees', 'optional'),
      ...attendeesIn(item, 'Resources', 'resource'),
    ],
  };
}

function attendeesIn(item: XmlElement, name: string, role: Attendee['role']): Attendee[] {
  return (childOf(item, name)?.children ?? []).flatMap((attendee): Attendee[] => {
    const person = personIn(attendee);
    if (person === undefined) return [];
    return [
      {
        ...person,
        role,
        response: oneOf(textOf(attendee, 'ResponseType'), responses) ?? 'unknown',
        ...optional('responseTime', stamp(momentOf(attendee, 'LastResponseTime'))),
      },
    ];
  });
}

/** An address of X.500 leads nowhere outside of its organisation: the name alone is kept. */
export function personIn(element: XmlElement | undefined): Person | undefined {
  const mailbox = childOf(element, 'Mailbox');
  if (mailbox === undefined) return undefined;
  const address = textOf(mailbox, 'EmailAddress') ?? '';
  const isSmtp = (textOf(mailbox, 'RoutingType') ?? 'SMTP').toUpperCase() === 'SMTP';
  const name = textOf(mailbox, 'Name') ?? '';
  if (name === '' && address === '') return undefined;
  return { name: name === '' ? address : name, address: isSmtp ? address : '' };
}

function onlineMeetingOf(item: XmlElement): { readonly url: string } | undefined {
  const link = namedPropertyOf(item, { name: onlineMeetingLink });
  const url = [link, textOf(item, 'NetShowUrl'), textOf(item, 'MeetingWorkspaceUrl')].find(
    (candidate) => candidate !== undefined && candidate !== '',
  );
  return url === undefined ? undefined : { url };
}

function seriesOf(item: XmlElement, zone: EventTimeZone, occurrences: readonly ReadOccurrence[]): Series | undefined {
  const recurrence = recurrenceOf(item);
  if (recurrence === undefined) {
    if (textOf(item, 'CalendarItemType') === 'RecurringMaster')
      throw new UnusableItemError('It recurs by a rule that the server does not tell.');
    return undefined;
  }
  const isAllDay = isTrue(item, 'IsAllDayEvent');
  const original = (moment: Date): { originalStart: EventTime } => ({
    originalStart: isAllDay ? dayStart(zone, moment) : eventTime(zone, moment),
  });
  const deleted = (childOf(item, 'DeletedOccurrences')?.children ?? []).map((occurrence) => {
    const start = momentOf(occurrence, 'Start');
    if (start === undefined) throw new UnusableItemError('A deleted occurrence of it has no date.');
    return original(start);
  });
  return {
    recurrence,
    modified: occurrences.flatMap(({ element, originalStart, attachments }): ModifiedOccurrence[] =>
      element === undefined
        ? []
        : [{ ...original(originalStart), ...occasionOf(element, zone), ...commonOf(element, attachments) }],
    ),
    deleted,
    missing: occurrences.flatMap(({ element, originalStart }) =>
      element === undefined ? [original(originalStart)] : [],
    ),
  };
}
