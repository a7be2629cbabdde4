import { badRequest, GraphFailure } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { textAt, type JsonObject } from '../json-object.ts';
import { mailboxOf, userOf } from '../mailbox-of-call.ts';
import { selected } from '../odata/collection.ts';
import { permissions } from '../permissions.ts';
import type { OnlineFolder } from '../store/online-folder.ts';
import { jsonCollection } from './collection-answer.ts';

export const calendarRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/calendars',
    permissions: permissions.readCalendars,
    answer: (call) => {
      const calendars = mailboxOf(call).folders.filter(({ kind }) => kind === 'calendar');
      const shown = calendars.map((calendar) => calendarJson(call, calendar));
      return jsonCollection(call, shown);
    },
  },
  {
    method: 'POST',
    pattern: '/users/:user/calendars',
    permissions: permissions.writeCalendars,
    body: 'calendar',
    answer: (call) => {
      const calendar = mailboxOf(call).addFolder({ name: nameOf(call), kind: 'calendar' });
      calendar.properties = colourOf(call.body);
      return created(calendarJson(call, calendar));
    },
  },
  {
    method: 'GET',
    pattern: '/users/:user/calendars/:calendar',
    permissions: permissions.readCalendars,
    answer: (call) => ok(selected(calendarJson(call, calendarOf(call)), call.query.get('$select'))),
  },
  {
    method: 'PATCH',
    pattern: '/users/:user/calendars/:calendar',
    permissions: permissions.writeCalendars,
    body: 'calendar',
    answer: change,
  },
  {
    method: 'DELETE',
    pattern: '/users/:user/calendars/:calendar',
    permissions: permissions.writeCalendars,
    answer: (call) => {
      const calendar = calendarOf(call);
      if (calendar.wellKnown !== undefined)
        throw new GraphFailure({
          status: 400,
          code: 'ErrorDeleteDistinguishedFolder',
          message: 'Distinguished folders cannot be deleted.',
        });
      mailboxOf(call).removeFolder(calendar.id);
      return noContent;
    },
  },
];

function calendarOf(call: GraphCall): OnlineFolder {
  return mailboxOf(call).folder(call.parameters['calendar'] ?? '', 'calendar');
}

function calendarJson(call: GraphCall, calendar: OnlineFolder): JsonObject {
  const { displayName, mail, userPrincipalName } = userOf(call);
  return {
    id: calendar.id,
    name: calendar.name,
    color: 'auto',
    hexColor: '',
    isDefaultCalendar: calendar.wellKnown === 'calendar',
    isRemovable: calendar.wellKnown === undefined,
    canEdit: true,
    canShare: true,
    canViewPrivateItems: true,
    owner: { name: displayName, address: mail ?? userPrincipalName },
    ...calendar.properties,
  };
}

function change(call: GraphCall): GraphAnswer {
  const calendar = calendarOf(call);
  calendar.name = textAt(call.body, 'name') ?? calendar.name;
  calendar.properties = { ...calendar.properties, ...colourOf(call.body) };
  return ok(calendarJson(call, calendar));
}

function colourOf({ color }: JsonObject): JsonObject {
  return typeof color === 'string' ? { color } : {};
}

function nameOf({ body }: GraphCall): string {
  const name = textAt(body, 'name')?.trim();
  if (name === undefined || name === '') throw badRequest('The calendar needs a name.', 'ErrorInvalidRequest');
  return name;
}
