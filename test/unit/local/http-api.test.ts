import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHttpApi } from '../../../local/http-api.ts';
import type { HttpApi } from '../../../local/http-api.ts';
import { remoteOperations } from '../../../cli/remote-operations.ts';
import { CommandError, exitCodes } from '../../../shared/contract/problem.ts';
import type { Operations } from '../../../shared/contract/routes.ts';

const token = 'a-token-of-more-than-thirty-two-characters';
const nothing = () => undefined;
const asked: unknown[] = [];
const batches = { answer: Promise.resolve<unknown>([]) };
let api: HttpApi;

const operations = new Proxy({} as Operations, {
  get: (_, name: string) => (fields: unknown) => {
    asked.push({ name, fields });
    if (name === 'showBatch') {
      throw new CommandError({
        code: 'BATCH_NOT_FOUND',
        message: 'There is no batch x.',
        exitCode: exitCodes.notFound,
      });
    }
    if (name === 'listBatches') return batches.answer;
    if (name === 'resumeBatch') throw new Error('a defect');
    if (name === 'showService') return Promise.resolve({ kind: 'serve', pid: 1, dataDir: '/data' });
    return Promise.resolve([]);
  },
});

beforeEach(async () => {
  asked.length = 0;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  api = await startHttpApi({ operations, port: 0, token, log });
});

afterEach(async () => api.close());

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** node:http, since fetch does not let a caller choose the Host header. */
function ask({ method = 'GET', path = '/api/service', headers = {}, body }: Asked) {
  return new Promise<{ status: number; answer: unknown }>((resolve, reject) => {
    const outgoing = request(
      new URL(path, api.url),
      { method, headers: { authorization: `Bearer ${token}`, ...headers } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, answer: JSON.parse(text) }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('the API of the embedded service', () => {
  it('answers who has the token', async () => {
    expect(await ask({})).toEqual({ status: 200, answer: { kind: 'serve', pid: 1, dataDir: '/data' } });
  });

  it.each([
    ['no token', { authorization: '' }, 401, 'TOKEN_REFUSED'],
    ['a wrong token', { authorization: `Bearer ${token}x` }, 401, 'TOKEN_REFUSED'],
    ['a token in another scheme', { authorization: `Basic ${token}` }, 401, 'TOKEN_REFUSED'],
    ['a name that resolves to this machine', { host: 'evil.test' }, 403, 'HOST_REFUSED'],
    ['this machine under another port', { host: '127.0.0.1:1' }, 403, 'HOST_REFUSED'],
    ['a page of another origin', { origin: 'https://evil.test' }, 403, 'ORIGIN_REFUSED'],
    ['a page without an origin', { origin: 'null' }, 403, 'ORIGIN_REFUSED'],
  ])('refuses %s', async (_, headers, status, code) => {
    const refused = await ask({ headers });

    expect(refused).toEqual({ status, answer: { error: expect.objectContaining({ code }) } });
    expect(asked).toEqual([]);
  });

  it('accepts a page of its own origin', async () => {
    expect((await ask({ headers: { origin: api.url } })).status).toBe(200);
  });

  it('says what there is not', async () => {
    expect((await ask({ path: '/api/nothing' })).status).toBe(404);
    expect((await ask({ method: 'DELETE', path: '/api/batches' })).status).toBe(404);
  });

  it('takes fields from the path, the query and the body', async () => {
    await ask({ path: '/api/batches/sales%2E1/users?status=Failed' });
    await ask({
      method: 'POST',
      path: '/api/batches/sales/rows',
      body: JSON.stringify({ csv: 'YQ==', startedBy: 'me' }),
    });

    expect(asked).toEqual([
      { name: 'listMailboxes', fields: { name: 'sales.1', status: 'Failed' } },
      { name: 'addRows', fields: { name: 'sales', csv: 'YQ==', startedBy: 'me' } },
    ]);
  });

  it('lets the path win over a body that names something else', async () => {
    const body = JSON.stringify({ name: 'other', csv: 'YQ==', startedBy: 'me' });

    await ask({ method: 'POST', path: '/api/batches/sales/rows', body });

    expect(asked).toEqual([{ name: 'addRows', fields: { name: 'sales', csv: 'YQ==', startedBy: 'me' } }]);
  });

  it.each([
    ['no JSON', 'x'],
    ['no object', '[]'],
    ['a field that is missing', '{"csv":"YQ=="}'],
    ['a field that is wrong', '{"csv":"not base64!","startedBy":"me"}'],
  ])('refuses a body with %s', async (_, body) => {
    expect((await ask({ method: 'POST', path: '/api/batches/sales/rows', body })).status).toBe(422);
    expect(asked).toEqual([]);
  });

  it('refuses a body of more than 16 MB without keeping it', async () => {
    const body = JSON.stringify({ csv: 'A'.repeat(17 * 1024 * 1024), startedBy: 'me' });

    const refused = await ask({ method: 'POST', path: '/api/batches/sales/rows', body }).catch(() => 'closed');

    expect(refused === 'closed' || (refused as { status: number }).status === 422).toBe(true);
    expect(asked).toEqual([]);
  });

  it('hands errors to the command line with their code and exit code', async () => {
    const remote = remoteOperations({ url: api.url, token });

    await expect(remote.showBatch({ name: 'x' })).rejects.toMatchObject({ code: 'BATCH_NOT_FOUND', exitCode: 3 });
    await expect(remote.resumeBatch({ name: 'x', startedBy: 'me' })).rejects.toMatchObject({ exitCode: 1 });
  });

  it('is found gone by the command line once it is closed', async () => {
    const remote = remoteOperations({ url: api.url, token });
    await api.close();

    await expect(remote.listBatches({})).rejects.toMatchObject({ code: 'SERVICE_UNREACHABLE', asked: false });
  });

  it('answers what it was asked before it closes', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    batches.answer = promise;
    const answer = remoteOperations({ url: api.url, token }).listBatches({});
    while (asked.length === 0) await sleep(1);

    const closed = api.close();
    resolve([]);

    expect(await answer).toEqual([]);
    await closed;
  });

  it('is gone in the middle of a request where its process dies', async () => {
    const died = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => died.listen(0, '127.0.0.1', resolve));
    const { port } = died.address() as AddressInfo;

    await expect(
      remoteOperations({ url: `http://127.0.0.1:${String(port)}`, token }).listBatches({}),
    ).rejects.toMatchObject({ code: 'SERVICE_UNREACHABLE', asked: true });
    died.close();
  });

  it('listens on 127.0.0.1 alone', () => {
    expect(new URL(api.url).hostname).toBe('127.0.0.1');
  });
});
