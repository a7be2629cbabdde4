import {
  ConfigurationError,
  isKnownError,
  type KnownError,
  MailboxBlockedError,
  TransientError,
} from '../../domain/errors.ts';
import {
  ImapConnectionError,
  ImapProtocolError,
  ImapReplyError,
  type ImapRole,
  ImapUnsupportedError,
} from './protocol/imap-error.ts';
import type { Reply } from './protocol/reply.ts';

/**
 * What the protocol layer throws, as one of the five kinds. Everything else passes through untouched: it is a defect.
 * Texts of the server are kept short; they never hold a password (sign-in.ts takes it out).
 */
export function translateImapError(error: unknown, role: ImapRole): unknown {
  if (isKnownError(error)) return error;
  if (error instanceof ImapReplyError) return replyError(error, role);
  if (error instanceof ImapConnectionError) return connectionError(error, role);
  if (error instanceof ImapUnsupportedError) {
    return new ConfigurationError({
      code: 'ENDPOINT_INVALID',
      message: `${sideOf(role)}: ${error.message}`,
      cause: error,
    });
  }
  if (error instanceof ImapProtocolError) {
    return new TransientError({
      code: 'SERVER_MISBEHAVES',
      message: `${sideOf(role)}: ${error.message}`,
      cause: error,
    });
  }
  return error;
}

/** Runs an operation and translates what it throws. */
export async function translating<Result>(role: ImapRole, operation: () => Promise<Result>): Promise<Result> {
  try {
    return await operation();
  } catch (error) {
    throw translateImapError(error, role);
  }
}

/** Milliseconds the server asked us to stay away; undefined: it is not a throttling reply. */
export function throttledFor(reply: Reply): number | 'unknown' | undefined {
  // Exchange Online's own words; RFC 9051 section 7.1 has LIMIT, RFC 5530 UNAVAILABLE and INUSE.
  const asked = /backoff time:? *(\d+)/i.exec(reply.text);
  if (asked !== null) return Number(asked[1]);
  if (reply.code === 'LIMIT' || reply.code === 'UNAVAILABLE' || reply.code === 'INUSE') return 'unknown';
  return /throttl|too many (simultaneous )?(connections|requests)/i.test(reply.text) ? 'unknown' : undefined;
}

export function isOverQuota(reply: Reply): boolean {
  return reply.code === 'OVERQUOTA' || /quota exceeded|over quota|mailbox is full/i.test(reply.text);
}

export function isTooLarge(reply: Reply): boolean {
  return (
    reply.code === 'TOOBIG' ||
    /maximum size of appendable|message (is )?too (big|large)|size limit exceeded/i.test(reply.text)
  );
}

function sideOf(role: ImapRole): string {
  return role === 'source' ? 'Source' : 'Target';
}

function words(reply: Reply): string {
  return reply.text.replace(/\s+/g, ' ').slice(0, 200);
}

function throttled(role: ImapRole, reply: Reply, wait: number | 'unknown', cause: Error): KnownError {
  return new TransientError({
    code: role === 'source' ? 'SOURCE_THROTTLED' : 'TARGET_THROTTLED',
    message: `${sideOf(role)} asks us to wait: ${words(reply)}`,
    retryAfterMs: wait === 'unknown' ? undefined : wait,
    cause,
  });
}

/** Codes of RFC 5530 and RFC 9051 section 7.1. */
function replyError(error: ImapReplyError, role: ImapRole): KnownError {
  const { reply, command } = error;
  const wait = throttledFor(reply);
  const message = `${sideOf(role)} answered ${command} with ${reply.status}: ${words(reply)}`;
  const signingIn = command === 'LOGIN' || command.startsWith('AUTHENTICATE');
  if (reply.code !== 'AUTHENTICATIONFAILED' && wait !== undefined) return throttled(role, reply, wait, error);
  if (signingIn || reply.code === 'AUTHENTICATIONFAILED' || reply.code === 'AUTHORIZATIONFAILED') {
    const code = role === 'source' ? 'SOURCE_SIGN_IN_FAILED' : 'TARGET_SIGN_IN_FAILED';
    return new MailboxBlockedError({ code, message, cause: error });
  }
  if (isOverQuota(reply)) return new MailboxBlockedError({ code: 'TARGET_MAILBOX_FULL', message, cause: error });
  return new TransientError({ code: 'SERVER_MISBEHAVES', message, cause: error });
}

const wrongSetting = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EINVAL']);

function connectionError(error: ImapConnectionError, role: ImapRole): KnownError {
  const side = role === 'source' ? 'SOURCE' : 'TARGET';
  const message = `${sideOf(role)}: ${error.message}`;
  const wait = error.bye === undefined ? undefined : throttledFor(error.bye);
  if (error.bye !== undefined && wait !== undefined) return throttled(role, error.bye, wait, error);
  if (error.phase === 'tls')
    return new ConfigurationError({ code: `${side}_CERTIFICATE_INVALID`, message, cause: error });
  if (error.phase === 'connect' && wrongSetting.has(error.reason)) {
    return new ConfigurationError({ code: `${side}_UNREACHABLE`, message, cause: error });
  }
  const code = error.phase === 'session' ? (`${side}_CONNECTION_LOST` as const) : (`${side}_UNREACHABLE` as const);
  return new TransientError({ code, message, cause: error });
}
