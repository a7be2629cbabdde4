import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { TransientError } from '../../domain/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { asAwsError, isNamed, onAws } from './aws-error.ts';

const service = 'S3';

/** No such object, no such version, a version that is a delete marker. */
const notThere = ['NoSuchKey', 'NoSuchVersion', 'NotFound', 'MethodNotAllowed'];

/**
 * Another write of the same object is under way (S3 API reference, PutObject, and "Error responses", both 409): ask again.
 */
const underWay = ['ConditionalRequestConflict', 'OperationAborted'];
const conflictAttempts = 6;
const firstConflictWaitMs = 50;

export interface S3ObjectStoreOptions {
  readonly client: S3Client;
  /** Holds `work/`, `reports/` and `ledger/`. */
  readonly dataBucket: string;
  /** Holds `incoming/`: versioned, and emptied after a day. */
  readonly incomingBucket: string;
}

/** Objects in S3, whose conditional writes make `create` write once. */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #dataBucket: string;
  readonly #incomingBucket: string;

  constructor({ client, dataBucket, incomingBucket }: S3ObjectStoreOptions) {
    this.#client = client;
    this.#dataBucket = dataBucket;
    this.#incomingBucket = incomingBucket;
  }

  async create(key: string, octets: Uint8Array): Promise<'created' | 'exists'> {
    const command = new PutObjectCommand({ ...this.#place(key), Body: octets, IfNoneMatch: '*' });
    for (let attempt = 0; attempt < conflictAttempts; attempt += 1) {
      if (attempt > 0) await delay(firstConflictWaitMs * 2 ** attempt * (0.5 + Math.random() / 2));
      try {
        await this.#client.send(command);
        return 'created';
      } catch (error) {
        if (isNamed(error, 'PreconditionFailed')) return 'exists';
        if (!isNamed(error, ...underWay)) throw asAwsError(error, service);
      }
    }
    throw new TransientError({ code: 'STORE_UNAVAILABLE', message: `S3 is still busy with another write of ${key}.` });
  }

  async put(key: string, octets: Uint8Array, contentType?: string): Promise<string> {
    const command = new PutObjectCommand({ ...this.#place(key), Body: octets, ContentType: contentType });
    const { VersionId: version = '' } = await onAws(service, () => this.#client.send(command));
    return version;
  }

  async get(key: string, version?: string): Promise<Uint8Array | undefined> {
    const body = await this.#body(key, version);
    return body === undefined ? undefined : await onAws(service, async () => Buffer.concat(await body.toArray()));
  }

  async stream(key: string, version?: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const body = await this.#body(key, version);
    return body === undefined ? undefined : chunksOf(body);
  }

  async #body(key: string, version: string | undefined): Promise<Readable | undefined> {
    try {
      const { Body: body } = await this.#client.send(new GetObjectCommand({ ...this.#place(key), VersionId: version }));
      if (!(body instanceof Readable)) throw new TypeError('S3 answered without a stream.');
      // One that nobody reads any more may break off, too: whoever reads it gets the error all the same.
      body.on('error', () => undefined);
      return body;
    } catch (error) {
      if (isNamed(error, ...notThere)) return undefined;
      throw asAwsError(error, service);
    }
  }

  async *list(prefix: string): AsyncIterable<string> {
    const { Bucket } = this.#place(prefix);
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket, Prefix: prefix })[Symbol.asyncIterator]();
    for (;;) {
      const page = await onAws(service, () => pages.next());
      if (page.done === true) return;
      yield* (page.value.Contents ?? []).map(({ Key: key }) => key).filter((key) => key !== undefined);
    }
  }

  async remove(key: string, version?: string): Promise<void> {
    await onAws(service, () => this.#client.send(new DeleteObjectCommand({ ...this.#place(key), VersionId: version })));
  }

  locate(key: string): string {
    return `s3://${this.#place(key).Bucket}/${key}`;
  }

  #place(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: key.startsWith('incoming/') ? this.#incomingBucket : this.#dataBucket, Key: key };
  }
}

async function* chunksOf(body: Readable): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of body) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('S3 answered with something else than octets.');
      yield chunk;
    }
  } catch (error) {
    throw asAwsError(error, service);
  }
}
