import type { MiddlewareObj } from '@middy/core';
import { isKnownError } from '../../shared/domain/errors.ts';
import { InputError } from './input-error.ts';
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
    // Replaced, not thrown: middy would attach what was caught as a cause, and Lambda logs causes with all they hold.
    onError: (request) => {
      request.error = reportedFor(request.error);
    },
  };
}

/** Logs the error, and says what may be told of it. */
export function reportedFor(error: unknown): ReportedError {
  if (isKnownError(error)) {
    log.error('The function could not do its work', { kind: error.name, code: error.code, reason: error.message });
    return reportedError(error);
  }
  const { kind, ...facts } = factsOf(error);
  log.error('The function failed unexpectedly', { kind, ...facts });
  if (kind === workerTimedOut) return new ReportedError(workerTimedOut, 'The invocation ran out of time.');
  return new ReportedError(unexpectedErrorName, `${kind}; the log of this invocation says more.`);
}

/** Name, place and, where AWS said it, the words: those of a parser or a server may quote what they choked on. */
function factsOf(error: unknown): { readonly kind: string } & Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { kind: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const isPlain = '$metadata' in error || error instanceof InputError;
  return {
    kind: error.name,
    ...(isPlain ? { reason: error.message } : {}),
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    frames: frames.slice(0, 12).map((line) => line.trim()),
  };
}
