import { z } from 'zod';
import { CommandError, exitCodes } from '../contract/problem.ts';
import { errorCatalogue } from '../domain/error-catalogue.ts';
import type { ErrorCode } from '../domain/error-catalogue.ts';
import { errorNames, isKnownError } from '../domain/errors.ts';
import type { KnownError } from '../domain/errors.ts';

const notFound: readonly ErrorCode[] = ['BATCH_NOT_FOUND', 'ENDPOINT_NOT_FOUND'];

/** What a use case threw, as the command line and the API say it. */
export function asCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (isKnownError(error))
    return new CommandError({
      code: error.code,
      message: error.message,
      fix: errorCatalogue[error.code].fix,
      exitCode: exitCodeOf(error),
      cause: error,
    });
  if (error instanceof z.ZodError) return CommandError.usage(z.prettifyError(error));
  return new CommandError({
    code: 'UNEXPECTED',
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    fix: errorCatalogue.UNEXPECTED.fix,
    exitCode: exitCodes.unexpected,
    cause: error,
  });
}

function exitCodeOf(error: KnownError): number {
  if (notFound.includes(error.code)) return exitCodes.notFound;
  switch (error.name) {
    case errorNames.conflict:
      return exitCodes.refused;
    case errorNames.configuration:
    case errorNames.mailboxBlocked:
      return exitCodes.usage;
    case errorNames.transient:
    case errorNames.itemRefused:
      return exitCodes.unexpected;
  }
}
