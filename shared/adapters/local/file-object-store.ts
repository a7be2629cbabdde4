import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConflictError } from '../../domain/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { DurableFiles, linkNew } from './durable-file.ts';
import { keyOfEntry, objectFolder, objectPath, plainPath } from './object-path.ts';
import { asStorageError, hasCode } from './storage-error.ts';

/** Uploads are dropped in, and reports are opened, by people: these keep their names. */
const plainFolders = ['incoming/', 'reports/'];
const objectsFolder = 'objects';

/** Symbolic links are not followed: a dropped one could name any file of the machine. */
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW;
const chunkSize = 65_536;
const notThere = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'];

/**
 * Objects as files below the data folder, 0600 in folders of 0700. A file's version is the SHA-256 of its octets, in hex:
 * so an upload that was replaced by another is told from it.
 */
export class FileObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #files: DurableFiles;

  private constructor(root: string, files: DurableFiles) {
    this.#root = root;
    this.#files = files;
  }

  static async open(root: string): Promise<FileObjectStore> {
    return new FileObjectStore(root, await DurableFiles.below(root));
  }

  /** At the start, under the folder lock: removes what a crash left half written. */
  async removeLeftovers(): Promise<void> {
    await translated(() => this.#files.removeLeftovers());
  }

  async create(key: string, octets: Uint8Array): Promise<'created' | 'exists'> {
    return await translated(() => this.#files.create(this.locate(key), octets));
  }

  async put(key: string, octets: Uint8Array): Promise<string> {
    await translated(() => this.#files.replace(this.locate(key), octets));
    return sha256(octets);
  }

  async get(key: string, version?: string): Promise<Uint8Array | undefined> {
    return await translated(async () => {
      const octets = await whereThere(() => readFile(this.locate(key), { flag: readOnly }));
      return octets === undefined || (version !== undefined && sha256(octets) !== version) ? undefined : octets;
    });
  }

  async stream(key: string, version?: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return await translated(async () => {
      const path = this.locate(key);
      const found = await whereThere(() => (version === undefined ? isFile(path) : isVersion(path, version)));
      return found === true ? readChunks(path, version) : undefined;
    });
  }

  async *list(prefix: string): AsyncIterable<string> {
    const keys: string[] = [];
    for (const start of this.#startsOf(prefix)) await collectKeys({ ...start, prefix }, keys);
    yield* keys.sort();
  }

  async remove(key: string, version?: string): Promise<void> {
    await translated(async () => {
      const path = this.locate(key);
      if (version === undefined) await rm(path, { force: true });
      else await this.#removeVersion(path, version);
      await whereThere(() => this.#files.flushFolder(dirname(path)));
    });
  }

  /** Taken away first, looked at then: a file that is dropped in meanwhile under the same name is never removed. */
  async #removeVersion(path: string, version: string): Promise<void> {
    if ((await whereThere(() => isVersion(path, version))) !== true) return;
    const taken = await this.#files.temporaryPath();
    await rename(path, taken);
    if (!(await isVersion(taken, version))) linkNew(taken, path);
    await rm(taken);
  }

  locate(key: string): string {
    const isPlain = plainFolders.some((folder) => key.startsWith(folder));
    return isPlain ? join(this.#root, plainPath(key)) : join(this.#root, objectsFolder, objectPath(key));
  }

  /** The deepest folders that hold every key with the prefix, and the beginning of the key that they stand for. */
  #startsOf(prefix: string): readonly KeyFolder[] {
    const begin = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const plain = plainFolders.filter((folder) => folder.startsWith(prefix) || prefix.startsWith(folder));
    const starts: KeyFolder[] = plain.map((folder) => {
      const key = begin.startsWith(folder) ? begin : folder;
      return { path: join(this.#root, plainPath(key.slice(0, -1))), key, isPlain: true };
    });
    if (plainFolders.some((folder) => prefix.startsWith(folder))) return starts;
    const objects = join(this.#root, objectsFolder);
    return [
      ...starts,
      { path: begin === '' ? objects : join(objects, objectFolder(begin)), key: begin, isPlain: false },
    ];
  }
}

interface KeyFolder {
  readonly path: string;
  /** What the keys of its files begin with. */
  readonly key: string;
  /** True where names are not escaped. */
  readonly isPlain: boolean;
}

async function collectKeys({ path, key, isPlain, prefix }: KeyFolder & { readonly prefix: string }, keys: string[]) {
  const entries = await whereThere(() => readdir(path, { withFileTypes: true }));
  for (const entry of entries ?? []) {
    if (!entry.isDirectory() && !entry.isFile()) continue;
    const name = { name: entry.name, isFolder: entry.isDirectory() };
    const part = isPlain ? `${entry.name}${name.isFolder ? '/' : ''}` : keyOfEntry(name);
    if (part === undefined) continue;
    const found = `${key}${part}`;
    if (!found.startsWith(prefix) && !(name.isFolder && prefix.startsWith(found))) continue;
    if (name.isFolder) await collectKeys({ path: join(path, entry.name), key: found, isPlain, prefix }, keys);
    else keys.push(found);
  }
}

/** The version of a file in the data folder; undefined: no such file. */
export async function fileVersion(path: string): Promise<string | undefined> {
  return await translated(() => whereThere(() => hashFile(path)));
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of readFileChunks(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function isVersion(path: string, version: string): Promise<boolean> {
  return (await hashFile(path)) === version;
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path)).isFile();
}

/** With a version: fails at the end where somebody wrote the file while it was read. */
async function* readChunks(path: string, version: string | undefined): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of readFileChunks(path)) {
    hash.update(chunk);
    yield chunk;
  }
  if (version !== undefined && hash.digest('hex') !== version) {
    throw new ConflictError({ code: 'STATE_CHANGED', message: `The file ${path} was changed while it was read.` });
  }
}

async function* readFileChunks(path: string): AsyncIterable<Uint8Array> {
  const file = await open(path, readOnly);
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkSize), 0, chunkSize);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

/** undefined where there is no such file. */
async function whereThere<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, ...notThere)) return undefined;
    throw error;
  }
}

async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asStorageError(error);
  }
}
