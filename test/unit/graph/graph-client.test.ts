import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { GraphClient } from '../../../shared/adapters/graph/graph-client.ts';
import { MailboxLimiter } from '../../../shared/adapters/graph/mailbox-limiter.ts';
import type { Clock } from '../../../shared/ports/clock.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (request: Asked, response: ServerResponse) => void;

/** Time that passes as soon as somebody sleeps. */
class HastyClock implements Clock {
  readonly slept: number[] = [];
  #now = 1_700_000_000_000;

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.#now += ms;
    return Promise.resolve();
  }
}

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
const refusal = (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  json({ error: { code, message: `said ${code} to ann@contoso.test` } }, status, headers);
const broken: Answer = (_, response) => {
  response.destroy();
};

const Id = z.object({ id: z.string() });

describe('a client of Graph', () => {
  let server: Server;
  let root: string;
  let clock: HastyClock;
  let asked: Asked[];
  let answers: Answer[];
  let refusedTokens: (string | undefined)[];

  beforeEach(async () => {
    asked = [];
    answers = [];
    refusedTokens = [];
    clock = new HastyClock();
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const one: Asked = { method, url, headers, body: Buffer.concat(chunks).toString() };
        asked.push(one);
        (answers.shift() ?? refusal(500, 'NobodyExpectedThis'))(one, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    root = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1.0`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function client(signal = new AbortController().signal, limiter = new MailboxLimiter(clock)): GraphClient {
    const tokens = {
      token: (refused?: string) => {
        refusedTokens.push(refused);
        return Promise.resolve(refused === undefined ? 'first-token' : 'second-token');
      },
    };
    return new GraphClient({ root, tokens, clock, limiter: () => limiter, signal });
  }

  it('asks for immutable ids, with its token', async () => {
    answers = [json({ id: 'a' })];
    expect(await client().get('/users/1', Id)).toEqual({ id: 'a' });
    expect(asked[0]).toMatchObject({
      url: '/v1.0/users/1',
      headers: { prefer: 'IdType="ImmutableId"', authorization: 'Bearer first-token' },
    });
  });

  it('reads a collection over its pages', async () => {
    answers = [
      json({ value: [{ id: 'a' }, { id: 'b' }], '@odata.nextLink': `${root}/users?$skiptoken=x` }),
      json({ value: [{ id: 'c' }] }),
    ];
    expect(await client().all('/users', Id)).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    expect(asked.map(({ url }) => url)).toEqual(['/v1.0/users', '/v1.0/users?$skiptoken=x']);
  });

  it('takes its token to no other place than Graph, whatever a next page says', async () => {
    answers = [json({ value: [], '@odata.nextLink': 'https://evil.test/v1.0/users' })];
    await expect(client().all('/users', Id)).rejects.toMatchObject({ code: 'SERVER_MISBEHAVES' });
  });

  it('never sends a POST again whose answer was lost, and says that its fate is not known', async () => {
    answers = [broken, json({ id: 'twin' }, 201)];
    await expect(client().post('/messages', {}, Id)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'TARGET_CONNECTION_LOST',
    });
    expect(asked).toHaveLength(1);
  });

  it.each([500, 502, 503, 504])('never sends a POST again that was answered %d', async (status) => {
    answers = [(_, response) => response.writeHead(status).end(), json({ id: 'twin' }, 201)];
    await expect(client().post('/messages', {}, Id)).rejects.toMatchObject({ code: 'TARGET_CONNECTION_LOST' });
    expect(asked).toHaveLength(1);
  });

  it('sends again what may be repeated', async () => {
    answers = [broken, refusal(503, ''), json({ id: 'a' })];
    expect(await client().get('/users/1', Id)).toEqual({ id: 'a' });
    answers = [broken, json({ id: 'b' }, 201)];
    expect(await client().post('/x', {}, Id, { isRepeatable: true })).toEqual({ id: 'b' });
  });

  it('gives up after some tries', async () => {
    answers = [1, 2, 3, 4, 5, 6].map(() => refusal(503, ''));
    await expect(client().get('/users/1', Id)).rejects.toMatchObject({ code: 'TARGET_UNAVAILABLE' });
    expect(asked).toHaveLength(4);
  });

  it('sends a POST again that was throttled, after the time that the server named and nothing in between', async () => {
    const limiter = new MailboxLimiter(clock);
    const signal = new AbortController().signal;
    const times: number[] = [];
    const note =
      (answer: Answer): Answer =>
      (request, response) => {
        times.push(clock.now());
        answer(request, response);
      };
    answers = [
      note(refusal(429, 'ApplicationThrottled', { 'Retry-After': '7' })),
      note(json({ id: 'a' })),
      note(json({ id: 'b' })),
    ];
    const before = clock.now();
    await client(signal, limiter).post('/messages', {}, Id);
    await client(signal, limiter).get('/messages', Id);
    expect(times.map((time) => time - before)).toEqual([0, 7000, 7000]);
  });

  it('leaves at a long back-off, and nobody sends anything before it is over', async () => {
    const limiter = new MailboxLimiter(clock);
    const signal = new AbortController().signal;
    answers = [refusal(429, 'ApplicationThrottled', { 'Retry-After': '90' }), json({ id: 'a' })];
    const throttled = { name: 'TransientError', code: 'TARGET_THROTTLED' };
    await expect(client(signal, limiter).get('/a', Id)).rejects.toMatchObject({ ...throttled, retryAfterMs: 90_000 });
    await clock.sleep(30_000);
    await expect(client(signal, limiter).get('/b', Id)).rejects.toMatchObject({ ...throttled, retryAfterMs: 60_000 });
    expect(asked).toHaveLength(1);
    await clock.sleep(60_000);
    expect(await client(signal, limiter).get('/c', Id)).toEqual({ id: 'a' });
  });

  it('gets one new token when one is refused, and comes again later when that one is refused too', async () => {
    answers = [refusal(401, 'InvalidAuthenticationToken'), json({ id: 'a' }, 201)];
    await client().post('/messages', {}, Id);
    expect(refusedTokens).toEqual([undefined, 'first-token']);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first-token', 'Bearer second-token']);
    answers = [refusal(401, 'x'), refusal(401, 'x'), json({ id: 'a' })];
    await expect(client().get('/users', Id)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'TARGET_UNAVAILABLE',
      message: expect.stringContaining('a token that was just given is refused'),
    });
  });

  it('waits for a slow answer only so long', async () => {
    answers = [() => undefined];
    await expect(client().post('/messages', {}, Id, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TARGET_CONNECTION_LOST',
      message: expect.stringContaining('no answer in time'),
    });
  });

  it('ends at once when it is told to', async () => {
    const closing = new AbortController();
    answers = [() => closing.abort()];
    await expect(client(closing.signal).get('/users', Id)).rejects.toMatchObject({ code: 'TARGET_CONNECTION_LOST' });
    expect(asked).toHaveLength(1);
  });

  it('shows no address, no token and no query of what it was told', async () => {
    answers = [json({ error: { code: 'Bad', message: 'ann@contoso.test at https://x.test/a?authtoken=eyJhb' } }, 400)];
    const error = (await client()
      .get('/users/ann@contoso.test?$filter=secret', Id)
      .catch((reason: unknown) => reason)) as Error;
    expect(error.message).toMatch(/HTTP 400 Bad: \(address\) at https:\/\/x\.test\/a$/);
  });

  it('calls a DELETE of what is gone done', async () => {
    answers = [broken, refusal(404, 'ErrorItemNotFound')];
    expect(await client().delete('/messages/1')).toBe('gone');
  });

  it.each([
    [400, 'ErrorInvalidRecipients', '/users/1/messages', 'ItemRefusedError', 'ITEM_REFUSED'],
    [413, '', '/users/1/messages', 'ItemRefusedError', 'ITEM_TOO_LARGE'],
    [400, 'ErrorMessageSizeExceeded', '/users/1/messages', 'ItemRefusedError', 'ITEM_TOO_LARGE'],
    [507, 'ErrorQuotaExceeded', '/users/1/messages', 'MailboxBlockedError', 'TARGET_MAILBOX_FULL'],
    [404, 'MailboxNotEnabledForRESTAPI', '/users/1/messages', 'MailboxBlockedError', 'TARGET_MAILBOX_NOT_FOUND'],
    [404, 'ErrorInvalidUser', '/users/1/messages', 'MailboxBlockedError', 'TARGET_MAILBOX_NOT_FOUND'],
    [404, 'ErrorItemNotFound', '/users/1/messages/2', 'ConflictError', 'FOLDER_CHANGED'],
    [409, 'ErrorFolderExists', '/users/1/mailFolders', 'ConflictError', 'FOLDER_CHANGED'],
    [403, 'ErrorAccessDenied', '/users/1/messages', 'MailboxBlockedError', 'TARGET_RIGHT_MISSING'],
    [403, 'Authorization_RequestDenied', '/users', 'ConfigurationError', 'TARGET_RIGHT_MISSING'],
  ])('translates %d %s', async (status, code, path, name, ours) => {
    answers = [refusal(status, code)];
    await expect(client().post(path, {}, Id)).rejects.toMatchObject({ name, code: ours });
  });

  it.each([
    ['/users/1/contactFolders', 'Contacts.ReadWrite'],
    ['/users/1/calendars/2/events', 'Calendars.ReadWrite'],
    ['/users/1/mailFolders/inbox', 'Mail.ReadWrite'],
    ['/users/1/mailboxSettings', 'MailboxSettings.ReadWrite'],
    ['/admin/exchange/mailboxes/MBX:1/exportItems', 'MailboxItem.ImportExport'],
    ['/users/1/todo/lists', 'Tasks.ReadWrite.All'],
    ['/organization', 'Organization.Read.All'],
  ])('names the right that %s wants', async (path, right) => {
    answers = [refusal(403, 'ErrorAccessDenied')];
    await expect(client().get(path, Id)).rejects.toMatchObject({ message: expect.stringContaining(right) });
  });

  describe('uploading', () => {
    const big = new Uint8Array(9_000_000).fill(7);

    it('sends ranges in order, without its token, and tells where the file is', async () => {
      answers = [
        json({ nextExpectedRanges: ['3866624-'] }),
        json({ nextExpectedRanges: ['7733248-'] }),
        json(undefined, 201, { Location: 'https://outlook.test/attachment' }),
      ];
      expect(await client().upload(`${root}/upload?authtoken=x`, big)).toBe('https://outlook.test/attachment');
      expect(asked.map(({ headers }) => [headers['content-range'], headers.authorization])).toEqual([
        ['bytes 0-3866623/9000000', undefined],
        ['bytes 3866624-7733247/9000000', undefined],
        ['bytes 7733248-8999999/9000000', undefined],
      ]);
    });

    it('asks where it stands after a lost answer', async () => {
      answers = [broken, json({ nextExpectedRanges: ['3866624-'] }), json({}, 200), json(undefined, 201)];
      await client().upload(`${root}/upload`, big);
      expect(asked.map(({ method, headers }) => `${method} ${headers['content-range'] ?? ''}`)).toEqual([
        'PUT bytes 0-3866623/9000000',
        'GET ',
        'PUT bytes 3866624-7733247/9000000',
        'PUT bytes 7733248-8999999/9000000',
      ]);
    });
  });

  describe('in batches', () => {
    const post = (path: string): { readonly method: 'POST'; readonly path: string; readonly body: unknown } => ({
      method: 'POST',
      path,
      body: { a: 1 },
    });
    const Sent = z.object({
      requests: z.array(z.object({ id: z.string(), url: z.string(), dependsOn: z.array(z.string()).optional() })),
    });
    const answering =
      (statusOf: (url: string) => number): Answer =>
      (request, response) => {
        const { requests } = Sent.parse(JSON.parse(request.body));
        const responses = requests.map(({ id, url }) => ({
          id,
          status: statusOf(url),
          headers: statusOf(url) === 429 ? { 'Retry-After': '3' } : {},
          body: statusOf(url) < 300 ? { id: url } : { error: { code: 'Said', message: '' } },
        }));
        // Answers come in any order.
        json({ responses: responses.reverse() })(request, response);
      };

    it('sends twenty at a time, each after the one before it', async () => {
      answers = [answering(() => 201), answering(() => 201)];
      const outcomes = await client().batch(
        Array.from({ length: 23 }, (_, at) => post(`/${String(at)}`)),
        'sequential',
      );
      expect(outcomes.map((outcome) => outcome.outcome === 'ok' && outcome.body)).toEqual(
        Array.from({ length: 23 }, (_, at) => ({ id: `/${String(at)}` })),
      );
      const sent = asked.map(({ body }) => Sent.parse(JSON.parse(body)).requests);
      expect(sent.map((requests) => requests.length)).toEqual([20, 3]);
      expect(sent[0]?.slice(0, 3).map(({ dependsOn }) => dependsOn)).toEqual([undefined, ['1'], ['2']]);
    });

    it('sends again what was throttled, and what waited for it, after the back-off', async () => {
      answers = [answering((url) => (url === '/0' ? 201 : url === '/1' ? 429 : 424)), answering(() => 201)];
      const outcomes = await client().batch([post('/0'), post('/1'), post('/2')], 'sequential');
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
      expect(Sent.parse(JSON.parse(asked[1]?.body ?? '')).requests.map(({ url }) => url)).toEqual(['/1', '/2']);
      expect(clock.slept).toEqual([3000]);
    });

    it('sends again, with a new token, what was signed out inside, but not twice', async () => {
      const first = answering((url) => (url === '/0' ? 201 : url === '/1' ? 401 : 424));
      answers = [first, answering(() => 201)];
      const outcomes = await client().batch([post('/0'), post('/1'), post('/2')], 'sequential');
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
      expect(refusedTokens).toContain('first-token');
      expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first-token', 'Bearer second-token']);
      answers = [answering(() => 401), answering(() => 401)];
      const [refused] = await client().batch([post('/3')], 'sequential');
      expect(refused).toMatchObject({ outcome: 'failed', error: { code: 'TARGET_UNAVAILABLE' } });
    });

    it('does not carry out what comes behind a failure, over batches too', async () => {
      answers = [answering((url) => (url === '/0' ? 201 : url === '/1' ? 400 : 424))];
      const requests = Array.from({ length: 25 }, (_, at) => post(`/${String(at)}`));
      const outcomes = await client().batch(requests, 'sequential');
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['ok', 'failed', ...Array<string>(23).fill('not-done')]);
      expect(asked).toHaveLength(1);
    });

    it('does not repeat a batch with a POST whose answer was lost', async () => {
      answers = [broken, answering(() => 201)];
      await expect(client().batch([post('/0')], 'parallel')).rejects.toMatchObject({ code: 'TARGET_CONNECTION_LOST' });
      expect(asked).toHaveLength(1);
    });
  });
});
