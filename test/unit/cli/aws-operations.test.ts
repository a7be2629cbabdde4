import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { awsOperations } from '../../../cli/aws-operations.ts';
import { startSignedApi } from '../../support/aws/signed-api.ts';
import type { ApiCall } from '../../support/aws/signed-api.ts';
import { signatureProblem } from '../../support/aws/verify-signature.ts';

const credentials = {
  accessKeyId: 'AKIDTEST',
  secretAccessKey: 'a/Secret+Key',
  region: 'eu-central-1',
  stack: 'stagecoach',
};
const endpoint = {
  name: 'contoso',
  type: 'imap',
  source: { kind: 'imap', host: 'old.test', security: 'tls', tls: {}, login: { mode: 'user' }, compress: false },
  target: { kind: 'imap', host: 'new.test', security: 'tls', tls: {}, login: { mode: 'user' }, compress: false },
  maxConcurrentMigrations: 20,
  maxConnectionsPerMailbox: 1,
  defaults: {},
};

let api: Awaited<ReturnType<typeof startSignedApi>>;
let answer: (call: ApiCall) => { readonly status: number; readonly document: unknown };
const before = { ...process.env };

beforeEach(async () => {
  api = await startSignedApi(credentials, (call) => answer(call));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_CLOUDFORMATION: api.cloudFormation,
    AWS_REGION: credentials.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
});
afterEach(async () => {
  await api.close();
  process.env = { ...before };
});

const mailbox = "o'hara+filed (1)*!@contoso.test";

describe('a deployment on AWS', () => {
  it('is found by its stack, and asked with requests whose signature fits', async () => {
    answer = () => ({ status: 200, document: [endpoint] });

    const { listEndpoints } = await awsOperations({ stack: 'stagecoach' });

    expect(await listEndpoints({})).toEqual([endpoint]);
    expect(api.calls).toEqual([{ method: 'GET', target: '/api/endpoints', body: '' }]);
  });

  it('is asked in path, query and body, whatever signs an address has', async () => {
    const timeline = { mailbox, from: '2026-11-20T10:00:00Z', until: '2026-11-20T10:00:01Z', entries: [] };
    answer = ({ method }) => ({ status: 200, document: method === 'GET' ? timeline : { endpoint, checks: [] } });
    const { showTimeline, putEndpoint } = await awsOperations({ stack: 'stagecoach' });

    expect(await showTimeline({ name: 'wave-1', mailbox })).toEqual(timeline);
    await putEndpoint({ name: 'contoso', endpoint: { ...endpoint, note: 'ü' }, test: true });

    const [got, put] = api.calls;
    expect(got!.target).toMatch(/^\/api\/batches\/wave-1\/timeline\?mailbox=/);
    expect(new URLSearchParams(got!.target.split('?')[1]).get('mailbox')).toBe(mailbox);
    expect(put).toMatchObject({ method: 'PUT', target: '/api/endpoints/contoso' });
    expect(JSON.parse(put!.body)).toEqual({ endpoint: { ...endpoint, note: 'ü' }, test: true });
  });

  it('hands its refusals on with their code, fix and exit code', async () => {
    const error = { code: 'BATCH_NOT_FOUND', message: 'There is no batch x.', fix: 'Look.', exitCode: 3 };
    answer = () => ({ status: 404, document: { error } });
    const { showBatch } = await awsOperations({ stack: 'stagecoach' });

    await expect(showBatch({ name: 'x' })).rejects.toMatchObject({ name: 'CommandError', ...error });
  });

  it('is not asked to take a batch file that Lambda would not take; it says where to upload it', async () => {
    answer = () => ({ status: 500, document: {} });
    const { addRows } = await awsOperations({ stack: 'stagecoach' });
    const csv = Buffer.alloc(4_400_000, 'a').toString('base64');

    await expect(addRows({ name: 'wave-1', csv, startedBy: 'ann' })).rejects.toMatchObject({
      code: 'USAGE',
      exitCode: 2,
      fix: expect.stringContaining('aws s3 cp FILE s3://incoming&bucket/incoming/') as unknown,
    });
    expect(api.calls).toEqual([]);
  });

  it.each([
    [503, 'Service Unavailable', 'SERVICE_UNREACHABLE', 1],
    [429, 'Too Many Requests', 'SERVICE_UNREACHABLE', 1],
    [403, 'Forbidden', 'API_ACCESS_DENIED', 4],
  ])('says what API Gateway said: %i %s', async (status, message, code, exitCode) => {
    answer = () => ({ status, document: { message } });
    const { listBatches } = await awsOperations({ stack: 'stagecoach' });

    await expect(listBatches({})).rejects.toMatchObject({
      code,
      exitCode,
      message: `The API answered ${String(status)}: ${message}`,
    });
  });

  it('is not found under a name that no stack has', async () => {
    await expect(awsOperations({ stack: 'elsewhere' })).rejects.toMatchObject({
      exitCode: 3,
      message: 'CloudFormation: Stack with id elsewhere does not exist (ValidationError)',
    });
  });

  it('is not reached with another secret key', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong';

    await expect(awsOperations({ stack: 'stagecoach' })).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('SignatureDoesNotMatch') as unknown,
    });
  });

  it('says so where nobody answers, and where no region is known', async () => {
    await api.close();
    await expect(awsOperations({ stack: 'stagecoach' })).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED') as unknown,
    });

    delete process.env['AWS_REGION'];
    process.env['AWS_CONFIG_FILE'] = '/nowhere';
    await expect(awsOperations({ stack: 'stagecoach' })).rejects.toMatchObject({
      message: expect.stringContaining('Region is missing') as unknown,
    });
  });
});

describe('the check of signatures', () => {
  // AWS's own example: Signature Version 4 test suite, "get-vanilla".
  const scope = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
    service: 'service',
  };
  const example = {
    method: 'GET',
    target: '/',
    headers: {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    },
    body: Buffer.alloc(0),
  };

  it('accepts the example that AWS has published', () => {
    expect(signatureProblem(example, scope)).toBeUndefined();
  });

  it.each([
    ['another method', { ...example, method: 'POST' }],
    ['another path', { ...example, target: '/x' }],
    ['a query', { ...example, target: '/?a=b' }],
    ['a body', { ...example, body: Buffer.from('x') }],
    ['another time', { ...example, headers: { ...example.headers, 'x-amz-date': '20150830T123601Z' } }],
  ])('refuses %s', (_what, changed) => {
    expect(signatureProblem(changed, scope)).toBe('the signature does not fit');
  });
});
