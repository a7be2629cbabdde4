import { describe, expect, it } from '@jest/globals';
import { translateImapError } from '../../../shared/adapters/imap/imap-errors.ts';
import {
  type ConnectionPhase,
  ImapConnectionError,
  ImapProtocolError,
  ImapReplyError,
  type ImapRole,
  ImapUnsupportedError,
} from '../../../shared/adapters/imap/protocol/imap-error.ts';
import { parseReply } from '../../../shared/adapters/imap/protocol/reply.ts';

const server = (role: ImapRole) => ({ role, host: 'mail.contoso.test', port: 993 });

function ofReply(command: string, text: string, role: ImapRole = 'target'): unknown {
  const reply = parseReply(text);
  if (reply === undefined) throw new Error(`not a reply: ${text}`);
  return translateImapError(new ImapReplyError(command, reply), server(role));
}

function ofConnection(phase: ConnectionPhase, reason: string, bye?: string, role: ImapRole = 'source'): unknown {
  const details = { reason, message: 'It broke.', bye: bye === undefined ? undefined : parseReply(bye) };
  return translateImapError(new ImapConnectionError(phase, details), server(role));
}

describe('the table of IMAP errors', () => {
  it.each([
    ['LOGIN', 'NO [AUTHENTICATIONFAILED] no', 'MailboxBlockedError', 'TARGET_SIGN_IN_FAILED'],
    ['AUTHENTICATE XOAUTH2', 'NO AUTHENTICATE failed.', 'MailboxBlockedError', 'TARGET_SIGN_IN_FAILED'],
    ['LOGIN', 'NO [UNAVAILABLE] Temporary authentication failure.', 'TransientError', 'TARGET_UNAVAILABLE'],
    ['LOGIN', 'NO [LIMIT] Maximum number of connections from user+IP exceeded', 'TransientError', 'TARGET_THROTTLED'],
    [
      'APPEND',
      'NO [OVERQUOTA] Quota exceeded (mailbox for user is full)',
      'MailboxBlockedError',
      'TARGET_MAILBOX_FULL',
    ],
    ['APPEND', 'NO Mailbox is full', 'MailboxBlockedError', 'TARGET_MAILBOX_FULL'],
    ['APPEND', 'NO [TOOBIG] no', 'ItemRefusedError', 'ITEM_TOO_LARGE'],
    ['APPEND', 'NO Maximum size of appendable message has been exceeded', 'ItemRefusedError', 'ITEM_TOO_LARGE'],
    ['APPEND', 'BAD Command Argument Error. 11', 'ItemRefusedError', 'ITEM_REFUSED'],
    ['APPEND', 'NO [CANNOT] virus', 'ItemRefusedError', 'ITEM_REFUSED'],
    ['APPEND', 'NO [TRYCREATE] no such mailbox', 'ConflictError', 'FOLDER_CHANGED'],
    ['APPEND', 'NO [NOPERM] no', 'MailboxBlockedError', 'TARGET_NO_RIGHTS'],
    ['APPEND', 'NO [SERVERBUG] Internal error', 'TransientError', 'TARGET_UNAVAILABLE'],
    ['EXAMINE', 'NO [INUSE] locked', 'TransientError', 'TARGET_THROTTLED'],
    ['EXAMINE', 'NO [NONEXISTENT] gone', 'ConflictError', 'FOLDER_CHANGED'],
    ['STATUS', 'BAD what?', 'TransientError', 'SERVER_MISBEHAVES'],
  ])('turns %s answered "%s" into %s %s', (command, text, name, code) => {
    expect(ofReply(command, text)).toMatchObject({ name, code });
  });

  it.each(['NO', 'BAD'])('takes the waiting time out of a throttling %s', (status) => {
    const error = ofReply('APPEND', `${status} Request is throttled. Suggested Backoff Time: 299609 milliseconds`);

    expect(error).toMatchObject({ name: 'TransientError', code: 'TARGET_THROTTLED', retryAfterMs: 299_609 });
  });

  it.each([
    ['connect', 'ECONNREFUSED', 'TransientError', 'SOURCE_UNREACHABLE', ''],
    ['connect', 'EAI_AGAIN', 'TransientError', 'SOURCE_UNREACHABLE', ''],
    ['connect', 'ENOTFOUND', 'ConfigurationError', 'SOURCE_UNREACHABLE', 'source.host'],
    ['greeting', 'TIMEOUT', 'TransientError', 'SOURCE_UNREACHABLE', 'source.security'],
    ['tls', 'CERT_HAS_EXPIRED', 'ConfigurationError', 'SOURCE_CERTIFICATE_INVALID', 'renew'],
    [
      'tls',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'ConfigurationError',
      'SOURCE_CERTIFICATE_INVALID',
      'source.tls.serverName',
    ],
    ['tls', 'SELF_SIGNED_CERT_IN_CHAIN', 'ConfigurationError', 'SOURCE_CERTIFICATE_INVALID', 'source.tls.caFile'],
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ConfigurationError', 'SOURCE_SECURITY_MISMATCH', 'source.port'],
    ['tls', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ConfigurationError', 'SOURCE_SECURITY_MISMATCH', 'minVersion'],
    ['session', 'ECONNRESET', 'TransientError', 'SOURCE_CONNECTION_LOST', ''],
    ['session', 'PROTOCOL', 'TransientError', 'SERVER_MISBEHAVES', ''],
  ] as const)('turns %s %s into %s %s and names the setting', (phase, reason, name, code, setting) => {
    expect(ofConnection(phase, reason)).toMatchObject({ name, code, message: expect.stringContaining(setting) });
  });

  it('reads what a server says as it hangs up', () => {
    expect(ofConnection('session', 'CLOSED', 'BYE Disconnected for inactivity')).toMatchObject({
      code: 'SOURCE_CONNECTION_LOST',
    });
    expect(ofConnection('session', 'CLOSED', 'BYE Suggested Backoff Time: 5000 milliseconds')).toMatchObject({
      code: 'SOURCE_THROTTLED',
      retryAfterMs: 5000,
    });
    expect(ofConnection('greeting', 'BYE', 'BYE [UNAVAILABLE] shutting down')).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
  });

  it('tells what the endpoint asks for and the server does not have', () => {
    const starttls = new ImapUnsupportedError('starttls', 'none');
    const oauth = new ImapUnsupportedError('oauth', 'none');

    expect(translateImapError(starttls, server('target'))).toMatchObject({
      name: 'ConfigurationError',
      code: 'TARGET_SECURITY_MISMATCH',
    });
    expect(translateImapError(oauth, server('source'))).toMatchObject({ code: 'SOURCE_LOGIN_UNSUPPORTED' });
  });

  it('keeps server words short and on one line, and lets the unknown through', () => {
    const long = ofReply('EXAMINE', `NO ${'x\u0007'.repeat(5000)}`) as Error;
    const defect = new TypeError('ours');

    expect(long.message.length).toBeLessThan(500);
    expect(long.message).not.toContain('\u0007');
    expect(translateImapError(defect, server('source'))).toBe(defect);
    expect(translateImapError(new ImapProtocolError('odd'), server('source'))).toMatchObject({
      code: 'SERVER_MISBEHAVES',
    });
  });
});
