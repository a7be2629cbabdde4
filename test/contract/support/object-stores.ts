import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3ObjectStore } from '../../../shared/adapters/aws/s3-object-store.ts';
import { FileObjectStore } from '../../../shared/adapters/local/file-object-store.ts';
import type { ObjectStore } from '../../../shared/ports/object-store.ts';
import { buckets, startS3Server } from './s3-server.ts';

export interface OpenObjects {
  readonly objects: ObjectStore;
  /** The version of an upload that was put last under this key, with these octets. */
  versionOf(key: string, octets: Uint8Array): string;
  close(): Promise<void>;
}

async function openFileObjects(): Promise<OpenObjects> {
  const folder = await mkdtemp(join(tmpdir(), 'stagecoach-objects-'));
  return {
    objects: await FileObjectStore.open(folder),
    versionOf: (_, octets) => createHash('sha256').update(octets).digest('hex'),
    close: () => rm(folder, { recursive: true }),
  };
}

async function openS3Objects(): Promise<OpenObjects> {
  const server = await startS3Server();
  return {
    objects: new S3ObjectStore({
      client: server.client,
      dataBucket: buckets.data,
      incomingBucket: buckets.incoming,
    }),
    versionOf: (key) => server.versionOf(key)!,
    close: () => server.close(),
  };
}

export const objectKinds: readonly { readonly kind: string; readonly open: () => Promise<OpenObjects> }[] = [
  { kind: 'files', open: openFileObjects },
  { kind: 'S3', open: openS3Objects },
];
