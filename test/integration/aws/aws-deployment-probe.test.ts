import { LambdaClient } from '@aws-sdk/client-lambda';
import { SESClient } from '@aws-sdk/client-ses';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { awsDeploymentProbe } from '../../../shared/adapters/aws/aws-deployment-probe.ts';

interface Account {
  readonly sendingEnabled: boolean;
  readonly quota: number;
  readonly sent: number;
  readonly concurrency: number;
  readonly unreserved: number;
}
const large: Account = { sendingEnabled: true, quota: 50_000, sent: 10, concurrency: 1000, unreserved: 900 };

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
});

/** SES's Query protocol and Lambda's REST, as far as the probe asks; 'refused' answers 403 to all. */
async function probeOf(account: Account | 'refused') {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const action = new URLSearchParams(text).get('Action');
      asked.push(action ?? request.url ?? '');
      if (account === 'refused') {
        const body =
          action === null
            ? JSON.stringify({ Message: 'not authorized' })
            : '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>';
        response.writeHead(403, action === null ? { 'x-amzn-errortype': 'AccessDeniedException' } : {}).end(body);
      } else if (action === null) {
        const limit = { ConcurrentExecutions: account.concurrency, UnreservedConcurrentExecutions: account.unreserved };
        response.writeHead(200).end(JSON.stringify({ AccountLimit: limit, AccountUsage: {} }));
      } else {
        response
          .writeHead(200)
          .end(`<${action}Response><${action}Result>${result(account)}</${action}Result></${action}Response>`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  const options = {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  return { probe: awsDeploymentProbe({ ses: new SESClient(options), lambda: new LambdaClient(options) }), asked };
}

function result({ sendingEnabled, quota, sent }: Account): string {
  return (
    `<Enabled>${String(sendingEnabled)}</Enabled>` +
    `<Max24HourSend>${String(quota)}</Max24HourSend><SentLast24Hours>${String(sent)}</SentLast24Hours>`
  );
}

describe('the deployment', () => {
  it('has what a batch takes: mails go out, and the workers find room', async () => {
    const { probe, asked } = await probeOf(large);

    const [mail, workers] = await probe.probe({ workers: 20 });

    expect(mail).toMatchObject({ check: 'mail-sending', result: 'pass', code: null, fix: '' });
    expect(mail!.evidence).toContain('50000 mails in 24 hours');
    expect(workers).toMatchObject({ check: 'workers', result: 'pass', code: null, fix: '' });
    expect(workers!.evidence).toMatch(/at most 900 .*\(1000 in all\).* 20 mailboxes/);
    expect(asked.toSorted()).toEqual([
      expect.stringMatching(/account-settings/),
      'GetAccountSendingEnabled',
      'GetSendQuota',
    ]);
  });

  it.each([
    ['is paused', { ...large, sendingEnabled: false }, /paused/],
    ['is in the sandbox', { ...large, quota: 200 }, /sandbox/],
    ['has sent what it may', { ...large, sent: 50_000 }, /50000 of this account’s 50000/],
  ])('warns where SES %s: no batch stops over its mail', async (_what, account, evidence) => {
    const { probe } = await probeOf(account);

    const [mail] = await probe.probe({ workers: 1 });

    expect(mail).toMatchObject({ result: 'warn', code: null, evidence: expect.stringMatching(evidence) });
    expect(mail!.fix).not.toBe('');
  });

  it('knows that -1 is no limit', async () => {
    const { probe } = await probeOf({ ...large, quota: -1 });

    expect((await probe.probe({ workers: 1 }))[0]).toMatchObject({ result: 'pass' });
  });

  it.each([
    [30, 'pass', null],
    [29, 'warn', null],
    [20, 'warn', null],
    [19, 'fail', 'WORKERS_LIMITED'],
  ])('with room for %i functions, 20 workers: %s', async (unreserved, expected, code) => {
    const { probe } = await probeOf({ ...large, unreserved });

    expect((await probe.probe({ workers: 20 }))[1]).toMatchObject({ result: expected, code });
  });

  it('says what it could not ask', async () => {
    const { probe } = await probeOf('refused');

    expect(await probe.probe({ workers: 20 })).toMatchObject([
      { check: 'mail-sending', result: 'cannot-check', evidence: expect.stringContaining('AccessDenied') },
      { check: 'workers', result: 'cannot-check', evidence: expect.stringContaining('AccessDeniedException') },
    ]);
  });
});
