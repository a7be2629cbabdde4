import { ResultCodeError } from 'ldapts';
import type { ErrorCode } from '../../domain/error-catalogue.ts';
import {
  ConfigurationError,
  MailboxBlockedError,
  TransientError,
  isKnownError,
  type KnownError,
} from '../../domain/errors.ts';
import { certificateAdvice } from '../certificate-advice.ts';
import { shortText } from '../short-text.ts';
import { isSystemError } from '../system-error.ts';

/** Result codes of RFC 4511 section 4.1.9 that are told apart here. */
export const resultCodes = {
  timeLimitExceeded: 3,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  confidentialityRequired: 13,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  invalidAttributeSyntax: 21,
  noSuchObject: 32,
  invalidDnSyntax: 34,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  objectClassViolation: 65,
} as const;

/**
 * Why Active Directory refused a sign-in: the Windows error behind `data` in the text of invalidCredentials,
 * https://learn.microsoft.com/windows/win32/debug/system-error-codes--1300-1699-
 */
const signInReasons: Readonly<Record<string, string>> = {
  '525': 'there is no such account',
  '52e': 'the user name or the password is wrong',
  '52f': 'a restriction of the account forbids it (sign in only with a smart card, or a blank password)',
  '530': 'the account may not sign in at this time of the day',
  '531': 'the account may not sign in from this machine',
  '532': 'the password of the account has expired',
  '533': 'the account is disabled',
  '569': 'the account was not granted this kind of sign-in',
  '701': 'the account has expired',
  '773': 'the account must change its password at the next sign-in',
  '775': 'the account is locked out',
};

/** What was being done: the same result code means another thing in each. */
export type LdapPhase = 'sign-in' | 'search' | 'modify';

/** The table of the LDAP adapter: a result or a lost connection as one of the five kinds; a defect passes untouched. */
export function ldapError(
  error: unknown,
  { host, phase }: { readonly host: string; readonly phase: LdapPhase },
): unknown {
  if (isKnownError(error)) return error;
  if (error instanceof ResultCodeError) return resultError(error, { host, phase });
  if (error instanceof Error && isConnectionLoss(error)) return lostConnection(host, error);
  return error;
}

export function lostConnection(host: string, cause: Error): TransientError {
  return new TransientError({ code: 'DIRECTORY_UNREACHABLE', message: at(host, cause.message), cause });
}

function resultError(
  error: ResultCodeError,
  { host, phase }: { readonly host: string; readonly phase: LdapPhase },
): KnownError {
  const { code } = error;
  const of = (what: ErrorCode, text: string): { code: ErrorCode; message: string; cause: unknown } => ({
    code: what,
    message: at(host, text),
    cause: error,
  });
  if (isServersTrouble(code)) return new TransientError(of('DIRECTORY_UNREACHABLE', words(error)));
  switch (phase) {
    case 'sign-in':
      return new ConfigurationError(of('DIRECTORY_SIGN_IN_FAILED', signInText(error)));
    case 'search':
      if (isWrongPlace(code)) return new ConfigurationError(of('DIRECTORY_NO_RECIPIENTS', wrongPlaceText(error)));
      return new TransientError(of('SERVER_MISBEHAVES', words(error)));
    case 'modify':
      return new MailboxBlockedError(of('DIRECTORY_WRITE_DENIED', deniedText(error)));
  }
}

function isServersTrouble(code: number): boolean {
  const { timeLimitExceeded, adminLimitExceeded, busy, unavailable } = resultCodes;
  return [timeLimitExceeded, adminLimitExceeded, busy, unavailable].some((known) => known === code);
}

function isWrongPlace(code: number): boolean {
  const { noSuchObject, invalidDnSyntax, referral, insufficientAccessRights } = resultCodes;
  return [noSuchObject, invalidDnSyntax, referral, insufficientAccessRights].some((known) => known === code);
}

function signInText(error: ResultCodeError): string {
  if (error.code === resultCodes.invalidCredentials) {
    const data = /\bdata ([0-9a-f]+)/i.exec(error.message)?.[1]?.toLowerCase();
    const reason = data === undefined ? undefined : signInReasons[data];
    if (data === undefined || reason === undefined) return `the sign-in is refused: ${words(error)}`;
    return `the sign-in is refused: ${reason} (${data})`;
  }
  if (error.code === resultCodes.invalidDnSyntax)
    return 'directory.user is no name that the directory can read; give migadmin@contoso.test or CONTOSO\\migadmin';
  return `the sign-in is refused: ${words(error)}`;
}

function wrongPlaceText(error: ResultCodeError): string {
  if (error.code === resultCodes.referral)
    return 'what directory.base names is kept by another domain controller; give the address of one of its domain in directory.url';
  return `directory.base cannot be read: ${words(error)}`;
}

function deniedText(error: ResultCodeError): string {
  switch (error.code) {
    case resultCodes.insufficientAccessRights:
      return 'the account may not write this attribute of the object';
    case resultCodes.referral:
      return 'this domain controller may not write the object (it is read-only, or of another domain); give another one in directory.url';
    case resultCodes.undefinedAttributeType:
      return 'the directory has no such attribute: the schema of Exchange is missing';
    default:
      return `the directory refuses the change: ${words(error)}`;
  }
}

/** The server's words, with the result's name where it gave none. */
function words(error: ResultCodeError): string {
  // The library puts the result behind the words, in hexadecimal.
  return `${error.message.replace(/\s*Code: 0x[0-9a-f]+$/i, '')} (LDAP result ${String(error.code)})`;
}

/** The client library has no class for these; each ends the connection. */
function isConnectionLoss(error: Error): boolean {
  return /^(?:Socket error\.|Connection closed before|Socket connection not|Connection timeout|\w+: Operation timed out)|ECONNRESET|EPIPE|ETIMEDOUT/.test(
    error.message,
  );
}

export function isResult(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof ResultCodeError && codes.includes(error.code);
}

/** What went wrong before the connection stood: the endpoint's settings may be to blame. */
export function openingError(error: unknown, host: string): unknown {
  if (isKnownError(error) || !isSystemError(error)) return error;
  const reason = error.code;
  const refused = (code: ErrorCode, advice: string): ConfigurationError =>
    new ConfigurationError({ code, message: at(host, `${advice} (${reason})`), cause: error });
  if (reason === 'ENOTFOUND') return refused('DIRECTORY_UNREACHABLE', 'the name does not exist; correct directory.url');
  const renewal = 'have it renewed';
  const ofCertificate = certificateAdvice(reason, { address: 'directory.url', tls: 'directory.tls', renewal });
  if (ofCertificate !== undefined) return refused('DIRECTORY_CERTIFICATE_INVALID', ofCertificate);
  if (/KEY_TOO_SMALL|MD_TOO_WEAK/.test(reason))
    return refused('DIRECTORY_CERTIFICATE_INVALID', `the certificate is not acceptable; ${renewal}`);
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|HANDSHAKE_FAILURE|NO_SHARED_CIPHER|UNSAFE_LEGACY/.test(reason))
    return refused(
      'DIRECTORY_UNREACHABLE',
      'no TLS version or cipher in common; for an old server lower directory.tls.minVersion',
    );
  if (/^(?:EPROTO|ERR_SSL_|ERR_TLS_)/.test(reason))
    return refused(
      'DIRECTORY_UNREACHABLE',
      'the server does not speak TLS there; check ldaps, ldap and the port in directory.url',
    );
  return new TransientError({
    code: 'DIRECTORY_UNREACHABLE',
    message: at(host, `${error.message} (${reason})`),
    cause: error,
  });
}

export function at(host: string, text: string): string {
  return `${host} (directory): ${shortText(text)}`;
}
