import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';

/** What was asked of one service by one operation, on one kind of item or object. */
export interface Tally {
  requests: number;
  /** DynamoDB: read or write request units, as the server reports them. */
  units: number;
  /** S3: octets of the objects written. */
  octets: number;
}

/** The part of a command's input that says what it is about; keys as strings, or marshalled. */
interface Input {
  readonly Key?: unknown;
  readonly Prefix?: unknown;
  readonly Item?: unknown;
  readonly Body?: unknown;
  readonly ExpressionAttributeValues?: unknown;
  ReturnConsumedCapacity?: string;
}

/** The refusal of a conditional write tells no capacity; it costs what the write would have (at least one unit). */
const refusedUnits = 1;

/** Requests that clients of the AWS SDK make, by service, operation and kind of item. */
export class RequestMeter {
  readonly tallies = new Map<string, Tally>();

  /** Over all names that match. */
  sum(pattern: RegExp, what: keyof Tally): number {
    return [...this.tallies].reduce((sum, [name, tally]) => (pattern.test(name) ? sum + tally[what] : sum), 0);
  }

  add(name: string, { units = 0, octets = 0 }: Partial<Tally> = {}): void {
    const tally = this.tallies.get(name) ?? { requests: 0, units: 0, octets: 0 };
    tally.requests += 1;
    tally.units += units;
    tally.octets += octets;
    this.tallies.set(name, tally);
  }
}

const atStart = { step: 'initialize', name: 'meter' } as const;

export function watchDynamo(client: DynamoDBClient, meter: () => RequestMeter): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const input = args.input as Input;
      input.ReturnConsumedCapacity = 'TOTAL';
      const name = `dynamodb ${operationOf(context)} ${itemKind(input)}`;
      const counting = meter();
      try {
        const result = await next(args);
        const { ConsumedCapacity } = result.output as { readonly ConsumedCapacity?: { CapacityUnits?: number } };
        counting.add(name, { units: ConsumedCapacity?.CapacityUnits ?? 0 });
        return result;
      } catch (error) {
        counting.add(name, { units: refusedUnits });
        throw error;
      }
    },
    atStart,
  );
}

export function watchS3(client: S3Client, meter: () => RequestMeter): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const { Key, Prefix, Body } = args.input as Input;
      const octets = Body instanceof Uint8Array ? Body.length : 0;
      meter().add(`s3 ${operationOf(context)} ${objectKind(Key ?? Prefix)}`, { octets });
      return next(args);
    },
    atStart,
  );
}

export function watchKms(client: KMSClient, meter: () => RequestMeter): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      meter().add(`kms ${operationOf(context)}`);
      return next(args);
    },
    atStart,
  );
}

/** PutItemCommand, and PutCommand of the document client, are Put. */
function operationOf({ commandName = '' }: { readonly commandName?: string }): string {
  return commandName.replace(/(Item)?Command$/, '');
}

/** Segments of the ledger apart: they are the pages. */
function objectKind(key: unknown): string {
  const [prefix = '', ...rest] = text(key).split('/');
  return prefix === 'ledger' && /^\d{7}-\d+\.json$/.test(rest.at(-1) ?? '') ? 'ledger-segment' : prefix;
}

/** JOB, CLAIM, MAIL, SLOT, PASS; else the partition: BATCHES, ENDPOINTS. */
function itemKind(input: Input): string {
  const keys = [input.Key, input.Item].find((value) => value !== undefined) as
    Readonly<Record<string, unknown>> | undefined;
  const [partition = '', sort = ''] =
    keys === undefined
      ? Object.values((input.ExpressionAttributeValues ?? {}) as Readonly<Record<string, unknown>>).map(text)
      : [text(keys['partition']), text(keys['sort'])];
  const named = /^(JOB|CLAIM|MAIL|SLOT|PASS|PASSWORD)\b/.exec(sort)?.[1];
  return named ?? partition.split('#')[0] ?? '';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ((value as { readonly S?: string } | undefined)?.S ?? '');
}
