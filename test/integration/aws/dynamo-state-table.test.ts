import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DynamoStateTable } from '../../../shared/adapters/aws/dynamo-state-table.ts';
import { absent, equal } from '../../../shared/adapters/store/state-table.ts';
import { startDynamoServer } from '../../contract/support/dynamo-server.ts';
import { startJsonService } from './json-service.ts';
import type { JsonAnswer, JsonService } from './json-service.ts';

const key = { partition: 'p', sort: 's' };

let service: JsonService | undefined;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

async function open(answer: (operation: string, input: Record<string, unknown>) => JsonAnswer) {
  service = await startJsonService(answer);
  const client = new DynamoDBClient({ ...service.clientOptions, maxAttempts: 2 });
  return { table: new DynamoStateTable({ client, table: 'state' }), calls: service.calls };
}

async function read(pages: AsyncIterable<readonly unknown[]>): Promise<number> {
  let items = 0;
  for await (const page of pages) items += page.length;
  return items;
}

describe('a state table in DynamoDB', () => {
  it('reads consistently, always', async () => {
    const { table, calls } = await open((operation) =>
      operation === 'PutItem' ? { error: 'ConditionalCheckFailedException' } : { body: { Items: [] } },
    );

    await table.get(key);
    await read(table.query('p', ''));
    await read(table.scan('p'));
    await table.put(key, { a: 1 }, absent);

    const reads = calls.filter(({ operation }) => operation !== 'PutItem');
    expect(reads).toHaveLength(4);
    for (const { input } of reads) expect(input['ConsistentRead']).toBe(true);
  });

  it('recognises nothing but a failed condition as a refusal', async () => {
    const { table } = await open(() => ({ error: 'ResourceNotFoundException' }));

    await expect(table.put(key, { a: 1 }, absent)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it.each<JsonAnswer>([
    { error: 'ProvisionedThroughputExceededException' },
    { error: 'InternalServerError', status: 500 },
  ])('comes again later after %j', async (answer) => {
    const { table } = await open(() => answer);

    await expect(table.put(key, { a: 1 })).rejects.toMatchObject({ name: 'TransientError' });
    await expect(read(table.query('p', ''))).rejects.toMatchObject({ name: 'TransientError' });
  });

  it('answers with the item that stands there when the SDK repeated a write whose reply was lost', async () => {
    const written = { partition: { S: 'p' }, sort: { S: 's' }, token: { N: '1' } };
    const answers: JsonAnswer[] = ['lost', { error: 'ConditionalCheckFailedException' }, { body: { Item: written } }];
    const { table, calls } = await open(() => answers.shift()!);

    expect(await table.update(key, { add: { token: 1 } }, absent)).toEqual({ outcome: 'refused', item: { token: 1 } });
    expect(calls.map(({ operation }) => operation)).toEqual(['UpdateItem', 'UpdateItem', 'GetItem']);
  });

  it('takes attributes whose names are words of DynamoDB, and values of every kind', async () => {
    const server = await startDynamoServer();
    await server.createTable('state');
    const table = new DynamoStateTable({ client: server.client, table: 'state' });
    const item = { status: '', size: 1.5, values: [null, true, { name: [] }], key: { and: 'or' } };

    await table.put(key, { ...item, gone: undefined });
    const write = await table.update(
      key,
      { set: { status: 'x' }, initial: { size: 9, zone: 1 }, add: { count: 2 } },
      equal('size', 1.5),
    );

    expect(write).toEqual({ outcome: 'written', item: { ...item, status: 'x', zone: 1, count: 2 } });
    expect(await table.get(key)).toEqual(write.item);
    expect(await table.remove(key, equal('status', ''))).toEqual({ outcome: 'refused', item: write.item });
    expect(await table.remove(key, equal('size', 1.5))).toEqual({ outcome: 'written', item: write.item });
    await server.close();
  });
});
