import { ConfigurationError, TransientError } from '../../domain/errors.ts';

/** What a disk does on its bad days: the same write may well succeed later (full, failing, read-only, out of files). */
const fileCodes = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE'];

/** Primary result codes (sqlite.org/rescode.html): BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN. */
const sqliteCodes = [5, 6, 7, 8, 10, 13, 14];

/** CORRUPT, NOTADB: no later try helps. */
const damagedCodes = [11, 26];

/** Translates errors of the file system and of SQLite; all others are returned as they are. */
export function asStorageError(error: unknown): unknown {
  if (hasSqliteCode(error, ...damagedCodes))
    return new ConfigurationError({
      code: 'DATA_FOLDER_DAMAGED',
      message: `A database of the data folder cannot be used: ${error.message}`,
      cause: error,
    });
  if (!hasCode(error, ...fileCodes) && !hasSqliteCode(error, ...sqliteCodes)) return error;
  return new TransientError({
    code: 'STORE_UNAVAILABLE',
    message: `The data folder cannot be read or written: ${error.message}`,
    cause: error,
  });
}

/** True for an error of the file system with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): error is WithMessage {
  return hasMessage(error) && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** True for an error of SQLite whose primary result code is one of these. */
export function hasSqliteCode(error: unknown, ...codes: readonly number[]): error is WithMessage {
  if (!hasMessage(error) || !('errcode' in error) || typeof error.errcode !== 'number') return false;
  return codes.includes(error.errcode & 0xff);
}

interface WithMessage {
  readonly message: string;
}

/** Not `instanceof Error`: under a test runner the errors of Node's own modules come from another realm. */
function hasMessage(error: unknown): error is WithMessage {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}
