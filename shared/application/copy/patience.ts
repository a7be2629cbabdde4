import { TransientError, type KnownError } from '../../domain/errors.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import type { PairItem } from '../../domain/pair.ts';

/**
 * Failures in a row, without a step forward in between, after which a person is told. With waits that double from 15 s
 * to 5 min that is a good hour: a restart or a fail-over is over by then.
 */
export const mostFailures = 20;

export type Trouble = NonNullable<MailboxJob['trouble']>;

/**
 * True for what a server says without saying when it will be over: an answer that the protocol does not allow, or NO
 * without a reason. A server that throttles, also by a lock (INUSE), says that it is well and asks to wait; a connection
 * that breaks may have got further every time. Neither uses our patience up.
 */
export function usesPatience(error: KnownError): boolean {
  if (!(error instanceof TransientError) || error.retryAfterMs !== undefined) return false;
  return ['FOLDER_CHANGED', 'SERVER_MISBEHAVES', 'SOURCE_UNAVAILABLE', 'TARGET_UNAVAILABLE'].includes(error.code);
}

/** Counts a failure. `pair`: as the slice left it; undefined where it failed before it knew the pair, so got nowhere. */
export function afterFailure(trouble: MailboxJob['trouble'], pair: PairItem | undefined): Trouble {
  const place = pair === undefined ? (trouble?.place ?? '') : placeOf(pair);
  return trouble?.place === place ? { place, times: trouble.times + 1 } : { place, times: 1 };
}

/** Where a pair stands: equal texts, no step forward. */
function placeOf({ pass, ledgerHead }: PairItem): string {
  if (pass === null) return '';
  const { phase, plan, cursor, closing } = pass;
  return [phase, plan, cursor.folder, cursor.below, ledgerHead?.key, closing].join(' ');
}
