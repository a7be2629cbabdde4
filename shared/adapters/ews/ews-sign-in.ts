import type { ExchangeServer } from '../../domain/endpoint.ts';
import { MailboxBlockedError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import type { SecretReader } from '../../ports/sealer.ts';
import { EwsConnection, problemOf } from './ews-connection.ts';
import { isFolderGone, problemError, type EwsProblem } from './ews-errors.ts';
import { getFolders } from './ews-requests.ts';
import { EwsTransport } from './ews-transport.ts';

export interface EwsServices {
  readonly secrets: SecretReader;
  readonly clock: Clock;
}

export interface SignInRequest {
  readonly mailbox: MailboxCredentials;
  readonly signal: AbortSignal;
}

/** Signs in and proves that the mailbox can be read. */
export async function openMailbox(
  services: EwsServices,
  server: ExchangeServer,
  request: SignInRequest,
): Promise<EwsConnection> {
  const connection = await signIn(services, server, request);
  try {
    await lookAtRoot(connection, request.mailbox.emailAddress);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A connection that signs in with its first call. */
export async function signIn(
  services: EwsServices,
  server: ExchangeServer,
  { mailbox, signal }: SignInRequest,
): Promise<EwsConnection> {
  return new EwsConnection({
    server,
    account: await accountFor(services, server, mailbox),
    impersonate: server.login.mode === 'admin' && server.access === 'impersonation' ? mailbox.emailAddress : undefined,
    clock: services.clock,
    signal,
  });
}

/** Not signed in, and never to be: what can be proved of an endpoint without a mailbox. */
export function unsignedTransport(
  services: Pick<EwsServices, 'clock'>,
  server: ExchangeServer,
  signal: AbortSignal,
): EwsTransport {
  return new EwsTransport({ server, account: { user: '', password: '' }, clock: services.clock, signal });
}

/** The root of the mailbox's own folders: who may read it may read the mailbox. */
export async function lookAtRoot(connection: EwsConnection, mailbox: string): Promise<void> {
  let problem: EwsProblem | undefined;
  await connection.call({
    operation: 'GetFolder',
    body: getFolders(['msgfolderroot'], mailbox),
    onMessage: (message) => {
      problem = problemOf(message);
    },
  });
  // Not before the answer's end: the server has said its version by then.
  if (problem === undefined) return;
  // A root that an account may not even see is not there for it.
  const code = isFolderGone(problem) ? 'ErrorAccessDenied' : problem.code;
  throw problemError({ ...problem, code }, connection.transport.host);
}

export async function accountFor(
  services: Pick<EwsServices, 'secrets'>,
  { login }: Pick<ExchangeServer, 'login'>,
  mailbox: MailboxCredentials,
): Promise<{ readonly user: string; readonly password: string }> {
  if (login.mode === 'admin') return { user: login.user, password: await services.secrets(login.secret) };
  if (mailbox.password === undefined) {
    const message = 'No password is known for this mailbox at the source.';
    throw new MailboxBlockedError({ code: 'SEALED_PASSWORD_MISSING', message });
  }
  return { user: mailbox.userName, password: mailbox.password };
}
