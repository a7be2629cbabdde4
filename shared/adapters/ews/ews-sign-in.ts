import type { ExchangeServer } from '../../domain/endpoint.ts';
import { accountFor, type ExchangeServices, type SignInRequest } from '../exchange-http/exchange-account.ts';
import { EwsConnection, problemOf } from './ews-connection.ts';
import { isFolderGone, problemError, type EwsProblem } from './ews-errors.ts';
import { getFolders } from './ews-requests.ts';

/** Signs in and proves that the mailbox can be read. */
export async function openMailbox(
  services: ExchangeServices,
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
  services: ExchangeServices,
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
