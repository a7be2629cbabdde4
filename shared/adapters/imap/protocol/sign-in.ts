import { ImapReplyError, ImapUnsupportedError } from './imap-error.ts';
import type { ImapConnection } from './imap-connection.ts';
import { stringPart } from './imap-string.ts';

export type ImapCredentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** One account signs in for another (RFC 4616): `user` is whose mailbox, `admin` whose password. */
  | { readonly kind: 'authzid'; readonly user: string; readonly admin: string; readonly password: string }
  | {
      readonly kind: 'oauth';
      readonly user: string;
      readonly token: string;
      readonly mechanism: 'xoauth2' | 'oauthbearer';
    };

/**
 * Signs in and asks for the capabilities anew (RFC 9051 section 6.1.1: they may differ from those before). Rejects with
 * ImapReplyError, its text free of the credentials, or ImapUnsupportedError.
 */
export async function signIn(connection: ImapConnection, credentials: ImapCredentials): Promise<void> {
  const before = connection.capabilities;
  try {
    await authenticate(connection, credentials);
  } catch (error) {
    throw withoutSecret(error, credentials.kind === 'oauth' ? credentials.token : credentials.password);
  }
  if (connection.capabilities === before) {
    await connection.refreshCapabilities();
  }
}

async function authenticate(connection: ImapConnection, credentials: ImapCredentials): Promise<void> {
  switch (credentials.kind) {
    case 'password':
      return passwordSignIn(connection, credentials.user, credentials.password);
    case 'authzid':
      return plain(connection, `${credentials.user}\0${credentials.admin}\0${credentials.password}`);
    case 'oauth':
      return credentials.mechanism === 'xoauth2'
        ? xoauth2(connection, credentials)
        : oauthBearer(connection, credentials);
  }
}

async function passwordSignIn(connection: ImapConnection, user: string, password: string): Promise<void> {
  if (!connection.capabilities.has('LOGINDISABLED')) {
    await connection.execute({
      name: 'LOGIN',
      parts: ['LOGIN ', stringPart(user), ' ', stringPart(password)],
    });
    return;
  }
  if (!connection.capabilities.has('AUTH=PLAIN')) {
    throw new ImapUnsupportedError('login', 'The server refuses LOGIN and PLAIN on this connection (LOGINDISABLED).');
  }
  await plain(connection, `\0${user}\0${password}`);
}

async function plain(connection: ImapConnection, message: string): Promise<void> {
  if (!connection.capabilities.has('AUTH=PLAIN')) {
    throw new ImapUnsupportedError('authzid', 'The server does not offer AUTHENTICATE PLAIN.');
  }
  await sasl(connection, { mechanism: 'PLAIN', message, afterError: '' });
}

/** Google's and Microsoft's mechanism: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol */
async function xoauth2(connection: ImapConnection, { user, token }: { user: string; token: string }): Promise<void> {
  requireMechanism(connection, 'AUTH=XOAUTH2');
  const message = `user=${user}\x01auth=Bearer ${token}\x01\x01`;
  await sasl(connection, { mechanism: 'XOAUTH2', message, afterError: '' });
}

/** RFC 7628 section 3.1. After an error the client answers with a lone %x01 (section 3.2.3). */
async function oauthBearer(
  connection: ImapConnection,
  { user, token }: { user: string; token: string },
): Promise<void> {
  requireMechanism(connection, 'AUTH=OAUTHBEARER');
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const message = `n,a=${name},\x01host=${connection.host}\x01auth=Bearer ${token}\x01\x01`;
  await sasl(connection, { mechanism: 'OAUTHBEARER', message, afterError: '\x01' });
}

function requireMechanism(connection: ImapConnection, capability: string): void {
  if (!connection.capabilities.has(capability)) {
    throw new ImapUnsupportedError('oauth', `The server does not offer ${capability.slice('AUTH='.length)}.`);
  }
}

async function sasl(
  connection: ImapConnection,
  exchange: { readonly mechanism: string; readonly message: string; readonly afterError: string },
): Promise<void> {
  const initial = Buffer.from(exchange.message, 'utf8').toString('base64');
  // RFC 4959: with SASL-IR the message goes with the command and saves a round trip.
  const atOnce = connection.capabilities.has('SASL-IR');
  let said = atOnce;
  await connection.execute({
    name: `AUTHENTICATE ${exchange.mechanism}`,
    parts: [`AUTHENTICATE ${exchange.mechanism}${atOnce ? ` ${initial}` : ''}`],
    answer: () => {
      if (said) {
        return Buffer.from(exchange.afterError, 'latin1').toString('base64');
      }
      said = true;
      return initial;
    },
  });
}

/** A server that repeats the command in its refusal must not bring the password into a report. */
function withoutSecret(error: unknown, secret: string): unknown {
  if (!(error instanceof ImapReplyError) || secret === '' || !error.reply.text.includes(secret)) {
    return error;
  }
  return new ImapReplyError(error.command, { ...error.reply, text: error.reply.text.replaceAll(secret, '***') });
}
