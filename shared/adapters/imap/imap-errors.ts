import type { ErrorCode } from '../../domain/error-catalogue.ts';
import {
  ConfigurationError,
  ConflictError,
  ItemRefusedError,
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
import { shortText } from '../short-text.ts';

/** Whose errors are translated: decides the codes, and stands in the message. */
export interface ImapServerName {
  readonly role: ImapRole;
  readonly host: string;
  readonly port: number;
}

/** Codes that both sides have. */
type Ending =
  | 'UNREACHABLE'
  | 'CERTIFICATE_INVALID'
  | 'SECURITY_MISMATCH'
  | 'LOGIN_UNSUPPORTED'
  | 'SIGN_IN_FAILED'
  | 'NO_RIGHTS'
  | 'THROTTLED'
  | 'UNAVAILABLE'
  | 'CONNECTION_LOST';

/** The table of the IMAP adapter: what the protocol layer threw, as one of the five kinds. Others pass untouched. */
export function translateImapError(error: unknown, server: ImapServerName): unknown {
  if (error instanceof ImapReplyError) {
    return replyError(error.command, error.reply, server, error);
  }
  if (error instanceof ImapConnectionError) {
    return connectionError(error, server);
  }
  if (error instanceof ImapProtocolError) {
    return new TransientError({ code: 'SERVER_MISBEHAVES', message: at(server, error.message), cause: error });
  }
  if (error instanceof ImapUnsupportedError) {
    const what = error.feature === 'starttls' ? 'SECURITY_MISMATCH' : 'LOGIN_UNSUPPORTED';
    return new ConfigurationError({ code: code(server, what), message: at(server, error.message), cause: error });
  }
  return error;
}

/** Runs `work` and throws what it rejects with translated. */
export async function translating<T>(server: ImapServerName, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateImapError(error, server);
  }
}

function at(server: ImapServerName, message: string): string {
  return `${server.host}:${String(server.port)} (${server.role}): ${shortText(message)}`;
}

function code(server: ImapServerName, what: Ending): ErrorCode {
  return server.role === 'source' ? `SOURCE_${what}` : `TARGET_${what}`;
}

/**
 * Milliseconds to wait, where the server says so (Exchange Online: "Request is throttled. Suggested Backoff Time: 299609
 * milliseconds"); 'unknown' where it throttles without a time; undefined where it does not throttle. A mailbox that
 * another session has locked (RFC 5530 INUSE) is well, too: it asks to come again.
 */
export function throttling(reply: Reply): number | 'unknown' | undefined {
  const named = /Backoff Time:\s*(\d+)\s*milliseconds/i.exec(reply.text)?.[1];
  if (named !== undefined) {
    return Number(named);
  }
  // RFC 5530 LIMIT; THROTTLED is Gmail's and Yahoo's; the words are Dovecot's, Courier's and Exchange's.
  const said =
    /throttl|too many (?:simultaneous |concurrent )?connections|maximum number of connections|connection limit/i;
  const codes = ['LIMIT', 'THROTTLED', 'INUSE'];
  return codes.includes(reply.code ?? '') || said.test(reply.text) ? 'unknown' : undefined;
}

/** Whether the server refuses for want of room (RFC 5530 OVERQUOTA; older servers in words only). */
export function isOverQuota(reply: Reply): boolean {
  return reply.code === 'OVERQUOTA' || /over\s?quota|quota (?:exceeded|is full)|mailbox is full/i.test(reply.text);
}

/** Whether the server refuses a message for its size (RFC 7889 TOOBIG; Exchange, Dovecot, Cyrus in words). */
export function isTooLarge(reply: Reply): boolean {
  // The last two are what Exchange Online says of messages beyond its limit (imapsync's FAQ.Office365).
  const said =
    /(?:message|mail) (?:size )?(?:is )?(?:too (?:large|big)|larger than)|maximum (?:message )?size|exceeds.{0,30}size|command argument error 1[12]\b|command line limit exceeded/i;
  return reply.code === 'TOOBIG' || said.test(reply.text);
}

/** Replies that are trouble of the server's, not an answer: come again later. */
const notNow = new Set(['UNAVAILABLE', 'SERVERBUG', 'CONTACTADMIN', 'CORRUPTION', 'TEMPFAIL']);
const signInRefused = new Set(['AUTHENTICATIONFAILED', 'AUTHORIZATIONFAILED', 'EXPIRED', 'PRIVACYREQUIRED']);
const noRights = new Set(['NOPERM', 'ACL']);
const folderGone = new Set(['TRYCREATE', 'NONEXISTENT']);

/** NO or BAD, by what it was the answer to. */
export function replyError(command: string, reply: Reply, server: ImapServerName, cause?: unknown): KnownError {
  const signingIn = command === 'LOGIN' || command.startsWith('AUTHENTICATE');
  const writing = command === 'APPEND';
  const replyCode = reply.code ?? '';
  const details = (errorCode: ErrorCode): { code: ErrorCode; message: string; cause: unknown } => ({
    code: errorCode,
    message: at(server, `${command} was answered ${wordsOf(reply)}`),
    cause,
  });
  if (writing && isTooLarge(reply)) {
    return new ItemRefusedError(details('ITEM_TOO_LARGE'));
  }
  const wait = throttling(reply);
  if (wait !== undefined) {
    const retryAfterMs = wait === 'unknown' ? undefined : wait;
    return new TransientError({ ...details(code(server, 'THROTTLED')), retryAfterMs });
  }
  if (notNow.has(replyCode)) {
    return new TransientError(details(code(server, 'UNAVAILABLE')));
  }
  // Exchange: the token is good, and the mailbox is not there or does not give its account Full Access.
  if (/authenticated but not connected/i.test(reply.text)) {
    return new MailboxBlockedError(details(code(server, 'NO_RIGHTS')));
  }
  if (signingIn || signInRefused.has(replyCode)) {
    return new MailboxBlockedError(details(code(server, 'SIGN_IN_FAILED')));
  }
  if (server.role === 'target' && isOverQuota(reply)) {
    return new MailboxBlockedError(details('TARGET_MAILBOX_FULL'));
  }
  if (noRights.has(replyCode)) {
    return new MailboxBlockedError(details(code(server, 'NO_RIGHTS')));
  }
  if (folderGone.has(replyCode)) {
    return new ConflictError(details('FOLDER_CHANGED'));
  }
  if (writing) {
    return new ItemRefusedError(details('ITEM_REFUSED'));
  }
  return new TransientError(details(reply.status === 'BAD' ? 'SERVER_MISBEHAVES' : code(server, 'UNAVAILABLE')));
}

function wordsOf(reply: Reply): string {
  const bracket = reply.code === undefined ? '' : `[${reply.code}] `;
  return `${reply.status} ${bracket}${reply.text}`;
}

function connectionError(error: ImapConnectionError, server: ImapServerName): KnownError {
  if (error.reason === 'PROTOCOL') {
    return new TransientError({ code: 'SERVER_MISBEHAVES', message: at(server, error.message), cause: error });
  }
  if (error.bye !== undefined) {
    return byeError(error, error.bye, server);
  }
  if (error.phase === 'session') {
    return new TransientError({
      code: code(server, 'CONNECTION_LOST'),
      message: at(server, error.message),
      cause: error,
    });
  }
  return openingError(error, server);
}

function byeError(error: ImapConnectionError, bye: Reply, server: ImapServerName): KnownError {
  const message = at(server, `the server closed the connection: ${wordsOf(bye)}`);
  const wait = throttling(bye);
  if (wait !== undefined) {
    const retryAfterMs = wait === 'unknown' ? undefined : wait;
    return new TransientError({ code: code(server, 'THROTTLED'), message, cause: error, retryAfterMs });
  }
  const what = error.phase === 'session' && !notNow.has(bye.code ?? '') ? 'CONNECTION_LOST' : 'UNAVAILABLE';
  return new TransientError({ code: code(server, what), message, cause: error });
}

/** Before the session: the endpoint's settings, or a server that is not there. */
function openingError(error: ImapConnectionError, server: ImapServerName): KnownError {
  const side = server.role;
  if (error.reason === 'ENOTFOUND') {
    const message = at(server, `the name ${server.host} does not exist; correct ${side}.host`);
    return new ConfigurationError({ code: code(server, 'UNREACHABLE'), message, cause: error });
  }
  const certificate = certificateAdvice(error.reason, side);
  if (certificate !== undefined) {
    const message = at(server, `${certificate} (${error.reason})`);
    return new ConfigurationError({ code: code(server, 'CERTIFICATE_INVALID'), message, cause: error });
  }
  const mode = tlsAdvice(error, side);
  if (mode !== undefined) {
    const message = at(server, `${mode} (${error.reason})`);
    return new ConfigurationError({ code: code(server, 'SECURITY_MISMATCH'), message, cause: error });
  }
  const message = at(server, `${error.message}${silenceAdvice(error, server)}`);
  return new TransientError({ code: code(server, 'UNREACHABLE'), message, cause: error });
}

/** OpenSSL's verification results as Node names them, https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function certificateAdvice(reason: string, side: ImapRole): string | undefined {
  switch (reason) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'the certificate is not valid today; have the server renew it';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate is made for another name; correct ${side}.host, or give the name in ${side}.tls.serverName`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return `the certificate is signed by an authority that is not trusted here; give that authority in ${side}.tls.caFile`;
    case 'CERT_SIGNATURE_FAILURE':
    case 'CERT_REVOKED':
    case 'CERT_CHAIN_TOO_LONG':
    case 'INVALID_CA':
    case 'INVALID_PURPOSE':
    case 'CERT_REJECTED':
      return 'the certificate is not acceptable; have the server renew it';
    default:
      return undefined;
  }
}

function tlsAdvice(error: ImapConnectionError, side: ImapRole): string | undefined {
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(error.reason)) {
    return `the server does not speak TLS on this port; correct ${side}.port or ${side}.security`;
  }
  if (
    /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|NO_PROTOCOLS_AVAILABLE|HANDSHAKE_FAILURE|NO_SHARED_CIPHER|DH_KEY_TOO_SMALL|EE_KEY_TOO_SMALL|CA_MD_TOO_WEAK|UNSAFE_LEGACY/.test(
      error.reason,
    )
  ) {
    return `no TLS version or cipher in common; for an old server lower ${side}.tls.minVersion`;
  }
  if (/^(?:EPROTO|ERR_SSL_|ERR_TLS_)/.test(error.reason)) {
    return `the TLS handshake failed; check ${side}.port, ${side}.security and ${side}.tls`;
  }
  return undefined;
}

function silenceAdvice(error: ImapConnectionError, server: ImapServerName): string {
  if (error.phase === 'greeting' || error.phase === 'tls') {
    const { role } = server;
    return ` If it stays so, ${role}.security may not fit ${role}.port: 993 belongs to tls, 143 to starttls or none.`;
  }
  return '';
}
