import { ok, type GraphCall, type Route } from '../graph-call.ts';
import { objectAt, type JsonObject } from '../json-object.ts';
import { mailboxOf, userOf } from '../mailbox-of-call.ts';
import { selected } from '../odata/collection.ts';
import { permissions } from '../permissions.ts';

const unset: JsonObject = {
  automaticRepliesSetting: {
    status: 'disabled',
    externalAudience: 'all',
    internalReplyMessage: '',
    externalReplyMessage: '',
    scheduledStartDateTime: { dateTime: '2026-01-01T00:00:00.0000000', timeZone: 'UTC' },
    scheduledEndDateTime: { dateTime: '2026-01-02T00:00:00.0000000', timeZone: 'UTC' },
  },
  timeZone: 'UTC',
  language: { locale: 'en-US', displayName: 'English (United States)' },
};

export const mailboxSettingsRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/mailboxSettings',
    permissions: permissions.readSettings,
    answer: (call) => ok(selected(settings(call), call.query.get('$select'))),
  },
  {
    method: 'GET',
    pattern: '/users/:user/mailboxSettings/userPurpose',
    permissions: permissions.readSettings,
    answer: (call) => ok({ value: settings(call)['userPurpose'] }),
  },
  {
    method: 'GET',
    pattern: '/users/:user/mailboxSettings/automaticRepliesSetting',
    permissions: permissions.readSettings,
    answer: (call) => ok(objectAt(settings(call), 'automaticRepliesSetting')),
  },
  {
    method: 'PATCH',
    pattern: '/users/:user/mailboxSettings',
    permissions: permissions.writeSettings,
    body: 'mailboxSettings',
    answer: (call) => {
      const mailbox = mailboxOf(call);
      const replies = {
        ...objectAt(settings(call), 'automaticRepliesSetting'),
        ...objectAt(call.body, 'automaticRepliesSetting'),
      };
      mailbox.settings = { ...mailbox.settings, ...call.body, automaticRepliesSetting: replies };
      return ok(settings(call));
    },
  },
];

function settings(call: GraphCall): JsonObject {
  const mailbox = mailboxOf(call);
  return { ...unset, ...mailbox.settings, userPurpose: userOf(call).purpose };
}
