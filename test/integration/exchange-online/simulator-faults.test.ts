import { afterEach, describe, expect, it } from '@jest/globals';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { anna, graphOf, startPractice, tokenFor } from './support/practice-organisation.ts';

describe('the practice Exchange Online as a service that fails', () => {
  let simulator: ExchangeOnlineSimulator;
  const messages = `/users/${anna}/mailFolders/inbox/messages`;
  afterEach(() => simulator.stop());

  it('answers a played fault once, with an empty body', async () => {
    simulator = await startPractice();
    const graph = await graphOf(simulator);
    simulator.play({ method: 'POST', path: '/messages', status: 503, retryAfter: 3 });
    const failed = await graph('POST', messages, { body: { subject: 'x' } });
    expect(failed).toMatchObject({ status: 503, json: undefined });
    expect(failed.headers.get('retry-after')).toBe('3');
    expect((await graph('POST', messages, { body: { subject: 'x' } })).status).toBe(201);
    expect(simulator.throttling.impatient).toBe(1);
  });

  it('drops a connection before or after the request was done', async () => {
    simulator = await startPractice();
    const graph = await graphOf(simulator);
    simulator.play({ method: 'POST', drop: 'before' });
    await expect(graph('POST', messages, { body: { subject: 'lost' } })).rejects.toThrow();
    expect(simulator.mailbox(anna).items()).toHaveLength(0);
    simulator.play({ method: 'POST', drop: 'after', skip: 1 });
    await graph('POST', messages, { body: { subject: 'first' } });
    await expect(graph('POST', messages, { body: { subject: 'second' } })).rejects.toThrow();
    expect(simulator.mailbox(anna).items()).toHaveLength(2);
    expect(simulator.log.requests.map(({ status }) => status)).toEqual([200, 0, 201, 0]);
  });

  it('refuses a fifth request under way in a mailbox', async () => {
    simulator = await startPractice({}, { latencyMs: 200 });
    const graph = await graphOf(simulator);
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => graph('GET', messages)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.json.error).toMatchObject({
      code: 'ApplicationThrottled',
      message: expect.stringContaining('MailboxConcurrency'),
    });
    expect([...simulator.log.mostInFlight.values()]).toEqual([4]);
  });

  it('limits requests and uploads of a window, until it has passed', async () => {
    let now = 1_700_000_000_000;
    const clock = { now: () => now, sleep: () => Promise.resolve() };
    simulator = await startPractice({}, { clock, limits: { requests: 3, uploadOctets: 20_000 } });
    const graph = await graphOf(simulator);
    for (let at = 0; at < 3; at += 1) expect((await graph('GET', messages)).status).toBe(200);
    const refused = await graph('GET', messages);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '600']);
    now += 600_000;
    const body = { subject: 'x'.repeat(15_000) };
    expect((await graph('POST', messages, { body })).status).toBe(201);
    const full = await graph('POST', messages, { body });
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '300']);
  });

  it('wants a token of its own audience that is still good', async () => {
    let now = 1_700_000_000_000;
    const clock = { now: () => now, sleep: () => Promise.resolve() };
    simulator = await startPractice({}, { clock });
    const graph = await graphOf(simulator);
    const other = await tokenFor(simulator, 'https://outlook.office365.com');
    const foreign = await graph('GET', messages, { headers: { Authorization: `Bearer ${other}` } });
    expect(foreign).toMatchObject({ status: 401, json: { error: { code: 'InvalidAuthenticationToken' } } });
    expect((await graph('GET', messages)).status).toBe(200);
    now += 3_601_000;
    expect((await graph('GET', messages)).status).toBe(401);
  });

  it('refuses what an application has no permission for, and mailboxes that it may not open', async () => {
    simulator = await startPractice({
      applications: [
        {
          clientId: '0a0b0c0d-1234-4567-89ab-000000000001',
          secret: 'practice-secret',
          permissions: ['Mail.Read'],
          mailboxes: ['bob@contoso.test'],
        },
      ],
    });
    const graph = await graphOf(simulator);
    expect((await graph('GET', '/users')).json.error.code).toBe('Authorization_RequestDenied');
    expect((await graph('POST', messages, { body: { subject: 'x' } })).json.error.code).toBe('ErrorAccessDenied');
    expect((await graph('GET', messages)).status).toBe(403);
  });
});
