import type { ExchangeServer } from '../../domain/endpoint.ts';
import { isKnownError } from '../../domain/errors.ts';
import type { EndpointCheck } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { EndpointFindings } from '../endpoint-findings.ts';
import { accountFor, type ExchangeServices } from '../exchange-http/exchange-account.ts';
import { lookAtRoot, signIn, unsignedTransport } from './ews-sign-in.ts';
import { judgeTls } from '../exchange-http/judge-tls.ts';

type Check = EndpointCheck['check'];

const order: readonly Check[] = ['reachable', 'certificate', 'sign-in', 'capabilities', 'mailbox'];

/** Looks at Exchange Web Services: connects, verifies, signs in and opens a mailbox where one is known. */
export async function probeExchange(
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

interface Probing {
  readonly checks: EndpointFindings;
  readonly signal: AbortSignal;
}

async function reach(services: ExchangeServices, server: ExchangeServer, { checks, signal }: Probing): Promise<void> {
  const transport = unsignedTransport(services, server, signal);
  try {
    await transport.reach();
    checks.add('reachable', { result: 'pass', evidence: `${transport.host} answers at ${server.ewsUrl}` });
    checks.add('certificate', judgeTls(transport.tls, { server, setting: 'source.ewsUrl', now: services.clock.now() }));
  } finally {
    transport.close();
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
  const connection = await signIn(services, server, { mailbox, signal });
  const passed = (): void => {
    const { version } = connection;
    if (version === undefined) return;
    checks.add('sign-in', { result: 'pass', evidence: `Signed in with ${server.auth}.` });
    const { major, minor, build } = version;
    checks.add('capabilities', {
      result: 'pass',
      evidence: `Exchange ${[major, minor, build].map(String).join('.')}, asked as ${connection.schema}`,
    });
  };
  try {
    await lookAtRoot(connection, mailbox.emailAddress);
    passed();
    checks.add('mailbox', { result: 'pass', evidence: `The mailbox of ${mailbox.emailAddress} can be read.` });
  } catch (error) {
    passed();
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
    case 'SOURCE_NOT_EWS':
      return 'reachable';
    case 'SOURCE_SIGN_IN_FAILED':
    case 'SOURCE_LOGIN_UNSUPPORTED':
      return 'sign-in';
    case 'SOURCE_VERSION_UNSUPPORTED':
      return 'capabilities';
    case 'SOURCE_NO_RIGHTS':
    case 'SOURCE_MAILBOX_NOT_FOUND':
    case 'SOURCE_IMPERSONATION_DENIED':
      return 'mailbox';
    default:
      return undefined;
  }
}
