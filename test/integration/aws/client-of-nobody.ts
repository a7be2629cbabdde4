/**
 * Child process of the test of lost connections, which prints the names of the errors. A process of its own, because the
 * SDK does not know the errors of Node's network under a test runner (they come from another realm) and wraps them.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoStateTable } from '../../../shared/adapters/aws/dynamo-state-table.ts';
import { S3ObjectStore } from '../../../shared/adapters/aws/s3-object-store.ts';

const [, , endpoint] = process.argv;
if (endpoint === undefined) throw new Error('no endpoint');
const options = {
  endpoint,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 2,
};
const table = new DynamoStateTable({ client: new DynamoDBClient(options), table: 'state' });
const client = new S3Client({ ...options, forcePathStyle: true });
const objects = new S3ObjectStore({ client, dataBucket: 'data', incomingBucket: 'incoming' });
const outcomes = await Promise.allSettled([
  table.get({ partition: 'p', sort: 's' }),
  table.put({ partition: 'p', sort: 's' }, {}),
  objects.create('work/x', Buffer.from('x')),
  objects.get('work/x'),
]);
const names = outcomes.map((one) => (one.status === 'rejected' ? (one.reason as Error).name : 'fulfilled'));
process.stdout.write(JSON.stringify(names));
