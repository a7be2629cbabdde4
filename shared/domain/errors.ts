import type { ErrorCode } from './error-catalogue.ts';

/**
 * The five kinds of error, named for what to do about them. Adapters translate at their edge, in one table a
 * protocol; everything else passes through untouched and is a defect. The names are shared with the state machine's
 * Retry and Catch rules, so that they cannot drift apart.
 */
export const errorNames = {
  transient: 'TransientError',
  itemRefused: 'ItemRefusedError',
  mailboxBlocked: 'MailboxBlockedError',
  configuration: 'ConfigurationError',
  conflict: 'ConflictError',
} as const;

export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What happened, in words for the admin. Never a password, a subject, an address list or a body. */
  readonly message: string;
  readonly cause?: unknown;
}

abstract class StagecoachError extends Error {
  readonly code: ErrorCode;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
  }
}

/** Their trouble or the network's: come again, not before `retryAfterMs` where the far side named a time. */
export class TransientError extends StagecoachError {
  override readonly name = errorNames.transient;
  /** Milliseconds that the far side asked us to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(details: ErrorDetails & { readonly retryAfterMs?: number | undefined }) {
    super(details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** One item cannot be written (or read): record it and go on with the next. */
export class ItemRefusedError extends StagecoachError {
  override readonly name = errorNames.itemRefused;
}

/** This mailbox cannot go on until a person does something: wrong password, full mailbox, no such mailbox. */
export class MailboxBlockedError extends StagecoachError {
  override readonly name = errorNames.mailboxBlocked;
}

/** A setting of the endpoint or the deployment is wrong: no mailbox of the batch can succeed. */
export class ConfigurationError extends StagecoachError {
  override readonly name = errorNames.configuration;
}

/** Somebody else changed what we meant to change: reload and decide again. */
export class ConflictError extends StagecoachError {
  override readonly name = errorNames.conflict;
}

export type KnownError = TransientError | ItemRefusedError | MailboxBlockedError | ConfigurationError | ConflictError;

export function isKnownError(error: unknown): error is KnownError {
  return error instanceof StagecoachError;
}
