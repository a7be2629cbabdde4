import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteFile } from '../../../../shared/adapters/local/sqlite-state-table.ts';
import type { StateTable } from '../../../../shared/adapters/store/state-table.ts';
import { killWriter } from './killed-writer.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stagecoach-sqlite-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const path = () => join(folder, 'state.db');

async function sortsOf(table: StateTable, partition: string): Promise<string[]> {
  const sorts: string[] = [];
  for await (const page of table.query(partition, '')) sorts.push(...page.map(({ key }) => key.sort));
  return sorts;
}

describe('state tables in SQLite', () => {
  it('flushes every commit: journal in WAL mode, synchronous FULL', () => {
    const exec = jest.spyOn(DatabaseSync.prototype, 'exec');
    SqliteFile.open(path()).close();

    expect(exec.mock.calls.join()).toMatch(/synchronous = FULL/);
    exec.mockRestore();
    const database = new DatabaseSync(path());
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
  });

  it('says of a file that is no database that the data folder is damaged', async () => {
    await writeFile(path(), 'not a database, and longer than the header of one would be, which SQLite looks at first');
    const damaged = expect.objectContaining({ name: 'ConfigurationError', code: 'DATA_FOLDER_DAMAGED' });
    expect(() => SqliteFile.open(path())).toThrow(damaged);
  });

  it('lets only the owner read its files', async () => {
    const file = SqliteFile.open(path());
    await file.table('state').put({ partition: 'p', sort: 's' }, { a: 1 });

    for (const suffix of ['', '-wal', '-shm']) expect((await stat(path() + suffix)).mode & 0o777).toBe(0o600);
    file.close();
  });

  it('has what it was given when it is opened again', async () => {
    const file = SqliteFile.open(path());
    void file.table('state').put({ partition: 'p', sort: 's' }, { a: 1, none: undefined });
    file.close();

    const again = SqliteFile.open(path());
    expect(await again.table('state').get({ partition: 'p', sort: 's' })).toEqual({ a: 1 });
    again.close();
  });

  it('keeps every write that it called durable through SIGKILL, and writes of one commit together', async () => {
    for (const ms of [1, 10, 40]) {
      const durable = await killWriter('sqlite', folder, ms);

      const file = SqliteFile.open(path());
      const sorts = new Set(await sortsOf(file.table('state'), 'p'));
      file.close();
      expect(sorts.size % 3).toBe(0);
      expect(sorts.size / 3).toBeGreaterThan(durable);
      for (let number = 0; number < sorts.size / 3; number += 1) expect(sorts.has(`${number}-2`)).toBe(true);
      await Promise.all(['', '-wal', '-shm'].map((suffix) => rm(path() + suffix, { force: true })));
    }
  });

  it('rejects the writes of a commit that failed, keeps none of them, and goes on afterwards', async () => {
    const file = SqliteFile.open(path());
    const table = file.table('state');
    await table.put({ partition: 'p', sort: '1' }, { a: 1 });
    const other = new DatabaseSync(path());
    other.exec(`CREATE TRIGGER full BEFORE INSERT ON state WHEN new.sort = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END`);

    const writes = await Promise.allSettled([
      table.put({ partition: 'p', sort: '2' }, { a: 2 }),
      table.put({ partition: 'p', sort: 'bad' }, { a: 3 }),
    ]);

    expect(writes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await sortsOf(table, 'p')).toEqual(['1']);
    await table.put({ partition: 'p', sort: '3' }, { a: 4 });
    expect(await sortsOf(table, 'p')).toEqual(['1', '3']);
    other.close();
    file.close();
  });

  it('says that the store is busy, and not that it is broken, where another program locks the file for long', async () => {
    const file = SqliteFile.open(path());
    const table = file.table('state');
    const other = new DatabaseSync(path());
    other.exec('BEGIN IMMEDIATE');

    await expect(table.put({ partition: 'p', sort: '1' }, { a: 1 })).rejects.toMatchObject({ name: 'TransientError' });
    other.close();
    file.close();
  });
});
