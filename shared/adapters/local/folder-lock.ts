import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ConflictError } from '../../domain/errors.ts';
import { asStorageError, hasCode, hasSqliteCode } from './storage-error.ts';

/** SQLITE_BUSY (sqlite.org/rescode.html). */
const sqliteBusy = 5;

/** Longer than a look at the lock takes (findFolderHolder), so that a look never makes a start fail. */
const patienceMs = 500;

const FolderHolder = z.object({
  pid: z.int(),
  since: z.iso.datetime(),
  /** What it runs, for people: `serve`, `run`. */
  command: z.string(),
  /** Where its API listens; null where it has none (yet). */
  url: z.string().nullable(),
});
/** Who works in a data folder. */
export type FolderHolder = z.infer<typeof FolderHolder>;

/**
 * The right to work in a data folder, held by one process at a time. The kernel ends it with the process, however that
 * ends: it is SQLite's exclusive lock (fcntl) on a file of its own. What the file beside it says counts only while the
 * lock is held. Network file systems without working locks are no place for a data folder.
 */
export interface FolderLock {
  /** Names the address of the service that holds the folder, once it listens. */
  announce(url: string): Promise<void>;
  release(): void;
}

/** ConflictError, which names the holder, where another process holds the folder. */
export async function lockFolder(folder: string, holder: Pick<FolderHolder, 'command' | 'since'>): Promise<FolderLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const database = openLock(folder, patienceMs);
  if (!runs(database, 'BEGIN EXCLUSIVE')) {
    database.close();
    throw inUse(folder, await readHolder(folder));
  }
  const announce = (url: string | null) => writeHolder(folder, { ...holder, pid: process.pid, url });
  await announce(null);
  return { announce, release: () => database.close() };
}

/** Whether a process works in the folder, and which; `holder` is null for the moment before it has said so. */
export async function findFolderHolder(
  folder: string,
): Promise<{ readonly held: false } | { readonly held: true; readonly holder: FolderHolder | null }> {
  if (!existsSync(lockPath(folder))) return { held: false };
  const database = openLock(folder, 0);
  try {
    // A read lock, for a moment: two who look do not see each other.
    if (runs(database, 'SELECT count(*) FROM sqlite_schema')) return { held: false };
  } finally {
    database.close();
  }
  return { held: true, holder: await readHolder(folder) };
}

function lockPath(folder: string): string {
  return join(folder, 'lock');
}

function holderPath(folder: string): string {
  return join(folder, 'lock.json');
}

function openLock(folder: string, timeout: number): DatabaseSync {
  try {
    closeSync(openSync(lockPath(folder), 'a', 0o600));
    return new DatabaseSync(lockPath(folder), { timeout });
  } catch (error) {
    throw asStorageError(error);
  }
}

/** False where another process holds the lock. */
function runs(database: DatabaseSync, statement: string): boolean {
  try {
    database.exec(statement);
    return true;
  } catch (error) {
    if (hasSqliteCode(error, sqliteBusy)) return false;
    throw asStorageError(error);
  }
}

async function readHolder(folder: string): Promise<FolderHolder | null> {
  try {
    return FolderHolder.parse(JSON.parse(await readFile(holderPath(folder), 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

async function writeHolder(folder: string, holder: FolderHolder): Promise<void> {
  const temporary = `${holderPath(folder)}.${String(process.pid)}`;
  try {
    await writeFile(temporary, JSON.stringify(holder), { mode: 0o600 });
    await rename(temporary, holderPath(folder));
  } catch (error) {
    throw asStorageError(error);
  }
}

function inUse(folder: string, holder: FolderHolder | null): ConflictError {
  const who =
    holder === null
      ? 'another process'
      : `process ${holder.pid} (${holder.command}, since ${holder.since}${holder.url === null ? '' : `, ${holder.url}`})`;
  return new ConflictError({
    code: 'DATA_FOLDER_IN_USE',
    message: `The data folder ${folder} is in use by ${who}. Ask that process, or wait until it has ended.`,
  });
}
