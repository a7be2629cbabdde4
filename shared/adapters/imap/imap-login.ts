import { createHash, createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { imapPort, type ImapServer, type Login } from '../../domain/endpoint.ts';
import { ConfigurationError, MailboxBlockedError, TransientError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import type { SecretReader } from '../../ports/sealer.ts';
import { type ImapServerName, translating } from './imap-errors.ts';
import { ImapConnection } from './protocol/imap-connection.ts';
import { type ImapRole, ImapUnsupportedError } from './protocol/imap-error.ts';
import { signIn, type ImapCredentials } from './protocol/sign-in.ts';
import { shortText } from '../short-text.ts';

export interface ImapServices {
  readonly secrets: SecretReader;
  readonly clock: Clock;
  /**
   * Where tokens of an OAuth login come from, instead of its token URL. `refused`: one that the server did not take;
   * another one is then fetched.
   */
  readonly accessToken?: ((refused?: string) => Promise<string>) | undefined;
  /** Capabilities that the server announces and does not honour well, upper case. */
  readonly ignored?: readonly string[] | undefined;
}

/** Connects to an endpoint's server and signs in to one mailbox, by the endpoint's login mode. */
export async function openSignedIn(
  services: ImapServices,
  server: ImapServer,
  request: { readonly role: ImapRole; readonly mailbox: MailboxCredentials; readonly signal: AbortSignal },
): Promise<ImapConnection> {
  const { role, mailbox } = request;
  const credentials = await credentialsFor(services, server.login, mailbox, role);
  try {
    return await openWith(services, server, { ...request, credentials });
  } catch (error) {
    const { accessToken } = services;
    if (!isRefusal(error) || credentials.kind !== 'oauth' || accessToken === undefined) throw error;
    // A token may end, or be taken back, while we keep it: once another one.
    const token = await accessToken(credentials.token);
    return openWith(services, server, { ...request, credentials: { ...credentials, token } });
  }
}

function openWith(
  services: ImapServices,
  server: ImapServer,
  request: { readonly role: ImapRole; readonly signal: AbortSignal; readonly credentials: ImapCredentials },
): Promise<ImapConnection> {
  const { role, signal, credentials } = request;
  return translating(serverName(server, role), async () => {
    const connection = await connect(services, server, { role, signal });
    try {
      await signInTo(connection, credentials);
      if (server.compress && connection.capabilities.has('COMPRESS=DEFLATE')) await connection.compress();
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  });
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof MailboxBlockedError &&
    (error.code === 'SOURCE_SIGN_IN_FAILED' || error.code === 'TARGET_SIGN_IN_FAILED')
  );
}

export async function signInTo(connection: ImapConnection, credentials: ImapCredentials): Promise<void> {
  if (connection.preauthenticated) {
    throw new ImapUnsupportedError('login', 'The server greets as signed in already, as whom it does not say.');
  }
  await signIn(connection, credentials);
}

/** Connected and secured, not signed in: what can be proved of an endpoint without a mailbox. */
export function connect(
  services: Pick<ImapServices, 'clock' | 'ignored'>,
  server: ImapServer,
  request: { readonly role: ImapRole; readonly signal: AbortSignal },
): Promise<ImapConnection> {
  return ImapConnection.open({
    ...request,
    host: server.host,
    port: imapPort(server),
    security: server.security,
    tls: server.tls,
    clock: services.clock,
    ignored: services.ignored,
  });
}

/** Opens the secrets of the login; for `oauth` also fetches a token. */
export async function credentialsFor(
  services: ImapServices,
  login: Login,
  mailbox: MailboxCredentials,
  role: ImapRole,
): Promise<ImapCredentials> {
  switch (login.mode) {
    case 'user':
      if (mailbox.password === undefined) {
        throw new MailboxBlockedError({
          code: 'SEALED_PASSWORD_MISSING',
          message: `No password is known for this mailbox at the ${role}.`,
        });
      }
      return { kind: 'password', user: mailbox.userName, password: mailbox.password };
    case 'admin': {
      const password = await services.secrets(login.secret);
      if (login.style === 'authzid') {
        return { kind: 'authzid', user: mailbox.userName, admin: login.user, password };
      }
      return { kind: 'password', user: expand(login.template, login.user, mailbox), password };
    }
    case 'oauth':
      return {
        kind: 'oauth',
        user: mailbox.userName,
        token: await (services.accessToken?.() ?? accessToken(services, login)),
        mechanism: login.mechanism,
      };
  }
}

function expand(template: string, admin: string, mailbox: MailboxCredentials): string {
  const domain = mailbox.emailAddress.split('@').at(-1) ?? '';
  return template.replace(/\{(user|admin|domain)\}/g, (_, name: string) =>
    name === 'user' ? mailbox.userName : name === 'admin' ? admin : domain,
  );
}

type OAuthLogin = Extract<Login, { mode: 'oauth' }>;

const TokenReply = z.object({ access_token: z.string().min(1) });

/** Client credentials grant (RFC 6749 section 4.4), with a secret or a signed assertion (RFC 7523 section 2.2). */
async function accessToken(services: ImapServices, login: OAuthLogin): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: login.clientId, scope: login.scope });
  if (login.secret !== undefined) form.set('client_secret', await services.secrets(login.secret));
  if (login.certificate !== undefined) {
    form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    form.set('client_assertion', assertion(login, await services.secrets(login.certificate), services.clock.now()));
  }
  const response = await fetch(login.tokenUrl, {
    method: 'POST',
    body: form,
    signal: AbortSignal.timeout(30_000),
  }).catch((cause: unknown) => {
    throw new TransientError({
      code: 'TOKEN_REFUSED',
      message: `No answer from ${new URL(login.tokenUrl).host}.`,
      cause,
    });
  });
  if (!response.ok) {
    const details = {
      code: 'TOKEN_REFUSED',
      message: `The token endpoint answered ${String(response.status)}.`,
    } as const;
    throw response.status >= 500 || response.status === 429
      ? new TransientError(details)
      : new ConfigurationError(details);
  }
  const reply = TokenReply.safeParse(await response.json());
  if (!reply.success) {
    throw new ConfigurationError({
      code: 'TOKEN_REFUSED',
      message: 'The token endpoint answered without an access token.',
    });
  }
  return reply.data.access_token;
}

/** A JWT signed with the certificate's key; `x5t` names the certificate (RFC 7515 section 4.1.7). */
function assertion(login: OAuthLogin, pem: string, nowMs: number): string {
  const certificate = new X509Certificate(pem);
  const thumbprint = createHash('sha1').update(certificate.raw).digest('base64url');
  const now = Math.floor(nowMs / 1000);
  const claims = {
    aud: login.tokenUrl,
    iss: login.clientId,
    sub: login.clientId,
    jti: randomUUID(),
    nbf: now,
    exp: now + 600,
  };
  const text = [{ alg: 'RS256', typ: 'JWT', x5t: thumbprint }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('sha256', Buffer.from(text), createPrivateKey(pem)).toString('base64url')}`;
}

/**
 * The mailbox's half of a pair: stable over batches and over the way of connecting. 143 and 993 are one server (RFC 8314
 * section 3.2); any other port may be another one. Names of this machine are one name. What it holds tells a server
 * under another name: see `resolve-pair.ts`.
 */
export function identityOf(server: ImapServer, mailbox: MailboxCredentials): string {
  const port = imapPort(server);
  const place = port === 143 || port === 993 ? '' : `:${String(port)}`;
  const bareRoot = mailbox.userRoot?.replace(/[/.]+$/, '') ?? '';
  const root = bareRoot === '' ? '' : `#${bareRoot}`;
  return `imap://${hostOf(server.host)}${place}/${mailbox.userName.toLowerCase()}${root}`;
}

/** Lower case, without the root's dot; every name of this machine is 127.0.0.1 (RFC 6761 section 6.3). */
function hostOf(host: string): string {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
  const isLoopback = name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
  return isLoopback ? '127.0.0.1' : name;
}

/** Host and capabilities, for the verification report. */
export function descriptionOf(connection: ImapConnection): string {
  const known = ['MULTIAPPEND', 'LITERAL+', 'UIDPLUS', 'CONDSTORE', 'QRESYNC', 'SPECIAL-USE', 'OBJECTID'];
  const offered = known.filter((capability) => connection.capabilities.has(capability));
  return shortText(`IMAP server ${connection.host} (${offered.join(' ')}): ${connection.greetingText}`);
}

export function serverName(server: ImapServer, role: ImapRole): ImapServerName {
  return { role, host: server.host, port: imapPort(server) };
}
