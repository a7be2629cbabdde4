import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { anna, graphOf, startPractice, type Graph } from './support/practice-organisation.ts';

const of = `/users/${anna}`;
const berlin = 'W. Europe Standard Time';
const at = (dateTime: string) => ({ dateTime, timeZone: berlin });
const weekly = {
  subject: 'Round',
  start: at('2026-03-16T09:00:00'),
  end: at('2026-03-16T09:30:00'),
  transactionId: 'e1',
  recurrence: {
    pattern: { type: 'weekly', interval: 1, daysOfWeek: ['monday'], firstDayOfWeek: 'monday' },
    range: { type: 'numbered', startDate: '2026-03-16', numberOfOccurrences: 4, recurrenceTimeZone: berlin },
  },
};

describe('contacts, events and tasks of the practice Exchange Online', () => {
  let simulator: ExchangeOnlineSimulator;
  let graph: Graph;

  beforeEach(async () => {
    simulator = await startPractice();
    graph = await graphOf(simulator);
  });
  afterEach(() => simulator.stop());

  it('shows times in UTC, over a change of clocks too, and finds one occurrence by its day', async () => {
    const master = (await graph('POST', `${of}/calendar/events`, { body: weekly })).json;
    expect(master).toMatchObject({
      type: 'seriesMaster',
      start: { dateTime: '2026-03-16T08:00:00.0000000', timeZone: 'UTC' },
    });
    const window = 'startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-05-01T00:00:00Z';
    const all = (await graph('GET', `${of}/events/${master.id}/instances?${window}`)).json.value;
    expect(all.map(({ start }) => (start as { dateTime: string }).dateTime.slice(0, 16))).toEqual([
      '2026-03-16T08:00',
      '2026-03-23T08:00',
      '2026-03-30T07:00',
      '2026-04-06T07:00',
    ]);
    const day = 'startDateTime=2026-03-30T00:00:00Z&endDateTime=2026-03-31T00:00:00Z&$select=id';
    const [instance] = (await graph('GET', `${of}/events/${master.id}/instances?${day}`)).json.value;
    const changed = await graph('PATCH', `${of}/events/${instance!.id}`, {
      body: { subject: 'Later', start: at('2026-03-30T11:00:00'), end: at('2026-03-30T11:30:00') },
    });
    expect(changed.json).toMatchObject({ type: 'exception', subject: 'Later', originalStart: '2026-03-30T07:00:00Z' });
    const [first] = all;
    expect((await graph('DELETE', `${of}/events/${first!.id}`)).status).toBe(204);
    expect((await graph('DELETE', `${of}/events/${first!.id}`)).status).toBe(404);
    const left = (await graph('GET', `${of}/events/${master.id}/instances?${window}`)).json.value;
    expect(left.map(({ subject, type }) => [subject, type])).toEqual([
      ['Round', 'occurrence'],
      ['Later', 'exception'],
      ['Round', 'occurrence'],
    ]);
    const shown = await graph(
      'GET',
      `${of}/events/${master.id}?$select=cancelledOccurrences&$expand=exceptionOccurrences`,
    );
    expect(shown.json).toMatchObject({
      cancelledOccurrences: [expect.stringContaining('2026-03-16')],
      exceptionOccurrences: [{ subject: 'Later' }],
    });
  });

  it('refuses an occurrence that passes its neighbour', async () => {
    const master = (await graph('POST', `${of}/events`, { body: weekly })).json;
    const day = 'startDateTime=2026-03-23T00:00:00Z&endDateTime=2026-03-24T00:00:00Z';
    const [instance] = (await graph('GET', `${of}/events/${master.id}/instances?${day}`)).json.value;
    const moved = { start: at('2026-04-01T11:00:00'), end: at('2026-04-01T11:30:00') };
    const answer = await graph('PATCH', `${of}/events/${instance!.id}`, { body: moved });
    expect(answer.json.error.code).toBe('ErrorOccurrenceCrossingBoundary');
  });

  it.each([
    ['daily', { type: 'daily', interval: 10 }, '2026-01-31', ['2026-01-31', '2026-02-10', '2026-02-20']],
    [
      'every other week',
      { type: 'weekly', interval: 2, daysOfWeek: ['tuesday', 'sunday'], firstDayOfWeek: 'monday' },
      '2026-01-06',
      ['2026-01-06', '2026-01-11', '2026-01-20'],
    ],
    [
      'the 31st',
      { type: 'absoluteMonthly', interval: 1, dayOfMonth: 31 },
      '2026-01-31',
      ['2026-01-31', '2026-02-28', '2026-03-31'],
    ],
    [
      'the last weekday',
      {
        type: 'relativeMonthly',
        interval: 1,
        index: 'last',
        daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'],
      },
      '2026-01-30',
      ['2026-01-30', '2026-02-27', '2026-03-31'],
    ],
    [
      'a day of the year',
      { type: 'absoluteYearly', interval: 1, month: 2, dayOfMonth: 29 },
      '2024-02-29',
      ['2024-02-29', '2025-02-28', '2026-02-28'],
    ],
    [
      'the second Tuesday of May',
      { type: 'relativeYearly', interval: 1, month: 5, index: 'second', daysOfWeek: ['tuesday'] },
      '2026-05-12',
      ['2026-05-12', '2027-05-11', '2028-05-09'],
    ],
  ])('repeats an event: %s', async (_name, pattern, startDate, days) => {
    const master = await graph('POST', `${of}/events`, {
      body: {
        subject: 'Again',
        isAllDay: true,
        start: at(`${startDate}T00:00:00`),
        end: at(`${new Date(Date.parse(startDate) + 86_400_000).toISOString().slice(0, 10)}T00:00:00`),
        recurrence: { pattern, range: { type: 'numbered', startDate, numberOfOccurrences: 3 } },
      },
    });
    const window = 'startDateTime=2020-01-01&endDateTime=2030-01-01';
    const found = (await graph('GET', `${of}/events/${master.json.id}/instances?${window}`)).json.value;
    expect(found.map(({ start }) => (start as { dateTime: string }).dateTime.slice(0, 10))).toEqual(days);
  });

  it('refuses events that Exchange would refuse', async () => {
    const post = async (event: object): Promise<string> =>
      (await graph('POST', `${of}/events`, { body: event })).json.error.code;
    expect(await post({ subject: 'x', start: at('2026-01-02T10:00:00'), end: at('2026-01-02T09:00:00') })).toBe(
      'ErrorCalendarEndDateIsEarlierThanStartDate',
    );
    expect(await post({ isAllDay: true, start: at('2026-01-02T10:00:00'), end: at('2026-01-03T10:00:00') })).toBe(
      'ErrorPropertyValidationFailure',
    );
    expect(
      await post({
        ...weekly,
        recurrence: { ...weekly.recurrence, range: { ...weekly.recurrence.range, startDate: '2026-03-17' } },
      }),
    ).toBe('ErrorPropertyValidationFailure');
    expect(
      await post({
        start: { dateTime: '2026-01-02T10:00:00', timeZone: 'Middle Earth Standard Time' },
        end: at('2026-01-03T10:00:00'),
      }),
    ).toBe('TimeZoneNotSupportedException');
  });

  it('creates an event once for a transactionId', async () => {
    expect((await graph('POST', `${of}/events`, { body: weekly })).status).toBe(201);
    const again = await graph('POST', `${of}/events`, { body: weekly });
    expect(again).toMatchObject({ status: 409, json: { error: { code: 'ErrorDuplicateTransactionId' } } });
    expect(simulator.mailbox(anna).items(undefined, 'event')).toHaveLength(1);
    expect(simulator.invitations).toEqual([]);
  });

  it('catches invitations, updates, cancellations and online meetings', async () => {
    const event = { ...weekly, transactionId: undefined };
    const attendees = [{ type: 'required', emailAddress: { address: 'bob@fabrikam.test' } }];
    const made = await graph('POST', `${of}/events`, { body: { ...event, attendees } });
    await graph('PATCH', `${of}/events/${made.json.id}`, { body: { subject: 'other' } });
    await graph('DELETE', `${of}/events/${made.json.id}`);
    await graph('POST', `${of}/events`, { body: { ...event, isOnlineMeeting: true } });
    expect(simulator.invitations.map(({ what }) => what)).toEqual([
      'invitation',
      'update',
      'cancellation',
      'online-meeting',
    ]);
  });

  it('keeps contacts in folders below the default one', async () => {
    const folder = (await graph('POST', `${of}/contactFolders`, { body: { displayName: 'Suppliers' } })).json.id;
    const made = await graph('POST', `${of}/contactFolders/${folder}/contacts`, {
      body: {
        givenName: 'Bob',
        emailAddresses: [{ address: 'bob@fabrikam.test', name: 'Bob' }],
        singleValueExtendedProperties: [{ id: 'String 0x3A24', value: '+49 30 1' }],
      },
    });
    expect(made.json).toMatchObject({ givenName: 'Bob', parentFolderId: folder });
    const filter = encodeURIComponent(
      "singleValueExtendedProperties/any(p:p/id eq 'String 0x3a24' and p/value eq '+49 30 1')",
    );
    expect((await graph('GET', `${of}/contactFolders/${folder}/contacts?$filter=${filter}`)).json.value).toHaveLength(
      1,
    );
    expect((await graph('GET', `${of}/contacts`)).json.value).toEqual([]);
    const many = { emailAddresses: [1, 2, 3, 4].map((number) => ({ address: `b${number}@fabrikam.test` })) };
    expect((await graph('POST', `${of}/contacts`, { body: many })).status).toBe(400);
  });

  it('keeps tasks with linked resources', async () => {
    const lists = (await graph('GET', `${of}/todo/lists`)).json.value;
    expect(lists).toMatchObject([{ wellknownListName: 'defaultList' }]);
    const tasks = `${of}/todo/lists/${lists[0]!.id}/tasks`;
    const resource = { applicationName: 'Stagecoach', externalId: 'k1', displayName: 'source' };
    await graph('POST', tasks, { body: { title: 'Call', status: 'completed', linkedResources: [resource] } });
    const found = (await graph('GET', `${tasks}?$expand=linkedResources`)).json.value;
    expect(found).toMatchObject([{ title: 'Call', linkedResources: [{ externalId: 'k1' }] }]);
    expect((await graph('PATCH', `${tasks}/${found[0]!.id}`, { body: { title: 'Write' } })).json['title']).toBe(
      'Write',
    );
    expect((await graph('DELETE', `${tasks}/${found[0]!.id}`)).status).toBe(204);
  });

  it('answers a batch in the order of its dependencies, and 424 after a failure', async () => {
    const json = { 'Content-Type': 'application/json' };
    const create = (id: string, body: object, dependsOn?: string[]) => ({
      id,
      method: 'POST',
      url: `${of}/messages`,
      headers: json,
      body,
      ...(dependsOn === undefined ? {} : { dependsOn }),
    });
    simulator.play({ method: 'POST', path: '/messages', status: 503, skip: 1 });
    const requests = [
      create('1', { subject: 'a' }),
      create('2', { subject: 'b' }, ['1']),
      create('3', { subject: 'c' }, ['2']),
    ];
    const answer = await graph('POST', '/$batch', { body: { requests } });
    expect(
      (answer.json['responses'] as { id: string; status: number }[]).map(({ id, status }) => [id, status]),
    ).toEqual([
      ['1', 201],
      ['2', 503],
      ['3', 424],
    ]);
    const many = Array.from({ length: 21 }, (_none, number) => ({ id: String(number), method: 'GET', url: '/users' }));
    expect((await graph('POST', '/$batch', { body: { requests: many } })).status).toBe(400);
  });

  it('says what changed in a folder since a token', async () => {
    const address = `${of}/mailFolders/inbox/messages`;
    await graph('POST', address, { body: { subject: 'a' } });
    const first = (await graph('GET', `${address}/delta`)).json;
    expect(first.value).toHaveLength(1);
    await graph('POST', address, { body: { subject: 'b' } });
    await graph('DELETE', `${of}/messages/${first.value[0]!.id}`);
    const second = (await graph('GET', first['@odata.deltaLink'] as string)).json;
    expect(second.value).toMatchObject([{ subject: 'b' }, { '@removed': { reason: 'deleted' } }]);
  });

  it('switches automatic replies', async () => {
    const automaticRepliesSetting = { status: 'alwaysEnabled', internalReplyMessage: 'Away' };
    await graph('PATCH', `${of}/mailboxSettings`, { body: { automaticRepliesSetting } });
    const settings = await graph('GET', `${of}/mailboxSettings`);
    expect(settings.json).toMatchObject({ userPurpose: 'user', automaticRepliesSetting });
  });

  it('takes no more than the quota of a mailbox', async () => {
    const full = await startPractice({ users: [{ userPrincipalName: anna, quota: 5_000 }] });
    const asked = await graphOf(full);
    const post = () => asked('POST', `${of}/messages`, { body: { subject: 'x'.repeat(1_000) } });
    expect([(await post()).status, (await post()).status]).toEqual([201, 201]);
    expect((await post()).json.error.code).toBe('ErrorQuotaExceeded');
    await full.stop();
  });
});
