import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleFunctions } from '../../../infra/bundle-functions.ts';
import { functionNames } from '../../../infra/function-names.ts';
import type { FunctionName } from '../../../infra/function-names.ts';
import { DynamoStateTable } from '../../../shared/adapters/aws/dynamo-state-table.ts';
import { tagsOf } from '../../../shared/adapters/aws/ses-event.ts';
import { TableBatchStore } from '../../../shared/adapters/store/table-batch-store.ts';
import type { BatchStore } from '../../../shared/ports/batch-store.ts';
import { startDynamoServer } from '../../contract/support/dynamo-server.ts';
import type { DynamoServer } from '../../contract/support/dynamo-server.ts';
import { buckets, startS3Server } from '../../contract/support/s3-server.ts';
import type { S3Server } from '../../contract/support/s3-server.ts';
import { anEndpoint } from '../../support/builders/store-items.ts';
import { startAwsStub } from '../support/aws-stub.ts';

const run = promisify(execFile);
const machine = 'arn:aws:states:eu-central-1:111122223333:stateMachine:stagecoach-migrate-batch';
const variables = {
  STATE_TABLE: 'state',
  PASSWORD_TABLE: 'passwords',
  DATA_BUCKET: 'data-bucket',
  INCOMING_BUCKET: 'incoming-bucket',
  SEALING_KEY: 'arn:aws:kms:eu-central-1:111122223333:key/0f1e2d3c',
  STATE_MACHINE: machine,
  PROBE_FUNCTION: 'stagecoach-probe-endpoint',
  DIRECTORY_FUNCTION: 'stagecoach-reach-directory',
  MAIL_FROM: 'stagecoach@example.com',
  MAIL_CONFIGURATION_SET: 'stagecoach-status-mail',
  OPERATOR: 'operator@example.com',
  CONSOLE_URL: 'https://eu-central-1.console.aws.amazon.com/s3/object/data-bucket?region=eu-central-1&prefix=',
};
const lambda = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  POWERTOOLS_SERVICE_NAME: 'test',
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stagecoach-bundles-'));
  bundleFunctions(folder);
  writeFileSync(
    join(folder, 'invoke.mjs'),
    `const { handler } = await import(process.argv[2]);
     const context = { awsRequestId: 'r', functionName: 'f', getRemainingTimeInMillis: () => 60000 };
     const answer = await handler(JSON.parse(process.argv[3]), context).then(
       (result) => ({ result }),
       ({ name, message, ...rest }) => ({ error: { name, message, ...rest } }),
     );
     process.stdout.write('\\nANSWER ' + JSON.stringify(answer));`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const bundleOf = (name: FunctionName) => join(folder, name, 'index.mjs');

/** One cold start in a process of its own, as on Lambda. */
async function invoke(name: FunctionName, event: unknown, environment: Record<string, string>): Promise<Answer> {
  const { stdout } = await run(process.execPath, [join(folder, 'invoke.mjs'), bundleOf(name), JSON.stringify(event)], {
    env: { ...lambda, ...variables, ...environment },
  });
  return JSON.parse(stdout.slice(stdout.lastIndexOf('ANSWER ') + 'ANSWER '.length)) as Answer;
}
interface Answer {
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly name: string; readonly message: string };
}

describe('a bundle', () => {
  it.each(functionNames)('of %s holds all it needs: it loads, and exports a handler', async (name) => {
    const script = `const { handler } = await import(${JSON.stringify(bundleOf(name))}); process.stdout.write(typeof handler)`;

    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...lambda, ...variables },
      // Nothing but the bundle: no node_modules to fall back on.
      cwd: tmpdir(),
    });

    expect(stdout).toBe('function');
    expect(statSync(bundleOf(name)).size).toBeLessThan(5_000_000);
  });

  it('says which variables its deployment forgot, before it takes any work', async () => {
    const script = `await import(${JSON.stringify(bundleOf('rest-batch'))})`;

    await expect(
      run(process.execPath, ['--input-type=module', '-e', script], { env: { ...lambda, STATE_TABLE: 'state' } }),
    ).rejects.toThrow(/missing or not valid: PASSWORD_TABLE, STATE_MACHINE/);
  });

  it('of a function that talks to no mail server holds no IMAP', () => {
    for (const name of functionNames) {
      const talks = ['check-prerequisites', 'copy-slice', 'probe-endpoint'].includes(name);
      expect(readFileSync(bundleOf(name), 'utf8').includes('BODY.PEEK')).toBe(talks);
    }
  });
});

describe('an upload, through the bundles', () => {
  let dynamo: DynamoServer;
  let aws: Awaited<ReturnType<typeof startAwsStub>>;
  let store: BatchStore;
  let environment: Record<string, string>;
  const upload = (key: string) => ({
    detail: { object: { key, 'version-id': 'v1' }, requester: '111122223333' },
  });

  beforeAll(async () => {
    dynamo = await startDynamoServer();
    await Promise.all([dynamo.createTable('state'), dynamo.createTable('passwords')]);
    aws = await startAwsStub();
    const { hostname, port } = await dynamo.client.config.endpoint!();
    store = new TableBatchStore({
      state: new DynamoStateTable({ client: dynamo.client, table: 'state' }),
      passwords: new DynamoStateTable({ client: dynamo.client, table: 'passwords' }),
    });
    environment = {
      AWS_ENDPOINT_URL_DYNAMODB: `http://${hostname}:${String(port)}`,
      AWS_ENDPOINT_URL_SFN: aws.url,
      AWS_ENDPOINT_URL_SES: aws.url,
    };
    await store.putEndpoint(anEndpoint('contoso'));
  });
  afterAll(async () => {
    await aws.close();
    await dynamo.close();
  });
  const mails = () => aws.calls.filter(({ operation }) => operation === 'SendRawEmail');

  it('starts an execution, which takes the run and reads', async () => {
    const started = await invoke('start-upload', upload('incoming/contoso/wave-1.csv'), environment);

    expect(started).toEqual({ result: { outcome: 'started', batch: 'wave-1' } });
    const [call] = aws.calls;
    expect(call).toMatchObject({ operation: 'StartExecution', parameters: { stateMachineArn: machine } });
    const input = JSON.parse(String(call!.parameters['input'])) as Record<string, unknown>;
    expect(input).toEqual({
      batch: 'wave-1',
      pass: 'initial',
      upload: { key: 'incoming/contoso/wave-1.csv', version: 'v1' },
    });

    const execution = `${machine.replace(':stateMachine:', ':execution:')}:wave-1-first`;
    const found = await invoke('find-where-the-batch-stands', { batch: 'wave-1', execution, input }, environment);

    expect(found.result).toMatchObject({ batch: 'wave-1', pass: 'initial', run: 1, next: 'read' });
  });

  it('that cannot go on is recorded with the code that led the message, and told by mail once', async () => {
    const Cause = JSON.stringify({
      errorType: 'ConfigurationError',
      errorMessage: 'ENDPOINT_NOT_FOUND: There is no endpoint contoso any more.',
      trace: [],
    });
    const failed = {
      ...{ batch: 'wave-1', pass: 'initial', run: 1, next: 'read', reason: '' },
      error: { Error: 'ConfigurationError', Cause },
    };

    const recorded = await invoke('record-failure', failed, environment);
    await invoke('record-failure', failed, environment);

    expect(recorded.result).toMatchObject({ batch: 'wave-1', next: 'fail' });
    expect(await store.getBatch('wave-1')).toMatchObject({
      status: 'Failed',
      errorCode: 'ENDPOINT_NOT_FOUND',
      reason: 'There is no endpoint contoso any more.',
      run: null,
    });
    expect(mails()).toHaveLength(1);
    expect(mails()[0]!.parameters).toMatchObject({
      Source: variables.MAIL_FROM,
      ConfigurationSetName: variables.MAIL_CONFIGURATION_SET,
      'Destinations.member.1': variables.OPERATOR,
    });
  });

  it('for an endpoint that nobody knows is refused by mail', async () => {
    const before = mails().length;

    const refused = await invoke('start-upload', upload('incoming/nowhere/wave-2.csv'), environment);

    expect(refused).toEqual({ result: { outcome: 'refused', batch: 'wave-2', code: 'ENDPOINT_NOT_FOUND' } });
    expect(mails()).toHaveLength(before + 1);
  });

  it('that fits no schema ends as an error that names fields', async () => {
    const answer = await invoke('plan-round', { batch: 'wave-1', pass: 'sideways' }, environment);

    expect(answer.error).toEqual({
      name: 'UnexpectedError',
      message: 'InputError; the log of this invocation says more.',
    });
  });
});

describe('a mail that came back, through the bundle', () => {
  it('is kept with its record', async () => {
    const dynamo = await startDynamoServer();
    try {
      await Promise.all([dynamo.createTable('state'), dynamo.createTable('passwords')]);
      const { hostname, port } = await dynamo.client.config.endpoint!();
      const store = new TableBatchStore({
        state: new DynamoStateTable({ client: dynamo.client, table: 'state' }),
        passwords: new DynamoStateTable({ client: dynamo.client, table: 'passwords' }),
      });
      const identity = { batch: 'wave.1', kind: 'finished', occasion: 'pass-1-abc' } as const;
      await store.recordMail({
        schema: 1,
        ...identity,
        claimedAt: 1,
        attempts: 1,
        outcome: 'sent',
        detail: '0102-stub',
      });
      const tags = Object.fromEntries(tagsOf(identity).map(({ Name, Value }) => [Name, [Value]]));
      // The shape of the SES guide's example, "Monitoring SES events using Amazon EventBridge".
      const event = {
        source: 'aws.ses',
        'detail-type': 'Email Bounced',
        detail: {
          eventType: 'Bounce',
          mail: { messageId: '0102-stub', tags: { ...tags, 'ses:configuration-set': ['stagecoach-status-mail'] } },
          bounce: { bounceType: 'Permanent', timestamp: '2026-11-20T20:00:00.000Z', bouncedRecipients: [] },
        },
      };

      const answer = await invoke('record-mail-event', event, {
        AWS_ENDPOINT_URL_DYNAMODB: `http://${hostname}:${String(port)}`,
      });

      expect(answer).toEqual({ result: { outcome: 'recorded' } });
      expect(await store.mailsOf('wave.1')).toMatchObject([
        { outcome: 'sent', delivery: { outcome: 'bounced', at: '2026-11-20T20:00:00.000Z' } },
      ]);
    } finally {
      await dynamo.close();
    }
  });
});

describe('the API, through its bundle', () => {
  let dynamo: DynamoServer;
  let aws: Awaited<ReturnType<typeof startAwsStub>>;
  let s3: S3Server;
  let store: BatchStore;
  let environment: Record<string, string>;
  const ann = 'arn:aws:iam::111122223333:user/ann';
  const ask = async (method: string, rawPath: string, fields?: object) => {
    const requestContext = { http: { method }, authorizer: { iam: { userArn: ann } } };
    const event = { rawPath, rawQueryString: '', headers: {}, isBase64Encoded: false, requestContext };
    const answer = await invoke(
      'api',
      fields === undefined ? event : { ...event, body: JSON.stringify(fields) },
      environment,
    );
    const { statusCode, body } = answer.result as { readonly statusCode: number; readonly body: string };
    return { status: statusCode, document: JSON.parse(body) as Record<string, unknown> };
  };

  beforeAll(async () => {
    dynamo = await startDynamoServer();
    await Promise.all([dynamo.createTable('state'), dynamo.createTable('passwords')]);
    [aws, s3] = await Promise.all([startAwsStub(), startS3Server()]);
    const objects = await s3.client.config.endpoint!();
    const { hostname, port } = await dynamo.client.config.endpoint!();
    store = new TableBatchStore({
      state: new DynamoStateTable({ client: dynamo.client, table: 'state' }),
      passwords: new DynamoStateTable({ client: dynamo.client, table: 'passwords' }),
    });
    environment = {
      AWS_ENDPOINT_URL_DYNAMODB: `http://${hostname}:${String(port)}`,
      AWS_ENDPOINT_URL_SFN: aws.url,
      AWS_ENDPOINT_URL_LAMBDA: aws.url,
      AWS_ENDPOINT_URL_S3: `http://${objects.hostname}:${String(objects.port)}`,
      DATA_BUCKET: buckets.data,
      INCOMING_BUCKET: buckets.incoming,
    };
  });
  afterAll(async () => {
    await Promise.all([aws.close(), s3.close(), dynamo.close()]);
  });
  const server = (host: string, secret: string) => ({
    kind: 'imap',
    host,
    login: { mode: 'admin', user: 'migadmin', secret },
  });
  const endpoint = (secret: string) => ({
    name: 'contoso',
    type: 'imap',
    source: server('old.contoso.test', secret),
    target: server('new.contoso.test', 'secretsmanager:stagecoach/target'),
  });

  it('says which service it is', async () => {
    expect(await ask('GET', '/api/service')).toMatchObject({
      status: 200,
      document: { kind: 'serve', dataDir: `s3://${buckets.data}` },
    });
  });

  it('refuses an endpoint whose secrets no function can read, tested or not', async () => {
    for (const test of [true, false]) {
      const refused = await ask('PUT', '/api/endpoints/contoso', { endpoint: endpoint('env:PASSWORD'), test });

      expect(refused).toMatchObject({
        status: 422,
        document: { error: { message: 'source.login.secret: env:PASSWORD cannot be read on AWS.' } },
      });
    }
    expect(await store.getEndpoint('contoso')).toBeUndefined();
    expect(aws.calls).toEqual([]);
  });

  it('has the mail servers looked at by the function that reaches them, and stores what passed', async () => {
    const stored = await ask('PUT', '/api/endpoints/contoso', {
      endpoint: endpoint('secretsmanager:stagecoach/source'),
      test: true,
    });

    expect(stored).toMatchObject({ status: 200, document: { checks: [{ check: 'reachable', result: 'pass' }] } });
    expect(aws.calls).toMatchObject([
      { operation: 'Invoke stagecoach-probe-endpoint', parameters: { look: 'servers', endpoint: { name: 'contoso' } } },
    ]);
    expect(await store.getEndpoint('contoso')).toMatchObject({ name: 'contoso', maxConcurrentMigrations: 20 });
  });

  it('has the directory asked by the function that reaches it, in the name of who signed', async () => {
    const converted = await ask('POST', '/api/batches/wave-0/convert', {
      how: 'apply',
      early: 'no room',
      startedBy: 'x',
    });

    expect(converted).toMatchObject({ status: 200, document: { mailboxes: [{ outcome: 'converted' }] } });
    expect(aws.calls.at(-1)).toEqual({
      operation: 'Invoke stagecoach-reach-directory',
      parameters: {
        operation: 'convertSources',
        request: { name: 'wave-0', how: 'apply', early: 'no room', startedBy: ann },
      },
    });
  });

  it('and that function says why it does not what it is asked', async () => {
    const asked = { operation: 'convertSources', request: { name: 'wave-0', how: 'apply', startedBy: ann } };

    const answer = await invoke('reach-directory', asked, environment);

    expect(answer.result).toMatchObject({ error: { code: 'BATCH_NOT_FOUND', exitCode: 3 } });
  });

  it('creates a batch in the name of who signed, and puts its rows where the reader finds them', async () => {
    const csv = Buffer.from('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n').toString('base64');
    const order = { name: 'wave-1', endpoint: 'contoso', csv, options: {}, start: true, startedBy: 'mallory' };

    const created = await ask('POST', '/api/batches', order);

    expect(created).toMatchObject({ status: 200, document: { batch: { name: 'wave-1', startedBy: ann } } });
    const batch = (await store.getBatch('wave-1'))!;
    const [upload] = batch.uploads;
    expect(batch).toMatchObject({ startedBy: ann, status: 'Validating' });
    expect(upload!.version).toBe(s3.versionOf(upload!.key));
    expect(aws.calls.at(-1)).toMatchObject({ operation: 'StartExecution', parameters: { name: 'wave-1-run-1' } });
  });
});
