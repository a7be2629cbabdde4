import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ewsOutOfOffice } from '../../../shared/adapters/ews/out-of-office.ts';
import { ExchangeServer } from '../../../shared/domain/endpoint.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import type { PracticeOutOfOffice } from '../../../simulator/exchange/practice-out-of-office.ts';

const address = 'anna@contoso.test';
const now = Date.parse('2026-06-15T12:00:00Z');
const clock = { now: () => now, sleep: () => Promise.resolve() };

describe.each(['2007SP1', '2010SP1'] as const)('the out-of-office settings of Exchange %s', (version) => {
  let mailbox: PracticeMailbox;
  let exchange: ExchangeSimulator;

  beforeEach(async () => {
    mailbox = new PracticeMailbox(address);
    exchange = await ExchangeSimulator.start({
      version,
      mailboxes: [new PracticeMailbox('migadmin@contoso.test'), mailbox],
      accounts: [
        { name: address, password: 'pw', opens: [address] },
        { name: 'CONTOSO\\migadmin', password: 'pw', opens: '*' },
        { name: 'CONTOSO\\acting', password: 'pw', opens: [], impersonates: true },
        { name: 'CONTOSO\\nobody', password: 'pw', opens: [] },
      ],
    });
  });
  afterEach(() => exchange.stop());

  const admin = (user: string) => ({ login: { mode: 'admin', user, secret: 'env:ADMIN' } });

  function read(set: PracticeOutOfOffice, settings: object = admin('CONTOSO\\migadmin')) {
    mailbox.outOfOffice = set;
    const server = ExchangeServer.parse({ kind: 'exchange', ewsUrl: exchange.ewsUrl, ...settings });
    const services = { secrets: () => Promise.resolve('pw'), clock };
    const credentials = { emailAddress: address, userName: address, password: 'pw' };
    return ewsOutOfOffice(server, services).read(credentials, new AbortController().signal);
  }

  const nothing = { from: null, until: null, internalReply: null, externalReply: null, externalAudience: 'all' };

  it.each<[string, PracticeOutOfOffice, object]>([
    ['off', { state: 'Disabled' }, { ...nothing, state: 'disabled' }],
    [
      'on, with texts of any characters',
      { state: 'Enabled', externalAudience: 'Known', internalReply: '<p>Weg & "fort" – bis März</p>' },
      { ...nothing, state: 'always', internalReply: '<p>Weg & "fort" – bis März</p>', externalAudience: 'contacts' },
    ],
    [
      'on for a time, which is in UTC though it does not say so',
      {
        ...{ state: 'Scheduled', externalAudience: 'None', externalReply: 'Away' },
        ...{ from: '2026-06-01T08:00:00', until: '2026-07-01T17:00:00Z' },
      },
      {
        ...{ ...nothing, state: 'scheduled', externalReply: 'Away', externalAudience: 'none' },
        ...{ from: '2026-06-01T08:00:00.000Z', until: '2026-07-01T17:00:00.000Z' },
      },
    ],
    [
      'off after the time it was on for',
      { state: 'Scheduled', from: '2026-05-01T08:00:00', until: '2026-06-01T17:00:00', internalReply: 'Away' },
      { ...nothing, state: 'disabled', internalReply: 'Away' },
    ],
  ])('are read where it is %s', async (_, set, expected) => {
    expect(await read(set)).toEqual(expected);
  });

  it.each([
    ['its owner', { login: { mode: 'user' } }],
    ['a delegate', admin('CONTOSO\\migadmin')],
    ['somebody in its owner’s place', { ...admin('CONTOSO\\acting'), access: 'impersonation' }],
  ])('are those of the mailbox when %s asks', async (_, settings) => {
    expect(await read({ state: 'Enabled' }, settings)).toMatchObject({ state: 'always' });
  });

  it('are refused to who may not open the mailbox, and missing where there is none', async () => {
    await expect(read({ state: 'Enabled' }, admin('CONTOSO\\nobody'))).rejects.toMatchObject({
      code: 'SOURCE_NO_RIGHTS',
    });
    exchange.mailboxes.pop();
    await expect(read({ state: 'Enabled' })).rejects.toMatchObject({ code: 'SOURCE_MAILBOX_NOT_FOUND' });
  });

  it('say nothing rather than the wrong thing when the server is busy', async () => {
    exchange.play({ operation: 'GetUserOofSettingsRequest', code: 'ErrorServerBusy', whole: true, backOffMs: 5000 });

    await expect(read({ state: 'Enabled' })).rejects.toMatchObject({ code: 'SOURCE_THROTTLED', retryAfterMs: 5000 });
  });
});
