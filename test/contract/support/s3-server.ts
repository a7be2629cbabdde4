import { S3Client } from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';

export const buckets = { data: 'stagecoach-data', incoming: 'stagecoach-incoming' };

export interface S3Server {
  readonly client: S3Client;
  readonly faults: S3Faults;
  /** Id of the newest version of an object in the incoming bucket. */
  versionOf(key: string): string | undefined;
  close(): Promise<void>;
}

/** How many requests to come go wrong, and how. */
export interface S3Faults {
  /** Conditional writes that are answered 409 and not made, under S3's two names for that in turn. */
  conflicts: number;
  /** Writes that are made and whose connection is then cut. */
  lostReplies: number;
  /** Reads that are cut in the middle. */
  cutReads: number;
  /** Requests that are answered 503 SlowDown. */
  slowDowns: number;
}

interface Version {
  readonly id: string;
  /** undefined: a delete marker. */
  readonly octets: Buffer | undefined;
}

interface S3Request {
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly http: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * A server of S3's protocol in memory, as far as we use it, from the S3 API reference: write-once PUTs (412 where the
 * object exists, 409 where another conditional write of it is under way), checksums, versions with delete markers,
 * paged listings in the order of octets. Written for these tests, since s3rver 3.7 ignores If-None-Match and versionId,
 * cannot page under OpenSSL 3, answers before its file is written and stores aws-chunked framing.
 *
 * What it cannot check: signatures, grants, encryption, lifecycle, uploads in parts or aws-chunked (refused: we do not
 * make them), and whether S3 itself keeps to its reference.
 */
export async function startS3Server(): Promise<S3Server> {
  const faults: S3Faults = { conflicts: 0, lostReplies: 0, cutReads: 0, slowDowns: 0 };
  const memory = new S3Memory(faults);
  const server = createServer((http, response) => void memory.answer(http, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return {
    client,
    faults,
    versionOf: (key) => memory.versionsOf(buckets.incoming, key).at(-1)?.id,
    close: async () => {
      client.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

class S3Memory {
  readonly #faults: S3Faults;
  readonly #buckets = new Map(Object.values(buckets).map((name) => [name, new Map<string, Version[]>()]));
  /** Objects to which a conditional write is under way. */
  readonly #writing = new Set<string>();

  constructor(faults: S3Faults) {
    this.#faults = faults;
  }

  versionsOf(bucket: string, key: string): Version[] {
    return this.#buckets.get(bucket)?.get(key) ?? [];
  }

  async answer(http: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(http.url ?? '/', 'http://s3.test');
    const [, bucket = '', ...parts] = url.pathname.split('/').map(decodeURIComponent);
    const request = { bucket, key: parts.join('/'), query: url.searchParams, http, response };
    if (!this.#buckets.has(bucket)) refuse(request, 404, 'NoSuchBucket');
    else if (this.#happens('slowDowns')) refuse(request, 503, 'SlowDown');
    else if (http.method === 'PUT') await this.#put(request);
    else if (http.method === 'DELETE') this.#delete(request);
    else if (http.method === 'GET' && request.key === '') this.#list(request);
    else if (http.method === 'GET') this.#get(request);
    else refuse(request, 501, 'NotImplemented');
  }

  async #put(request: S3Request): Promise<void> {
    const { bucket, key, http, response } = request;
    const name = `${bucket}/${key}`;
    const condition = http.headers['if-none-match'];
    if (condition !== undefined && (this.#writing.has(name) || this.#happens('conflicts'))) {
      refuse(request, 409, this.#faults.conflicts % 2 === 0 ? 'ConditionalRequestConflict' : 'OperationAborted');
      return;
    }
    if (condition !== undefined) this.#writing.add(name);
    const octets = await bodyOf(http);
    if (condition !== undefined) this.#writing.delete(name);
    const versions = this.versionsOf(bucket, key);
    if (http.headers['content-encoding'] === 'aws-chunked') refuse(request, 501, 'NotImplemented');
    else if (!hasChecksum(http, octets)) refuse(request, 400, 'BadDigest');
    else if (condition !== undefined && condition !== '*') refuse(request, 501, 'NotImplemented');
    else if (condition === '*' && versions.at(-1)?.octets !== undefined) refuse(request, 412, 'PreconditionFailed');
    else {
      const version = { id: randomUUID(), octets };
      this.#buckets.get(bucket)?.set(key, [...(bucket === buckets.incoming ? versions : []), version]);
      if (this.#happens('lostReplies')) response.destroy();
      else response.writeHead(200, { 'x-amz-version-id': version.id }).end();
    }
  }

  #get(request: S3Request): void {
    const { bucket, key, query, response } = request;
    const id = query.get('versionId');
    const versions = this.versionsOf(bucket, key);
    const found = id === null ? versions.at(-1) : versions.find((version) => version.id === id);
    if (found === undefined) refuse(request, 404, id === null ? 'NoSuchKey' : 'NoSuchVersion');
    else if (found.octets === undefined)
      refuse(request, id === null ? 404 : 405, id === null ? 'NoSuchKey' : 'MethodNotAllowed');
    else {
      response.writeHead(200, { 'content-length': found.octets.length, 'x-amz-version-id': found.id });
      if (this.#happens('cutReads')) {
        response.write(found.octets.subarray(0, found.octets.length / 2), () => response.destroy());
      } else {
        response.end(found.octets);
      }
    }
  }

  #delete({ bucket, key, query, response }: S3Request): void {
    const id = query.get('versionId');
    const versions = this.versionsOf(bucket, key);
    const left =
      id === null
        ? [...versions, { id: randomUUID(), octets: undefined }]
        : versions.filter((version) => version.id !== id);
    this.#buckets.get(bucket)?.set(key, left);
    response.writeHead(204).end();
  }

  #list({ bucket, query, response }: S3Request): void {
    const after = query.get('continuation-token') ?? '';
    const keys = [...(this.#buckets.get(bucket) ?? [])]
      .filter(([key, versions]) => versions.at(-1)?.octets !== undefined && key.startsWith(query.get('prefix') ?? ''))
      .map(([key]) => key)
      .toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
      .filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
    const page = keys.slice(0, Number(query.get('max-keys') ?? 1000));
    const more = page.length < keys.length;
    const next = more ? `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>` : '';
    const contents = page.map((key) => `<Contents><Key>${escapeXml(key)}</Key></Contents>`).join('');
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents}</ListBucketResult>`,
    );
  }

  #happens(fault: keyof S3Faults): boolean {
    if (this.#faults[fault] === 0) return false;
    this.#faults[fault] -= 1;
    return true;
  }
}

async function bodyOf(http: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of http) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function hasChecksum(http: IncomingMessage, octets: Buffer): boolean {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(octets));
  return http.headers['x-amz-checksum-crc32'] === sum.toString('base64');
}

function refuse({ http, response }: S3Request, status: number, code: string): void {
  http.resume();
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
