import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { anna, graphOf, startPractice, type Graph } from './support/practice-organisation.ts';

const of = `/users/${anna}`;
const file = { '@odata.type': '#microsoft.graph.fileAttachment', name: 'a', contentBytes: 'aGk=' };

describe('requests to the practice Exchange Online', () => {
  let simulator: ExchangeOnlineSimulator;
  let graph: Graph;

  beforeAll(async () => {
    simulator = await startPractice();
    graph = await graphOf(simulator);
  });
  afterAll(() => simulator.stop());

  it.each<[string, string, object]>([
    ['a property that the type has not', `${of}/messages`, { subjekt: 'x' }],
    ['a value of another type', `${of}/messages`, { isRead: 'true' }],
    ['a property deep inside that the type has not', `${of}/messages`, { from: { emailAddress: { adress: 'x' } } }],
    ['a value that is none of the enumeration', `${of}/messages`, { importance: 'urgent' }],
    ['null for a collection', `${of}/messages`, { toRecipients: null }],
    [
      'a number as the value of an extended property',
      `${of}/messages`,
      { singleValueExtendedProperties: [{ id: 'Integer 0x0E07', value: 4 }] },
    ],
    ['an attachment without its type', `${of}/messages`, { attachments: [{ name: 'a', contentBytes: 'aGk=' }] }],
    ['an attachment with a property of another kind', `${of}/messages`, { attachments: [{ ...file, item: {} }] }],
    ['a time without its zone', `${of}/messages`, { receivedDateTime: '2019-03-01T10:00:00' }],
    ['a name of a calendar under another name', `${of}/calendars`, { displayName: 'Work' }],
    ['an importance of a task in capitals', `${of}/todo/lists/tasks/tasks`, { title: 'x', importance: 'HIGH' }],
    ['an action without one of its parameters', `${of}/assignLicense`, { addLicenses: [] }],
    ['a licence that is no id', `${of}/assignLicense`, { addLicenses: [{ skuId: 'E3' }], removeLicenses: [] }],
  ])('refuses %s', async (_what, path, body) => {
    expect(await graph('POST', path, { body })).toMatchObject({
      status: 400,
      json: { error: { code: 'RequestBodyRead' } },
    });
  });

  it('takes annotations, null for a value that may be empty, and an embedded message', async () => {
    const made = await graph('POST', `${of}/messages`, {
      body: {
        '@odata.type': '#microsoft.graph.message',
        subject: null,
        flag: { flagStatus: 'flagged', dueDateTime: { dateTime: '2026-01-01T00:00:00', timeZone: 'UTC' } },
        attachments: [
          file,
          {
            '@odata.type': '#microsoft.graph.itemAttachment',
            name: 'Embedded',
            item: { '@odata.type': '#microsoft.graph.message', subject: 'Inside' },
          },
        ],
      },
    });
    expect(made.status).toBe(201);
  });
});
