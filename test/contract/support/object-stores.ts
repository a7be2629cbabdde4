import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileObjectStore } from '../../../shared/adapters/local/file-object-store.ts';
import type { ObjectStore } from '../../../shared/ports/object-store.ts';

export interface OpenObjects {
  readonly objects: ObjectStore;
  /** The version that an upload has after it was put. */
  versionOf(key: string, octets: Uint8Array): Promise<string>;
  close(): Promise<void>;
}

export async function openFileObjects(): Promise<OpenObjects> {
  const folder = await mkdtemp(join(tmpdir(), 'stagecoach-objects-'));
  return {
    objects: await FileObjectStore.open(folder),
    versionOf: async (_, octets) =>
      Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(octets))).toString('hex'),
    close: () => rm(folder, { recursive: true }),
  };
}

export const objectKinds: readonly { readonly kind: string; readonly open: () => Promise<OpenObjects> }[] = [
  { kind: 'files', open: openFileObjects },
];
