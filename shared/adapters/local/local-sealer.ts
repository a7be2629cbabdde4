import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigurationError } from '../../domain/errors.ts';
import type { Sealer, SecretReader } from '../../ports/sealer.ts';
import { openWithKey, sealWithKey, sealingKeyOctets, unreadable } from '../store/aes-sealing.ts';
import { DurableFiles } from './durable-file.ts';
import { asStorageError } from './storage-error.ts';

/** In the data folder: the name of the key file, which so is found when the data folder moves. */
const keyNameFile = 'sealing-key';
const keyNameForm = /^[0-9a-f-]{36}$/;
/** Begins what this sealer sealed. */
const form = 'local1.';

export interface LocalSealerOptions {
  readonly dataDir: string;
  /** STAGECOACH_KEY: `env:NAME` or `file:PATH` of 32 octets in base64 or hex; without it a key file is made. */
  readonly key?: string | undefined;
  readonly secrets: SecretReader;
  /** Where key files are made: outside the data folder, so that a copy of the folder opens nothing. */
  readonly keyFolder: string;
}

/** Seals with one key of this machine. Rejects with ConfigurationError where the key cannot be had. */
export async function openLocalSealer(options: LocalSealerOptions): Promise<Sealer> {
  const key = await findKey(options);
  return {
    seal: (plain, context) => Promise.resolve(`${form}${sealWithKey({ key, plain, context })}`),
    open: async (sealed, context) => {
      if (!sealed.startsWith(form)) throw unreadable();
      return await Promise.resolve(openWithKey({ key, sealed: sealed.slice(form.length), context }));
    },
  };
}

/** `$XDG_CONFIG_HOME/stagecoach/keys`, else `~/.config/stagecoach/keys`. */
export function defaultKeyFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const config = environment['XDG_CONFIG_HOME'];
  const home = config === undefined || config === '' ? join(homedir(), '.config') : config;
  return join(resolve(home), 'stagecoach', 'keys');
}

async function findKey({ dataDir, key, secrets, keyFolder }: LocalSealerOptions): Promise<Uint8Array> {
  if (key !== undefined) return parseKey(await secrets(key), `The key that STAGECOACH_KEY names (${key})`);
  const name = await createOrRead(join(dataDir, keyNameFile), randomUUID());
  if (!keyNameForm.test(name)) throw badKey(`The name in ${join(dataDir, keyNameFile)}`);
  const path = join(keyFolder, `${name}.key`);
  return parseKey(await createOrRead(path, randomBytes(sealingKeyOctets).toString('base64')), `The key in ${path}`);
}

/** The text of a file for its owner alone, which is made, durably, where it is not there. */
async function createOrRead(path: string, text: string): Promise<string> {
  try {
    const files = await DurableFiles.below(dirname(path));
    await files.create(path, Buffer.from(`${text}\n`));
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw asStorageError(error);
  }
}

function parseKey(text: string, what: string): Uint8Array {
  const key = Buffer.from(text.trim(), /^[0-9a-f]{64}$/i.test(text.trim()) ? 'hex' : 'base64');
  if (key.length !== sealingKeyOctets) throw badKey(what);
  return key;
}

function badKey(what: string): ConfigurationError {
  return new ConfigurationError({
    code: 'SEALING_KEY_INVALID',
    message: `${what} is not one: it takes 32 octets in base64 or hex, as \`openssl rand -base64 32\` writes them.`,
  });
}
