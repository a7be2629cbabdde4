import type { ExchangeServer } from '../../domain/endpoint.ts';
import { isKnownError } from '../../domain/errors.ts';
import type { EndpointCheck } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { EndpointFindings } from '../endpoint-findings.ts';
import { accountFor, type ExchangeServices } from '../exchange-http/exchange-account.ts';
import { judgeTls } from '../exchange-http/judge-tls.ts';
import { DavConnection } from './dav-connection.ts';
import { davConnection, findMailbox, signIn } from './dav-mailbox.ts';

type Check = EndpointCheck['check'];

const order: readonly Check[] = ['reachable', 'certificate', 'sign-in', 'capabilities', 'mailbox'];

const experimental =
  'Reading by WebDAV is experimental: it was never tried with an Exchange of this age. Migrate one mailbox, compare it, or read mail by IMAP (docs/endpoints/exchange.md).';

interface Probing {
  readonly checks: EndpointFindings;
  readonly signal: AbortSignal;
}

/** Looks at the WebDAV of an Exchange: connects, verifies, signs in and opens a mailbox where one is known. */
export async function probeWebdav(
  services: ExchangeServices,
  server: ExchangeServer,
  mailbox: MailboxCredentials | undefined,
): Promise<readonly EndpointCheck[]> {
  const checks = new EndpointFindings('source', order);
  const closing = new AbortController();
  try {
    await reach(services, server, { checks, signal: closing.signal });
    await enter(services, server, { checks, mailbox, signal: closing.signal });
  } catch (error) {
    checks.fail(error, blamed(error));
  } finally {
    closing.abort();
  }
  return checks.complete();
}

async function reach(services: ExchangeServices, server: ExchangeServer, { checks, signal }: Probing): Promise<void> {
  const { clock } = services;
  const connection = new DavConnection({ server, account: { user: '', password: '' }, clock, signal });
  try {
    await connection.reach();
    const evidence = `${connection.host} answers at ${server.webdavUrl ?? ''}`;
    checks.add('reachable', { result: 'pass', evidence });
    checks.add('certificate', judgeTls(connection.tls, { server, setting: 'source.webdavUrl', now: clock.now() }));
  } finally {
    connection.close();
  }
}

async function enter(
  services: ExchangeServices,
  server: ExchangeServer,
  { checks, mailbox, signal }: Probing & { readonly mailbox: MailboxCredentials | undefined },
): Promise<void> {
  if (mailbox === undefined) {
    // Whether the secret is there can be said without a mailbox.
    if (server.login.mode === 'admin') await accountFor(services, server, { emailAddress: '', userName: '' });
    const what = server.login.mode === 'admin' ? 'The secret is there; no' : 'No';
    checks.add('sign-in', { result: 'cannot-check', evidence: `${what} mailbox is known yet to sign in to.` });
    return;
  }
  const connection = await davConnection(services, server, { mailbox, signal });
  const passed = (): void => {
    const { version = 'of an unknown version' } = connection;
    checks.add('sign-in', { result: 'pass', evidence: `Signed in with ${server.auth}.` });
    checks.add('capabilities', { result: 'warn', evidence: `Exchange ${version}, by WebDAV`, fix: experimental });
  };
  try {
    await signIn(connection);
    await findMailbox(connection, mailbox);
    passed();
    checks.add('mailbox', { result: 'pass', evidence: `The mailbox of ${mailbox.emailAddress} can be read.` });
  } catch (error) {
    if (blamed(error) === 'mailbox') passed();
    throw error;
  } finally {
    connection.close();
  }
}

/** What the error itself says of the check that it belongs to; the next one otherwise. */
function blamed(error: unknown): Check | undefined {
  if (!isKnownError(error)) return undefined;
  switch (error.code) {
    case 'SOURCE_CERTIFICATE_INVALID':
      return 'certificate';
    case 'SOURCE_NOT_WEBDAV':
      return 'reachable';
    case 'SOURCE_SIGN_IN_FAILED':
    case 'SOURCE_LOGIN_UNSUPPORTED':
      return 'sign-in';
    case 'SOURCE_NO_RIGHTS':
    case 'SOURCE_MAILBOX_NOT_FOUND':
      return 'mailbox';
    default:
      return undefined;
  }
}
