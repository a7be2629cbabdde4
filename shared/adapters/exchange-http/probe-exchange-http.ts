import type { ErrorCode } from '../../domain/error-catalogue.ts';
import type { ExchangeServer } from '../../domain/endpoint.ts';
import { isKnownError } from '../../domain/errors.ts';
import type { EndpointCheck } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { EndpointFindings, mailboxServerChecks } from '../endpoint-findings.ts';
import type { Finding } from '../findings.ts';
import { judgeCertificate, type TlsFacts } from '../judge-certificate.ts';
import type { AddressSetting } from './connection-errors.ts';
import { accountFor, type ExchangeServices, type SignInRequest } from './exchange-account.ts';

/** Not signed in, and never to be. */
export interface UnsignedConnection {
  readonly host: string;
  /** Undefined before the server was reached, and without TLS. */
  readonly tls: TlsFacts | undefined;
  /** Connects and verifies; what is answered does not matter. */
  reach(): Promise<void>;
  close(): void;
}

export interface SignedInConnection {
  /** Signs in and proves that the mailbox can be read. */
  lookAtMailbox(): Promise<void>;
  /** What is known of the server by now; undefined: nobody was signed in before `error` came. */
  capabilities(error?: unknown): Finding | undefined;
  close(): void;
}

/** What a look at an endpoint needs of a protocol. */
export interface ProbedProtocol {
  readonly setting: AddressSetting;
  readonly address: string;
  unsigned(signal: AbortSignal): UnsignedConnection;
  open(request: SignInRequest): Promise<SignedInConnection>;
}

interface Probing {
  readonly services: ExchangeServices;
  readonly server: ExchangeServer;
  readonly protocol: ProbedProtocol;
  readonly checks: EndpointFindings;
  readonly signal: AbortSignal;
}

/** Looks at an Exchange: connects, verifies, signs in and opens a mailbox where one is known. */
export async function probeExchangeHttp(
  services: ExchangeServices,
  server: ExchangeServer,
  { protocol, mailbox }: { readonly protocol: ProbedProtocol; readonly mailbox: MailboxCredentials | undefined },
): Promise<readonly EndpointCheck[]> {
  const checks = new EndpointFindings('source', mailboxServerChecks);
  const closing = new AbortController();
  const probing = { services, server, protocol, checks, signal: closing.signal };
  try {
    await reach(probing);
    await (mailbox === undefined ? doWithoutMailbox(probing) : enter(probing, mailbox));
  } catch (error) {
    checks.fail(error, isKnownError(error) ? blamed[error.code] : undefined);
  } finally {
    closing.abort();
  }
  return checks.complete();
}

async function reach(probing: Probing): Promise<void> {
  const { protocol, checks, signal } = probing;
  const connection = protocol.unsigned(signal);
  try {
    await connection.reach();
    checks.add('reachable', { result: 'pass', evidence: `${connection.host} answers at ${protocol.address}` });
    checks.add('certificate', judgeTls(connection.tls, probing));
  } finally {
    connection.close();
  }
}

function judgeTls(tls: TlsFacts | undefined, { services, server, protocol }: Probing): Finding {
  if (tls === undefined) {
    const evidence = 'The connection is not encrypted: passwords and mail travel in the clear.';
    return { result: 'warn', evidence, fix: `Set ${protocol.setting} to an https address.` };
  }
  const { acceptUntrusted } = server.tls;
  return judgeCertificate(tls, { side: 'source', acceptUntrusted, owner: 'server', now: services.clock.now() });
}

async function doWithoutMailbox({ services, server, checks }: Probing): Promise<void> {
  const isAdmin = server.login.mode === 'admin';
  // Whether the secret is there can be said without a mailbox.
  if (isAdmin) await accountFor(services, server, { emailAddress: '', userName: '' });
  const what = isAdmin ? 'The secret is there; no' : 'No';
  checks.add('sign-in', { result: 'cannot-check', evidence: `${what} mailbox is known yet to sign in to.` });
}

async function enter({ server, protocol, checks, signal }: Probing, mailbox: MailboxCredentials): Promise<void> {
  const connection = await protocol.open({ mailbox, signal });
  const noteSignIn = (capabilities: Finding | undefined): void => {
    if (capabilities === undefined) return;
    checks.add('sign-in', { result: 'pass', evidence: `Signed in with ${server.auth}.` });
    checks.add('capabilities', capabilities);
  };
  try {
    await connection.lookAtMailbox();
    noteSignIn(connection.capabilities());
    checks.add('mailbox', { result: 'pass', evidence: `The mailbox of ${mailbox.emailAddress} can be read.` });
  } catch (error) {
    noteSignIn(connection.capabilities(error));
    throw error;
  } finally {
    connection.close();
  }
}

/** Which check an error belongs to where it says so itself; the next one otherwise. */
const blamed: Readonly<Partial<Record<ErrorCode, EndpointCheck['check']>>> = {
  SOURCE_NOT_EWS: 'reachable',
  SOURCE_NOT_WEBDAV: 'reachable',
  SOURCE_SIGN_IN_FAILED: 'sign-in',
  SOURCE_LOGIN_UNSUPPORTED: 'sign-in',
  SOURCE_VERSION_UNSUPPORTED: 'capabilities',
  SOURCE_NO_RIGHTS: 'mailbox',
  SOURCE_MAILBOX_NOT_FOUND: 'mailbox',
  SOURCE_IMPERSONATION_DENIED: 'mailbox',
};
