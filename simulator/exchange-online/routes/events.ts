import { badRequest, GraphFailure } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { isObject, objectAt, textAt, type JsonObject } from '../json-object.ts';
import { mailboxOf } from '../mailbox-of-call.ts';
import { permissions } from '../permissions.ts';
import { extendedValues } from '../store/extended-properties.ts';
import { demandTimes, eventProperties, newEvent } from '../store/new-event.ts';
import { neighbours, occurrencesWithin } from '../store/occurrences.ts';
import type { OnlineItem } from '../store/online-item.ts';
import type { OnlineMailbox } from '../store/online-mailbox.ts';
import { momentOfJson } from '../store/time-zone.ts';
import { addAttachments } from './attachments.ts';
import { collectionAnswer } from './collection-answer.ts';
import { eventView } from './event-view.ts';
import { noteInvitation } from './invitation-trap.ts';
import { itemEntry, shownItem } from './shown-item.ts';

export const eventRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/events',
    permissions: permissions.readCalendars,
    answer: (call) => list(call, mailboxOf(call).items(undefined, 'event')),
  },
  {
    method: 'GET',
    pattern: '/users/:user/calendars/:calendar/events',
    permissions: permissions.readCalendars,
    answer: (call) => list(call, mailboxOf(call).items(calendarId(call), 'event')),
  },
  {
    method: 'GET',
    pattern: '/users/:user/calendars/:calendar/calendarView',
    permissions: permissions.readCalendars,
    answer: (call) => list(call, view(call, mailboxOf(call).items(calendarId(call), 'event'))),
  },
  {
    method: 'GET',
    pattern: '/users/:user/calendarView',
    permissions: permissions.readCalendars,
    answer: (call) => list(call, view(call, mailboxOf(call).items(undefined, 'event'))),
  },
  {
    method: 'POST',
    pattern: '/users/:user/events',
    permissions: permissions.writeCalendars,
    body: 'event',
    answer: (call) => create(call, mailboxOf(call).folder('calendar').id),
  },
  {
    method: 'POST',
    pattern: '/users/:user/calendars/:calendar/events',
    permissions: permissions.writeCalendars,
    body: 'event',
    answer: (call) => create(call, calendarId(call)),
  },
  {
    method: 'GET',
    pattern: '/users/:user/events/:event',
    permissions: permissions.readCalendars,
    answer: (call) => ok(shownItem(eventOf(call).event, call, eventView)),
  },
  {
    method: 'PATCH',
    pattern: '/users/:user/events/:event',
    permissions: permissions.writeCalendars,
    body: 'event',
    answer: change,
  },
  { method: 'DELETE', pattern: '/users/:user/events/:event', permissions: permissions.writeCalendars, answer: remove },
  {
    method: 'GET',
    pattern: '/users/:user/events/:event/instances',
    permissions: permissions.readCalendars,
    answer: (call) => list(call, view(call, [eventOf(call).event])),
  },
];

function calendarId(call: GraphCall): string {
  return mailboxOf(call).folder(call.parameters['calendar'] ?? '', 'calendar').id;
}

function eventOf(call: GraphCall): { readonly mailbox: OnlineMailbox; readonly event: OnlineItem } {
  const mailbox = mailboxOf(call);
  return { mailbox, event: mailbox.item(call.parameters['event'] ?? '', 'event') };
}

function list(call: GraphCall, events: readonly OnlineItem[]): GraphAnswer {
  return collectionAnswer(
    call,
    events.map((event) => itemEntry(event, call, eventView)),
  );
}

/** Single events and occurrences of series in the window that a request must name. */
function view(call: GraphCall, events: readonly OnlineItem[]): readonly OnlineItem[] {
  const [from, until] = [windowEnd(call, 'startDateTime'), windowEnd(call, 'endDateTime')];
  if (until < from) throw badRequest('The end of the window lies before its start.', 'ErrorInvalidParameter');
  return events.flatMap((event) => {
    if (isObject(event.properties['recurrence'])) return occurrencesWithin(event, from, until);
    const [start, end] = [
      momentOfJson(objectAt(event.properties, 'start')),
      momentOfJson(objectAt(event.properties, 'end')),
    ];
    return start < until && end > from ? [event] : [];
  });
}

/** In UTC unless it says otherwise. */
function windowEnd({ query }: GraphCall, name: 'startDateTime' | 'endDateTime'): number {
  const text = query.get(name) ?? query.get(name.toLowerCase()) ?? '';
  const time = Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`);
  if (!Number.isNaN(time)) return time;
  throw badRequest(
    'This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.',
    'ErrorInvalidParameter',
  );
}

function create(call: GraphCall, calendar: string): GraphAnswer {
  const mailbox = mailboxOf(call);
  const transaction = textAt(call.body, 'transactionId');
  if (transaction !== undefined && mailbox.transactions.has(transaction)) throw repeated();
  const made = newEvent(call.body, calendar);
  const attachments = addAttachments(call);
  const event = mailbox.addItem({ ...made, attachments });
  if (transaction !== undefined) mailbox.transactions.set(transaction, event.immutableId);
  noteInvitation(call, 'invitation', call.body);
  return created(shownItem(event, call, eventView));
}

/** The service names no event here, and keeps the id even when its event is deleted. */
function repeated(): GraphFailure {
  return new GraphFailure({
    status: 409,
    code: 'ErrorDuplicateTransactionId',
    message:
      "Your request can't be completed. The TransactionId specified in the request has already been used to create a different event.",
  });
}

function change(call: GraphCall): GraphAnswer {
  const { mailbox, event } = eventOf(call);
  const changed = { ...event.properties, ...eventProperties(call.body) };
  if (event.occurrence !== undefined && isObject(call.body['recurrence']))
    throw badRequest('An occurrence has no recurrence of its own.', 'ErrorInvalidRequest');
  demandTimes(changed);
  demandBetweenNeighbours(event, changed);
  mailbox.changeItem(event, { properties: changed, ...extendedValues(call.body) });
  noteInvitation(call, 'update', changed);
  return ok(shownItem(event, call, eventView));
}

/** An occurrence may not be moved past the one before or after it. */
function demandBetweenNeighbours({ occurrence }: OnlineItem, changed: JsonObject): void {
  if (occurrence === undefined) return;
  const start = momentOfJson(objectAt(changed, 'start'));
  const crosses = neighbours(occurrence.series, occurrence.day).some((other) => {
    const theirs = momentOfJson(objectAt(other.properties, 'start'));
    return (other.occurrence?.day ?? '') < occurrence.day ? start <= theirs : start >= theirs;
  });
  if (crosses)
    throw badRequest(
      'Modified occurrence is crossing or overlapping adjacent occurrence.',
      'ErrorOccurrenceCrossingBoundary',
    );
}

function remove(call: GraphCall): GraphAnswer {
  const { mailbox, event } = eventOf(call);
  noteInvitation(call, 'cancellation', event.properties);
  mailbox.removeItem(event);
  return noContent;
}
