import type { ImapServer } from '../../domain/endpoint.ts';
import type { EndpointCheck } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { EndpointFindings } from '../endpoint-findings.ts';
import { translating } from './imap-errors.ts';
import { type ImapServices, connect, credentialsFor, serverName, signInTo } from './imap-login.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';
import type { ImapRole } from './protocol/imap-error.ts';

const order = ['reachable', 'certificate', 'sign-in', 'capabilities'] as const;

/** A certificate that ends sooner than a migration may take. */
const soonMs = 14 * 24 * 3_600_000;

/** One side of an endpoint. */
export interface ImapSide {
  readonly role: ImapRole;
  readonly server: ImapServer;
  readonly mailbox: MailboxCredentials | undefined;
}

/** Looks at an IMAP server: connects, verifies, signs in where a mailbox is known. Nothing is opened or changed. */
export async function probeSide(services: ImapServices, side: ImapSide): Promise<readonly EndpointCheck[]> {
  const checks = new EndpointFindings(side.role, order);
  const abort = new AbortController();
  let connection: ImapConnection | undefined;
  try {
    connection = await reach(services, side, { checks, signal: abort.signal });
    await enter(services, side, { checks, connection });
  } catch (error) {
    checks.fail(error);
  } finally {
    await connection?.close();
    abort.abort();
  }
  return checks.complete();
}

async function reach(
  services: ImapServices,
  { role, server }: ImapSide,
  { checks, signal }: { readonly checks: EndpointFindings; readonly signal: AbortSignal },
): Promise<ImapConnection> {
  const name = serverName(server, role);
  const connection = await translating(name, () => connect(services, server, { role, signal }));
  checks.add('reachable', {
    result: 'pass',
    evidence: `${name.host}:${String(name.port)} answers: ${connection.greetingText}`,
  });
  const { tls } = connection;
  if (tls === undefined) {
    const fix = `Set ${role}.security to tls or starttls, if the server can.`;
    checks.add('certificate', {
      result: 'warn',
      evidence: 'The connection is not encrypted: passwords and mail travel in the clear.',
      fix,
    });
    return connection;
  }
  const valid = `${tls.version}, certificate of ${tls.subject}, valid until ${tls.validTo.toISOString().slice(0, 10)}`;
  if (server.tls.acceptUntrusted === true) {
    const fix = `Give the authority in ${role}.tls.caFile and take ${role}.tls.acceptUntrusted out.`;
    checks.add('certificate', { result: 'warn', evidence: `Any certificate is accepted; this one: ${valid}`, fix });
  } else if (tls.validTo.getTime() - services.clock.now() < soonMs) {
    checks.add('certificate', { result: 'warn', evidence: `It ends soon: ${valid}`, fix: 'Have the server renew it.' });
  } else {
    checks.add('certificate', { result: 'pass', evidence: valid });
  }
  return connection;
}

async function enter(
  services: ImapServices,
  { role, server, mailbox }: ImapSide,
  { checks, connection }: { readonly checks: EndpointFindings; readonly connection: ImapConnection },
): Promise<void> {
  if (mailbox === undefined && server.login.mode === 'user') {
    checks.add('sign-in', { result: 'cannot-check', evidence: 'No mailbox is known yet to sign in to.' });
    return;
  }
  const nobody = { emailAddress: '', userName: '' };
  const credentials = await credentialsFor(services, server.login, mailbox ?? nobody, role);
  if (mailbox === undefined) {
    checks.add('sign-in', {
      result: 'cannot-check',
      evidence: 'The secret is there; no mailbox is known yet to sign in to.',
    });
    return;
  }
  await translating(serverName(server, role), () => signInTo(connection, credentials));
  checks.add('sign-in', { result: 'pass', evidence: `Signed in to the mailbox of ${mailbox.emailAddress}.` });
  lookAtCapabilities(role, connection.capabilities, checks);
}

function lookAtCapabilities(role: ImapRole, capabilities: ReadonlySet<string>, checks: EndpointFindings): void {
  const missing = [
    ...(capabilities.has('IMAP4REV1') || capabilities.has('IMAP4REV2')
      ? []
      : ['IMAP4rev1: this may be no IMAP server']),
    ...(role === 'target' && !capabilities.has('UIDPLUS')
      ? ['UIDPLUS: where a message went is found out by listing, late twins are only reported']
      : []),
    ...(role === 'target' && !capabilities.has('LITERAL+') && !capabilities.has('LITERAL-')
      ? ['LITERAL+: each message waits for the server once']
      : []),
  ];
  if (missing.length > 0) {
    checks.add('capabilities', { result: 'warn', evidence: `The server lacks ${missing.join('; ')}.` });
    return;
  }
  checks.add('capabilities', { result: 'pass', evidence: [...capabilities].join(' ') });
}
