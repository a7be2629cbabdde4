import { describe, expect, it } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { answerRequest } from '../../../functions/api/answer-request.ts';
import { ApiRequest } from '../../../functions/api/api-request.ts';
import { respond } from '../../../functions/api/api-response.ts';
import { refuseLargeEndpoint } from '../../../functions/api/refuse-large-endpoint.ts';
import { Problem } from '../../../shared/contract/problem.ts';
import type { Operations } from '../../../shared/contract/routes.ts';
import { ConflictError } from '../../../shared/domain/errors.ts';
import { captureLines } from '../support/captured-lines.ts';

const ann = 'arn:aws:sts::111122223333:assumed-role/Admin/ann@contoso.test';
const secret = 'Tr0ub4dor&3';

/** The shape of the API Gateway guide's example, "Create AWS Lambda proxy integrations for HTTP APIs", with IAM. */
function event(change: object = {}, method = 'GET') {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/api/batches/wave-1/users',
    rawQueryString: 'status=Failed',
    headers: { 'accept-encoding': 'gzip, deflate' },
    queryStringParameters: { status: 'Failed' },
    requestContext: {
      accountId: '111122223333',
      authorizer: { iam: { accessKey: 'AKIA', accountId: '111122223333', userArn: ann, userId: 'AROA:ann' } },
      http: {
        method,
        path: '/api/batches/wave-1/users',
        protocol: 'HTTP/1.1',
        sourceIp: '192.0.2.1',
        userAgent: 'node',
      },
      stage: '$default',
    },
    isBase64Encoded: false,
    ...change,
  };
}

const captured = captureLines();

const asked: { readonly name: string; readonly request: unknown }[] = [];
const answers = (answer: (request: unknown) => unknown): Operations =>
  new Proxy({} as Operations, {
    get: (_, name: string) => async (request: unknown) => {
      asked.push({ name, request });
      return await Promise.resolve(answer(request));
    },
  });
const answer = (operations: Operations, given: object) => answerRequest(operations, ApiRequest.parse(given));

describe('a request to the API on AWS', () => {
  it('is asked of the operation that its path names, with the fields of path and query', async () => {
    const response = await answer(
      answers(() => []),
      event(),
    );

    expect(asked.at(-1)).toEqual({ name: 'listMailboxes', request: { name: 'wave-1', status: 'Failed' } });
    expect(response).toMatchObject({ statusCode: 200, body: '[]', isBase64Encoded: false });
    expect(response.headers['cache-control']).toBe('no-store');
  });

  it('is asked by who signed it, whatever it says itself', async () => {
    const body = JSON.stringify({ name: 'other', startedBy: 'mallory' });

    for (const change of [{ body }, { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }]) {
      await answer(
        answers(() => ({})),
        event({ rawPath: '/api/batches/wave-1/start', rawQueryString: '', ...change }, 'POST'),
      );
      expect(asked.at(-1)).toEqual({ name: 'startBatch', request: { name: 'wave-1', startedBy: ann } });
    }
  });

  it('is nothing without an IAM identity', () => {
    for (const authorizer of [undefined, {}, { jwt: {} }, { iam: { userArn: '' } }]) {
      const requestContext = { ...event().requestContext, authorizer };
      expect(ApiRequest.safeParse(event({ requestContext })).success).toBe(false);
    }
  });

  it('says what there is not, and what does not fit', async () => {
    const call = async (change: object, method = 'GET') => {
      const { statusCode, body } = await answer(
        answers(() => ({})),
        event(change, method),
      );
      return [statusCode, Problem.parse(JSON.parse(body)).error.code];
    };

    expect(await call({ rawPath: '/api/nothing' })).toEqual([404, 'NO_SUCH_ROUTE']);
    expect(await call({ rawQueryString: 'status=Nonsense' })).toEqual([422, 'USAGE']);
    expect(await call({ rawPath: '/api/batches/wave-1/start', body: '[]' }, 'POST')).toEqual([422, 'USAGE']);
  });

  it('is refused with the code, the fix and the exit code of the refusal', async () => {
    const refused = answers(() => {
      throw new ConflictError({ code: 'BATCH_EXISTS', message: 'There is a batch wave-1 already.' });
    });

    const { statusCode, body } = await answer(refused, event());

    expect(statusCode).toBe(409);
    expect(JSON.parse(body)).toMatchObject({
      error: { code: 'BATCH_EXISTS', message: 'There is a batch wave-1 already.', exitCode: 4 },
    });
  });

  it('keeps the words of an unexpected error from who asks, and out of the log', async () => {
    const broken = answers(() => {
      throw new SyntaxError(`Unexpected token in ${secret}`);
    });

    const { statusCode, body } = await answer(broken, event());

    expect(statusCode).toBe(500);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'UNEXPECTED', exitCode: 1 } });
    expect(`${body} ${captured.lines.join('')}`).not.toContain(secret);
    expect(captured.lines.join('')).toContain('SyntaxError');
  });

  it('stands in the log with who, what and how it ended, and without query and body', async () => {
    const body = JSON.stringify({ csv: Buffer.from(secret).toString('base64') });

    await answer(
      answers(() => ({})),
      event({ rawPath: '/api/batches/wave-1/rows', rawQueryString: `a=${secret}`, body }, 'POST'),
    );

    const [line] = captured.lines.map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(line).toMatchObject({ route: 'addRows', path: '/api/batches/wave-1/rows', principal: ann });
    expect(captured.lines.join('')).not.toContain(secret);
    expect(captured.lines.join('')).not.toContain(Buffer.from(secret).toString('base64'));
  });
});

describe('an answer of the API on AWS', () => {
  const mailboxes = (count: number) =>
    Array.from({ length: count }, (_, row) => ({ mailbox: `user${String(row)}@contoso.test`, row, status: 'Synced' }));

  it('is compressed where it is long and whoever asks takes that', () => {
    const long = mailboxes(150_000);

    const response = respond(200, long, { takesGzip: true });

    expect(response).toMatchObject({ statusCode: 200, isBase64Encoded: true });
    expect(response.headers['content-encoding']).toBe('gzip');
    expect(response.body.length).toBeLessThan(6_000_000);
    expect(JSON.parse(gunzipSync(Buffer.from(response.body, 'base64')).toString('utf8'))).toEqual(long);
  });

  it('is refused in words where Lambda would not hand it on', () => {
    const response = respond(200, mailboxes(150_000), { takesGzip: false });

    expect(response.statusCode).toBe(422);
    expect(JSON.parse(response.body)).toMatchObject({
      error: { code: 'USAGE', fix: expect.stringMatching(/--status/) },
    });
  });
});

describe('an endpoint on AWS', () => {
  it('is refused with more certificates than its table keeps', () => {
    const tls = { caFile: 'all.pem', ca: 'MIIDdzCCAl+gAwIBAgIE\n'.repeat(10_000) };

    expect(() => refuseLargeEndpoint({ name: 'contoso', source: { tls } })).toThrow(/200 KB/);
    expect(() => refuseLargeEndpoint({ name: 'contoso', source: { tls: { ...tls, ca: 'one' } } })).not.toThrow();
    expect(() => refuseLargeEndpoint(undefined)).not.toThrow();
  });
});
