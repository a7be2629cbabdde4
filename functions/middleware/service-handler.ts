import middy from '@middy/core';
import type { MiddyfiedHandler } from '@middy/core';
import type { z } from 'zod';
import { asWorkOf } from './invocation-work.ts';
import { logContext } from './log-context.ts';
import { parseInput } from './parse-input.ts';
import { reportErrors } from './report-errors.ts';
import { ReportedError } from './reported-error.ts';
import { workerTimedOut } from './worker-timed-out.ts';

/** What an invocation has left. */
export interface Invocation {
  readonly remainingMs: () => number;
  /** Aborts shortly before Lambda ends the invocation: close sockets, begin nothing. */
  readonly signal: AbortSignal;
}

/**
 * Before Lambda's end: enough to say goodbye to a server (a LOGOUT's answer) and to log; a slice has long ended by itself.
 */
const earlyMs = 5_000;

/** Behind every function: context of the log, input, errors; then one call. */
export function serviceHandler<Schema extends z.ZodType, Result>(
  input: Schema,
  work: (input: z.output<Schema>, invocation: Invocation) => Promise<Result>,
): MiddyfiedHandler<unknown, Result> {
  return middy<unknown, Result>({
    timeoutEarlyInMillis: earlyMs,
    timeoutEarlyResponse: () => {
      throw new ReportedError(workerTimedOut, 'The invocation ran out of time.');
    },
  })
    .use(reportErrors())
    .use(logContext())
    .use(parseInput(input))
    .handler((event, context, { signal }) =>
      asWorkOf(signal, () =>
        work(event as z.output<Schema>, { remainingMs: () => context.getRemainingTimeInMillis(), signal }),
      ),
    );
}
