import type { Endpoint, ImapServer } from '../../domain/endpoint.ts';
import { errorCatalogue } from '../../domain/error-catalogue.ts';
import { type KnownError, TransientError, isKnownError } from '../../domain/errors.ts';
import type { EndpointCheck, EndpointProbe } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { translating } from './imap-errors.ts';
import { type ImapServices, connect, credentialsFor, serverName, signInTo } from './imap-login.ts';
import { probeImapStorage } from './imap-storage-probe.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';
import type { ImapRole } from './protocol/imap-error.ts';

type Check = EndpointCheck['check'];

const order: readonly Check[] = ['reachable', 'certificate', 'sign-in', 'capabilities'];

/** A certificate that ends sooner than a migration may take. */
const soonMs = 14 * 24 * 3_600_000;

/**
 * Looks at IMAP servers: connects, verifies, signs in where a mailbox is known. Nothing is opened or changed, but for the
 * test messages in a target mailbox.
 */
export function imapEndpointProbe(services: ImapServices): EndpointProbe {
  return {
    async probe(endpoint: Endpoint, mailboxes): Promise<readonly EndpointCheck[]> {
      const [source, target] = await Promise.all([
        probeSide(services, { role: 'source', server: endpoint.source, mailbox: mailboxes.source }),
        probeSide(services, { role: 'target', server: endpoint.target, mailbox: mailboxes.target }),
      ]);
      return [...source, ...target];
    },
    probeStorage: ({ target }, mailbox) => probeImapStorage(services, target, mailbox),
  };
}

interface Side {
  readonly role: ImapRole;
  readonly server: ImapServer;
  readonly mailbox: MailboxCredentials | undefined;
}

async function probeSide(services: ImapServices, side: Side): Promise<readonly EndpointCheck[]> {
  const checks = new Findings(side.role);
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
  { role, server }: Side,
  { checks, signal }: { readonly checks: Findings; readonly signal: AbortSignal },
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
  { role, server, mailbox }: Side,
  { checks, connection }: { readonly checks: Findings; readonly connection: ImapConnection },
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

function lookAtCapabilities(role: ImapRole, capabilities: ReadonlySet<string>, checks: Findings): void {
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

type Finding = {
  readonly result: 'pass' | 'warn' | 'cannot-check';
  readonly evidence: string;
  readonly fix?: string;
};

/** The checks of one side, as they are made. */
class Findings {
  readonly #role: ImapRole;
  readonly #checks = new Map<Check, EndpointCheck>();

  constructor(role: ImapRole) {
    this.#role = role;
  }

  add(check: Check, finding: Finding): void {
    this.#checks.set(check, { side: this.#role, check, code: null, transient: false, fix: '', ...finding });
  }

  /** What is not one of the five kinds is a defect and goes on up. */
  fail(error: unknown): void {
    if (!isKnownError(error)) {
      throw error;
    }
    const check = this.#blamed(error);
    if (check === 'certificate') {
      this.add('reachable', { result: 'pass', evidence: 'The server answers.' });
    }
    this.#checks.set(check, {
      side: this.#role,
      check,
      result: 'fail',
      code: error.code,
      transient: error instanceof TransientError,
      evidence: error.message,
      fix: errorCatalogue[error.code].fix,
    });
  }

  complete(): readonly EndpointCheck[] {
    return order.map(
      (check) =>
        this.#checks.get(check) ?? {
          side: this.#role,
          check,
          result: 'cannot-check',
          code: null,
          transient: false,
          evidence: 'An earlier check was not passed.',
          fix: '',
        },
    );
  }

  #blamed({ code }: KnownError): Check {
    if (code === 'SOURCE_CERTIFICATE_INVALID' || code === 'TARGET_CERTIFICATE_INVALID') {
      return 'certificate';
    }
    return order.find((check) => !this.#checks.has(check)) ?? 'capabilities';
  }
}
