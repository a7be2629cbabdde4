import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { clientSettings, patientSettings } from '../../../functions/client-settings.ts';
import { DynamoStateTable } from '../../../shared/adapters/aws/dynamo-state-table.ts';
import { S3ObjectStore } from '../../../shared/adapters/aws/s3-object-store.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** The settings of the functions with times that a test can wait for. */
const hasty = {
  ...clientSettings,
  maxAttempts: 2,
  requestHandler: { ...clientSettings.requestHandler, requestTimeout: 100, socketTimeout: 300 },
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  region: 'eu-central-1',
};

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

describe('a service of AWS that falls silent', () => {
  it('before it answers is left, and asked again, long before a lease ends', async () => {
    let asked = 0;
    const endpoint = await serve(() => (asked += 1));
    const table = new DynamoStateTable({ client: new DynamoDBClient({ ...hasty, endpoint }), table: 'state' });

    await expect(table.get({ partition: 'p', sort: 's' })).rejects.toMatchObject({
      name: 'TransientError',
      code: 'STORE_UNAVAILABLE',
    });
    expect(asked).toBe(2);
  });

  it('in the middle of an object is left, too', async () => {
    const endpoint = await serve((response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('only this');
    });
    const client = new S3Client({ ...hasty, endpoint, forcePathStyle: true });
    const store = new S3ObjectStore({ client, dataBucket: 'data', incomingBucket: 'incoming' });

    await expect(store.get('work/a')).rejects.toMatchObject({ name: 'TransientError', code: 'STORE_UNAVAILABLE' });
  });

  it('to whom nobody listens any more is no error of anybody’s', async () => {
    const endpoint = await serve((response) => {
      // With a checksum, the SDK puts a stream of its own before the connection's.
      response.writeHead(200, { 'content-length': 10_000_000, 'x-amz-checksum-crc32': 'AAAAAA==' });
      response.write(Buffer.alloc(9_000_000));
    });
    const client = new S3Client({ ...hasty, endpoint, forcePathStyle: true });
    const store = new S3ObjectStore({ client, dataBucket: 'data', incomingBucket: 'incoming' });

    const unread = await store.stream('work/a');
    await setTimeout(1_000);

    const late = async () => {
      for await (const chunk of unread ?? []) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(late()).rejects.toMatchObject({ name: 'TransientError', code: 'STORE_UNAVAILABLE' });
  });

  it('has five times 13 seconds at the most, and a mail or a function of ours its own time', () => {
    const { maxAttempts, requestHandler } = clientSettings;
    const longest = maxAttempts * (requestHandler.connectionTimeout + requestHandler.requestTimeout);

    expect(longest).toBeLessThan(90_000);
    expect(patientSettings(25_000).requestHandler).toMatchObject({
      requestTimeout: 25_000,
      throwOnRequestTimeout: true,
    });
  });
});
