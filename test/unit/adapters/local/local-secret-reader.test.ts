import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { absoluteSecretReference, localSecretReader } from '../../../../shared/adapters/local/local-secret-reader.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stagecoach-secrets-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('secrets by reference on one machine', () => {
  it('opens a variable as it is', async () => {
    expect(await localSecretReader({ PW: ' a b\n' })('env:PW')).toBe(' a b\n');
  });

  it.each([
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' two\nlines \n\n', ' two\nlines \n'],
    ['none', 'none'],
  ])('opens a file that holds %j as %j', async (text, secret) => {
    const path = join(folder, 'pw');
    await writeFile(path, text);

    expect(await localSecretReader({})(`file:${path}`)).toBe(secret);
  });

  it('names the reference of a secret that is not there, and no secret', async () => {
    await writeFile(join(folder, 'empty'), '\n');
    const secrets = localSecretReader({ EMPTY: '', OTHER: 'hidden' });

    for (const reference of [
      'env:NONE',
      'env:EMPTY',
      `file:${folder}`,
      `file:${folder}/none`,
      `file:${folder}/empty`,
    ]) {
      await expect(secrets(reference)).rejects.toMatchObject({
        name: 'ConfigurationError',
        code: 'SECRET_NOT_FOUND',
        message: expect.stringContaining(reference),
      });
    }
    await expect(secrets('secretsmanager:stagecoach/x')).rejects.toThrow(/on AWS only/);
  });

  it('makes file references absolute and leaves others', () => {
    expect(absoluteSecretReference('file:pw.txt', '/etc/stagecoach')).toBe('file:/etc/stagecoach/pw.txt');
    expect(absoluteSecretReference('file:/run/pw', '/etc/stagecoach')).toBe('file:/run/pw');
    expect(absoluteSecretReference('env:PW', '/etc/stagecoach')).toBe('env:PW');
  });
});
