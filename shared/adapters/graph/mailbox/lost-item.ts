import { TransientError } from '../../../domain/errors.ts';
import { isNotFound } from '../graph-errors.ts';

/** An item was deleted while it was being written: the page is settled as if its connection was lost. */
export function lostItem(host: string, cause?: unknown): TransientError {
  const message = `${host} (target): an item was gone before it was whole.`;
  return new TransientError({ code: 'TARGET_CONNECTION_LOST', message, cause });
}

/** What else went wrong stays as it is. */
export function orLost(error: unknown, host: string): unknown {
  return isNotFound(error) ? lostItem(host, error) : error;
}
