import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  UpdateCommand,
  paginateQuery,
  paginateScan,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { assertNever } from '../../domain/assert-never.ts';
import type {
  Attributes,
  Change,
  Condition,
  ItemKey,
  StateTable,
  StoredItem,
  WriteOutcome,
} from '../store/state-table.ts';
import { isNamed, onAws } from './aws-error.ts';

const service = 'DynamoDB';

/** Every item has its keys among its attributes. */
const Item = z.looseObject({ partition: z.string(), sort: z.string() });

/**
 * A state table in DynamoDB: partition key `partition`, sort key `sort`, both strings; `expiresAt` (epoch seconds) is
 * for the table's time to live. Reads are consistent.
 *
 * Where a condition fails, the item is read again rather than taken from the refusal
 * (ReturnValuesOnConditionCheckFailure): the document client leaves that one unconverted, and one way that is always
 * taken is better tested than two.
 */
export class DynamoStateTable implements StateTable {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor({ client, table }: { readonly client: DynamoDBClient; readonly table: string }) {
    this.#client = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
    this.#table = table;
  }

  async get(key: ItemKey): Promise<Attributes | undefined> {
    const command = new GetCommand({ TableName: this.#table, Key: { ...key }, ConsistentRead: true });
    const { Item: item } = await onAws(service, () => this.#client.send(command));
    return item === undefined ? undefined : stored(item).item;
  }

  async put(key: ItemKey, item: Attributes, condition?: Condition): Promise<WriteOutcome> {
    const expression = new Expression();
    const command = new PutCommand({
      TableName: this.#table,
      Item: { ...item, ...key },
      ...expression.condition(condition),
      ...expression.words(),
    });
    return await this.#write(key, async () => {
      await this.#client.send(command);
      return item;
    });
  }

  async update(key: ItemKey, change: Change, condition?: Condition): Promise<WriteOutcome> {
    const expression = new Expression();
    const command = new UpdateCommand({
      TableName: this.#table,
      Key: { ...key },
      UpdateExpression: expression.change(change),
      ReturnValues: 'ALL_NEW',
      ...expression.condition(condition),
      ...expression.words(),
    });
    return await this.#write(key, async () => {
      const { Attributes: item } = await this.#client.send(command);
      return stored(item).item;
    });
  }

  async remove(key: ItemKey, condition?: Condition): Promise<WriteOutcome> {
    const expression = new Expression();
    const command = new DeleteCommand({
      TableName: this.#table,
      Key: { ...key },
      ReturnValues: 'ALL_OLD',
      ...expression.condition(condition),
      ...expression.words(),
    });
    return await this.#write(key, async () => {
      const { Attributes: item } = await this.#client.send(command);
      return item === undefined ? {} : stored(item).item;
    });
  }

  async #write(key: ItemKey, send: () => Promise<Attributes>): Promise<WriteOutcome> {
    try {
      return { outcome: 'written', item: await onAws(service, send) };
    } catch (error) {
      if (!isNamed(error, 'ConditionalCheckFailedException')) throw error;
      return { outcome: 'refused', item: await this.get(key) };
    }
  }

  async *query(partition: string, prefix: string, from = prefix): AsyncIterable<readonly StoredItem[]> {
    // An empty text is no value that a key is compared with. A key condition is one comparison: where it begins behind
    // the prefix, what no longer has the prefix ends it.
    const within = from === prefix ? 'begins_with(#sort, :from)' : '#sort >= :from';
    const pages = paginateQuery(
      { client: this.#client },
      {
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: `#partition = :partition${from === '' ? '' : ` AND ${within}`}`,
        ExpressionAttributeNames: { '#partition': 'partition', ...(from !== '' && { '#sort': 'sort' }) },
        ExpressionAttributeValues: { ':partition': partition, ...(from !== '' && { ':from': from }) },
      },
    );
    for await (const page of storedPages(pages)) {
      const items = page.filter(({ key }) => key.sort.startsWith(prefix));
      if (items.length > 0) yield items;
      if (items.length < page.length) return;
    }
  }

  async *scan(prefix: string): AsyncIterable<readonly StoredItem[]> {
    const pages = paginateScan(
      { client: this.#client },
      {
        TableName: this.#table,
        ConsistentRead: true,
        FilterExpression: 'begins_with(#partition, :partition)',
        ExpressionAttributeNames: { '#partition': 'partition' },
        ExpressionAttributeValues: { ':partition': prefix },
      },
    );
    yield* storedPages(pages);
  }
}

async function* storedPages(
  pages: AsyncIterable<{ readonly Items?: readonly Readonly<Record<string, unknown>>[] | undefined }>,
): AsyncIterable<readonly StoredItem[]> {
  const next = pages[Symbol.asyncIterator]();
  for (;;) {
    const page = await onAws(service, () => next.next());
    if (page.done === true) return;
    const items = page.value.Items ?? [];
    if (items.length > 0) yield items.map(stored);
  }
}

function stored(item: unknown): StoredItem {
  const { partition, sort, ...attributes } = Item.parse(item);
  return { key: { partition, sort }, item: attributes };
}

/** Writes expressions, and collects the names and values in them: many attribute names are reserved words. */
class Expression {
  readonly #names = new Map<string, string>();
  readonly #values: unknown[] = [];

  condition(condition: Condition | undefined): { readonly ConditionExpression?: string } {
    return condition === undefined ? {} : { ConditionExpression: this.#holds(condition) };
  }

  change({ set = {}, initial = {}, add = {} }: Change): string {
    const defined = (attributes: Attributes) => Object.entries(attributes).filter(([, value]) => value !== undefined);
    const parts = [
      ...defined(set).map(([name, value]) => `${this.#name(name)} = ${this.#value(value)}`),
      ...defined(initial)
        .filter(([name]) => !(name in set))
        .map(([name, value]) => `${this.#name(name)} = if_not_exists(${this.#name(name)}, ${this.#value(value)})`),
      ...Object.entries(add).map(
        ([name, amount]) =>
          `${this.#name(name)} = if_not_exists(${this.#name(name)}, ${this.#value(0)}) + ${this.#value(amount)}`,
      ),
    ];
    return `SET ${parts.join(', ')}`;
  }

  /** To be asked for last. DynamoDB refuses empty maps. */
  words(): {
    readonly ExpressionAttributeNames?: Record<string, string>;
    readonly ExpressionAttributeValues?: Record<string, unknown>;
  } {
    const names = Object.fromEntries([...this.#names].map(([name, alias]) => [alias, name]));
    const values = Object.fromEntries(this.#values.map((value, position) => [`:v${position}`, value]));
    return {
      ...(this.#names.size > 0 && { ExpressionAttributeNames: names }),
      ...(this.#values.length > 0 && { ExpressionAttributeValues: values }),
    };
  }

  #holds(condition: Condition): string {
    switch (condition.is) {
      case 'absent':
        return `attribute_not_exists(${this.#name('partition')})`;
      case 'equal':
        return `${this.#name(condition.attribute)} = ${this.#value(condition.value)}`;
      case 'less':
        return `${this.#name(condition.attribute)} < ${this.#value(condition.than)}`;
      case 'any':
        return `(${condition.of.map((one) => this.#holds(one)).join(' OR ')})`;
      case 'all':
        return `(${condition.of.map((one) => this.#holds(one)).join(' AND ')})`;
      default:
        return assertNever(condition);
    }
  }

  #name(attribute: string): string {
    const alias = this.#names.get(attribute) ?? `#n${this.#names.size}`;
    this.#names.set(attribute, alias);
    return alias;
  }

  #value(value: unknown): string {
    this.#values.push(value);
    return `:v${this.#values.length - 1}`;
  }
}
