import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

const dynalite: (options: Readonly<Record<string, unknown>>) => Server = createRequire(import.meta.url)('dynalite');

export interface DynamoServer {
  readonly client: DynamoDBClient;
  createTable(name: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Dynalite, in memory. What it cannot check: time to live (no item ever expires), transactions (it has none; nor do we
 * use them), throttling, the limits of partition throughput, and the item in a refused write's answer. Its consistent
 * and inconsistent reads are the same, so that a forgotten ConsistentRead is found by the unit test, not here.
 */
export async function startDynamoServer(): Promise<DynamoServer> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return {
    client,
    createTable: async (name) => {
      await client.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [
            { AttributeName: 'partition', AttributeType: 'S' },
            { AttributeName: 'sort', AttributeType: 'S' },
          ],
          KeySchema: [
            { AttributeName: 'partition', KeyType: 'HASH' },
            { AttributeName: 'sort', KeyType: 'RANGE' },
          ],
        }),
      );
      await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 }, { TableName: name });
    },
    close: async () => {
      client.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
