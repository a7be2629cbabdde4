import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { asStorageError, hasCode } from '../shared/adapters/local/storage-error.ts';
import { ConfigurationError } from '../shared/domain/errors.ts';

/** The token that the API wants: made once a data folder, readable by its owner alone. */
export function readOrMakeToken(path: string): string {
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      // A full disk leaves the file without its token.
      rmSync(path, { force: true });
      throw asStorageError(error);
    }
    chmodSync(path, 0o600);
  }
  const token = readFileSync(path, 'utf8').trim();
  if (token.length < 32) {
    const message = `${path} holds no token. Delete it: a new one is made.`;
    throw new ConfigurationError({ code: 'DATA_FOLDER_DAMAGED', message });
  }
  return token;
}
