import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cp, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultKeyFolder, openLocalSealer } from '../../../../shared/adapters/local/local-sealer.ts';
import { localSecretReader } from '../../../../shared/adapters/local/local-secret-reader.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stagecoach-sealer-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const unreadable = { name: 'ConfigurationError', code: 'SEALED_PASSWORD_UNREADABLE' };

function open({ key, environment = {} }: { key?: string; environment?: Record<string, string> } = {}) {
  return openLocalSealer({
    dataDir: join(folder, 'data'),
    keyFolder: join(folder, 'keys'),
    key,
    secrets: localSecretReader(environment),
  });
}

describe('sealing on one machine', () => {
  it('opens what it sealed, after a restart too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string(), async (plain, context) => {
        const sealed = await (await open()).seal(plain, context);
        expect(await (await open()).open(sealed, context)).toBe(plain);
      }),
      { numRuns: 20 },
    );
  });

  it('never seals twice alike, and shows nothing of the password', async () => {
    const sealer = await open();

    const sealed = [await sealer.seal('Sommer2026!', 'c'), await sealer.seal('Sommer2026!', 'c')];

    expect(sealed[0]).not.toBe(sealed[1]);
    for (const one of sealed) expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('Sommer');
  });

  it('opens for the context it was sealed for alone', async () => {
    const sealer = await open();
    const sealed = await sealer.seal('Sommer2026!', 'contoso/ann@contoso.test');

    await expect(sealer.open(sealed, 'contoso/bob@contoso.test')).rejects.toMatchObject(unreadable);
  });

  it.each(['', 'local1.', 'local1.AAAA', 'kms1.a.b.c', 'Sommer2026!'])('does not open %j', async (sealed) => {
    await expect((await open()).open(sealed, 'c')).rejects.toMatchObject(unreadable);
  });

  it('notices every octet that was changed', async () => {
    const sealer = await open();
    const sealed = await sealer.seal('pw', 'c');
    const octets = Buffer.from(sealed.slice('local1.'.length), 'base64url');

    for (let position = 0; position < octets.length; position += 1) {
      const changed = Buffer.from(octets);
      changed[position]! ^= 1;
      await expect(sealer.open(`local1.${changed.toString('base64url')}`, 'c')).rejects.toMatchObject(unreadable);
    }
  });

  it('makes its key outside the data folder, for the owner alone', async () => {
    await open();

    const [key] = (await readdir(join(folder, 'keys'))).filter((name) => name.endsWith('.key'));
    expect((await stat(join(folder, 'keys', key!))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'keys'))).mode & 0o777).toBe(0o700);
    const secret = (await readFile(join(folder, 'keys', key!), 'utf8')).trim();
    for (const name of await readdir(join(folder, 'data'), { recursive: true, withFileTypes: true })) {
      if (name.isFile()) expect(await readFile(join(name.parentPath, name.name), 'utf8')).not.toContain(secret);
    }
  });

  it('finds its key again when the data folder has moved, and not without it', async () => {
    const sealed = await (await open()).seal('pw', 'c');
    await cp(join(folder, 'data'), join(folder, 'moved'), { recursive: true });
    const options = { dataDir: join(folder, 'moved'), secrets: localSecretReader({}) };

    const sealer = await openLocalSealer({ ...options, keyFolder: join(folder, 'keys') });
    expect(await sealer.open(sealed, 'c')).toBe('pw');

    const elsewhere = await openLocalSealer({ ...options, keyFolder: join(folder, 'other-keys') });
    await expect(elsewhere.open(sealed, 'c')).rejects.toMatchObject(unreadable);
  });

  it('takes the key that STAGECOACH_KEY names, in base64 or hex, from the environment or a file', async () => {
    const key = Buffer.alloc(32, 9);
    await writeFile(join(folder, 'key'), `${key.toString('hex')}\n`);
    const environment = { KEY: key.toString('base64') };

    const sealed = await (await open({ key: 'env:KEY', environment })).seal('pw', 'c');

    expect(await (await open({ key: `file:${join(folder, 'key')}` })).open(sealed, 'c')).toBe('pw');
    await expect((await open()).open(sealed, 'c')).rejects.toMatchObject(unreadable);
  });

  it('refuses a key that is none without showing it', async () => {
    const opening = open({ key: 'env:KEY', environment: { KEY: 'correct horse battery staple' } });

    await expect(opening).rejects.toMatchObject({ name: 'ConfigurationError', code: 'SEALING_KEY_INVALID' });
    await expect(opening).rejects.not.toThrow(/horse/);
    await expect(open({ key: 'env:NONE' })).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });
  });

  it('keeps keys where configuration belongs', () => {
    expect(defaultKeyFolder({ XDG_CONFIG_HOME: '/home/a/.conf' })).toBe('/home/a/.conf/stagecoach/keys');
    expect(defaultKeyFolder({})).toMatch(/\.config\/stagecoach\/keys$/);
  });
});
