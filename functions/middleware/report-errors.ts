import type { MiddlewareObj } from '@middy/core';
import { isKnownError } from '../../shared/domain/errors.ts';
import { log } from './logger.ts';
import { ReportedError, reportedError, unexpectedErrorName } from './reported-error.ts';
import { workerTimedOut } from './worker-timed-out.ts';

/**
 * The one place where an error is logged. The five kinds go on under their names, which the state machine's Retry and
 * Catch rules know; whatever else was thrown goes on as `UnexpectedError` without its words, since nobody knows what is
 * in them.
 */
export function reportErrors(): MiddlewareObj {
  return {
    onError: ({ error }) => {
      if (isKnownError(error)) {
        log.error('The function could not do its work', { kind: error.name, code: error.code, reason: error.message });
        throw reportedError(error);
      }
      log.error('The function failed unexpectedly', factsOf(error));
      if (error?.name === workerTimedOut) throw new ReportedError(workerTimedOut, 'The invocation ran out of time.');
      throw new ReportedError(unexpectedErrorName, `${error?.name ?? 'Error'}; the log of this invocation says more.`);
    },
  };
}

/** Name, place and, where AWS said it, the words: those of a parser or a server may quote what they choked on. */
function factsOf(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { kind: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const fromAws = '$metadata' in error;
  return {
    kind: error.name,
    ...(fromAws || error instanceof TypeError ? { reason: error.message } : {}),
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    frames: frames.slice(0, 12).map((line) => line.trim()),
  };
}
