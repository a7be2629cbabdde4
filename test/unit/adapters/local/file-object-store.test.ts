import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileObjectStore, fileVersion } from '../../../../shared/adapters/local/file-object-store.ts';
import { killWriter } from './killed-writer.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stagecoach-objects-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function keysOf(objects: FileObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of objects.list(prefix)) keys.push(key);
  return keys;
}

describe('objects as files', () => {
  it('lets only the owner read them', async () => {
    const objects = await FileObjectStore.open(join(folder, 'data'));
    const keys = ['ledger/pair/1-1', 'reports/wave-1/a.csv', 'incoming/contoso/a.csv'];
    for (const key of keys) await objects.create(key, Buffer.from('x'));

    for (const key of keys) expect((await stat(objects.locate(key))).mode & 0o777).toBe(0o600);
    const folders = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isDirectory(),
    );
    for (const entry of folders) expect((await stat(join(entry.parentPath, entry.name))).mode & 0o777).toBe(0o700);
  });

  it('keeps the names of reports and uploads, under the data folder', async () => {
    const objects = await FileObjectStore.open(folder);

    expect(objects.locate('reports/wave-1/SkippedItems.csv')).toBe(join(folder, 'reports/wave-1/SkippedItems.csv'));
    expect(objects.locate('incoming/contoso/wave-1.csv')).toBe(join(folder, 'incoming/contoso/wave-1.csv'));
  });

  it.each(['reports/../../etc/passwd', 'incoming/contoso/..', 'ledger//x', 'work/a\0b', '/etc/passwd', '../x'])(
    'refuses the key %j',
    async (key) => {
      const objects = await FileObjectStore.open(folder);

      await expect(objects.put(key, Buffer.from('x'))).rejects.toThrow(RangeError);
    },
  );

  it('finds every key again under its own name, whatever characters it has', async () => {
    const objects = await FileObjectStore.open(folder);
    const part = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 90 })
      .filter((name) => !/[/\0]/.test(name) && name !== '.' && name !== '..' && name.isWellFormed());
    const key = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => `ledger/${parts.join('/')}`);

    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 4 }), async (keys) => {
        for (const one of keys) await objects.create(one, Buffer.from(one));
        const found = await keysOf(objects, 'ledger/');
        for (const one of keys) expect(Buffer.from((await objects.get(one))!).toString()).toBe(one);
        for (const one of keys) await objects.remove(one);
        expect(found).toEqual(keys.toSorted());
      }),
      { numRuns: 60 },
    );
  });

  it('reads a file that somebody dropped in, by the SHA-256 of its octets', async () => {
    const objects = await FileObjectStore.open(folder);
    await mkdir(join(folder, 'incoming/contoso'), { recursive: true });
    const path = join(folder, 'incoming/contoso/wave-1.csv');
    await writeFile(path, 'EmailAddress\n');
    const version = (await fileVersion(path))!;

    expect(version).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.from((await objects.get('incoming/contoso/wave-1.csv', version))!).toString()).toBe('EmailAddress\n');
    expect(await keysOf(objects, 'incoming/')).toEqual(['incoming/contoso/wave-1.csv']);
    expect(await fileVersion(join(folder, 'nothing'))).toBeUndefined();
  });

  it('never follows a symbolic link', async () => {
    const objects = await FileObjectStore.open(folder);
    await mkdir(join(folder, 'incoming/contoso'), { recursive: true });
    await symlink('/etc/passwd', join(folder, 'incoming/contoso/wave-1.csv'));

    expect(await objects.get('incoming/contoso/wave-1.csv')).toBeUndefined();
    expect(await objects.stream('incoming/contoso/wave-1.csv')).toBeUndefined();
    expect(await keysOf(objects, 'incoming/')).toEqual([]);
    expect(await fileVersion(join(folder, 'incoming/contoso/wave-1.csv'))).toBeUndefined();
  });

  it('fails at the end of a stream whose file was written while it was read', async () => {
    const objects = await FileObjectStore.open(folder);
    const key = 'incoming/contoso/wave-1.csv';
    await objects.put(key, Buffer.alloc(300_000, 'a'));
    const stream = (await objects.stream(key, await fileVersion(objects.locate(key))))!;
    await writeFile(objects.locate(key), Buffer.alloc(300_000, 'b'));

    const read = async () => {
      for await (const chunk of stream) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toMatchObject({ name: 'ConflictError', code: 'STATE_CHANGED' });
  });

  it('goes on when somebody removed a folder in the meantime', async () => {
    const objects = await FileObjectStore.open(folder);
    await objects.put('reports/wave-1/a.csv', Buffer.from('x'));
    await rm(join(folder, 'reports'), { recursive: true });

    await objects.put('reports/wave-1/b.csv', Buffer.from('y'));
    await objects.remove('reports/wave-2/c.csv');

    expect(await readFile(join(folder, 'reports/wave-1/b.csv'), 'utf8')).toBe('y');
  });

  it('says that the data folder is in trouble where a write fails', async () => {
    const objects = await FileObjectStore.open(folder);

    await expect(objects.put(`reports/wave-1/${'x'.repeat(300)}`, Buffer.from('x'))).rejects.toThrow(/ENAMETOOLONG/);
  });

  it('has whole objects or none after SIGKILL, and every one that was called durable', async () => {
    for (const ms of [1, 7, 20, 45]) {
      const durable = await killWriter('files', folder, ms);

      const objects = await FileObjectStore.open(folder);
      const numbers = (await keysOf(objects, 'ledger/')).map((key) => Number(key.split('/').at(-1)));
      for (const number of numbers) {
        const octets = (await objects.get(`ledger/pair/${number}`))!;
        expect(octets.length).toBe(400_000);
        expect(octets.every((octet) => octet === number % 256)).toBe(true);
      }
      expect(Math.max(...numbers)).toBeGreaterThanOrEqual(durable - 1);
      expect(numbers.length).toBeGreaterThan(durable / 2);
      const manifest = await objects.get('work/manifest');
      if (durable >= 1) expect(manifest?.length).toBe(400_000);
      expect(new Set(manifest ?? [1]).size).toBe(1);

      await objects.removeLeftovers();
      expect(await readdir(folder)).not.toContain('tmp');
      await rm(join(folder, 'objects'), { recursive: true });
    }
  });
});
