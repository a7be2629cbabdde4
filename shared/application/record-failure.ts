import { z } from 'zod';
import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import { isRunning, type Batch } from '../domain/batch.ts';
import { errorCatalogue, type ErrorCode } from '../domain/error-catalogue.ts';
import { changeBatchOfRun, leave, runWasTaken, type Position } from './batch-run.ts';
import type { Services } from './services.ts';

export interface FailedPosition extends Position {
  /** What a state's Catch got; absent where a use case decided for `fail` itself and has written down why. */
  readonly error?: { readonly Error: string; readonly Cause: string } | undefined;
}

/** What Lambda makes of an error (Lambda developer guide, "Node.js errors"); the local runner adds our code. */
const LambdaCause = z.object({ errorMessage: z.string(), code: z.string().optional() });

/** Records on the batch why its execution could not go on, and releases the run. */
export async function recordFailure(
  { store, clock, log }: Pick<Services, 'store' | 'clock' | 'log'>,
  position: FailedPosition,
): Promise<Position> {
  const { error, ...where } = position;
  const failed = await changeBatchOfRun(store, where, (batch) => ({
    ...(error === undefined ? batch : failedBatch(batch, error, clock.now())),
    run: null,
  }));
  if (failed === undefined) return leave(where, runWasTaken);
  log.error('A batch could not go on', { batch: failed.name, status: failed.status, code: failed.errorCode });
  return { ...where, next: 'fail', reason: failed.reason ?? '' };
}

function failedBatch(batch: Batch, error: { readonly Error: string; readonly Cause: string }, now: number): Batch {
  if (!isRunning(batch) && batch.status !== 'Created' && batch.status !== 'Waiting') return batch;
  const { code, message } = describe(error);
  if (mayMoveBatch(batch, 'fail')) return { ...moveBatch(batch, 'fail', { reason: message, now }), errorCode: code };
  // Before the last worker is known to be gone it is not Stopped: the next execution sees to that.
  if (batch.status === 'Stopping' && batch.run?.mail === 'stopped')
    return { ...moveBatch(batch, 'stopped', { reason: message, now }), errorCode: code };
  return { ...batch, reason: message, errorCode: code };
}

function describe(error: { readonly Error: string; readonly Cause: string }): { code: string; message: string } {
  const cause = LambdaCause.safeParse(parseJson(error.Cause)).data;
  const code = cause?.code ?? 'UNEXPECTED';
  // Words of our own errors hold no secret; those of a defect might, so only its name is shown.
  const ours = isOurs(error.Error);
  const message = ours ? (cause?.errorMessage ?? error.Cause) : `${errorCatalogue.UNEXPECTED.text} (${error.Error})`;
  return { code: isCode(code) ? code : 'UNEXPECTED', message };
}

function isOurs(name: string): boolean {
  return ['TransientError', 'ItemRefusedError', 'MailboxBlockedError', 'ConfigurationError', 'ConflictError'].includes(
    name,
  );
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
