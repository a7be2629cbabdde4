import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigurationError } from '../../domain/errors.ts';
import type { SecretReader } from '../../ports/sealer.ts';
import { hasCode } from './storage-error.ts';

/** Opens `env:NAME` and `file:PATH`; a line end at the end of a file is not part of the secret. */
export function localSecretReader(environment: Readonly<Record<string, string | undefined>>): SecretReader {
  return async (reference) => {
    const secret = await readSecret(reference, environment);
    if (secret === undefined || secret === '') {
      throw new ConfigurationError({ code: 'SECRET_NOT_FOUND', message: notFound(reference) });
    }
    return secret;
  };
}

async function readSecret(
  reference: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  if (reference.startsWith('env:')) return environment[reference.slice('env:'.length)];
  if (!reference.startsWith('file:')) return undefined;
  try {
    const text = await readFile(reference.slice('file:'.length), 'utf8');
    return text.replace(/\r?\n$/, '');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'ELOOP')) return undefined;
    throw error;
  }
}

function notFound(reference: string): string {
  if (reference.startsWith('env:')) return `The environment variable of the secret ${reference} is not set, or empty.`;
  if (reference.startsWith('file:')) return `The file of the secret ${reference} is not there, not readable, or empty.`;
  return `The secret ${reference} can be read on AWS only; here a secret is env:NAME or file:PATH.`;
}

/** A `file:` reference as it is stored: the endpoint file that names it may be read from another folder later. */
export function absoluteSecretReference(reference: string, folder: string): string {
  return reference.startsWith('file:') ? `file:${resolve(folder, reference.slice('file:'.length))}` : reference;
}
