import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { ConfigurationError, isKnownError } from '../../domain/errors.ts';
import type { EndpointCheck, StorageProbe } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { EndpointFindings, mailboxServerChecks } from '../endpoint-findings.ts';
import { addressesOf } from './clouds.ts';
import { directoryProbes, passwordProbe } from './directory-probes.ts';
import { findMailboxUser } from './find-mailbox-user.ts';
import { grantCommand, grantImap } from './grant-command.ts';
import { mailboxProbes } from './mailbox-probes.ts';
import { openGraph } from './open-graph.ts';
import { type RightFinding, tryRights } from './right-probe.ts';
import { openSignedIn } from '../imap/imap-login.ts';
import { imapServerOf, imapServicesOf } from './imap/exchange-online-imap-target.ts';
import { certificateEnds, type SignInServices, tokensFor } from './sign-in.ts';
import { isOfSignIn } from './sign-in-errors.ts';

type Check = EndpointCheck['check'];

const longestMs = 120_000;
/** A certificate that ends so soon may end in the middle of a migration. */
const soonMs = 30 * 86_400_000;

interface Probing {
  readonly services: SignInServices;
  readonly target: ExchangeOnline;
  readonly checks: EndpointFindings;
  /** The commands that grant what is missing, by check. */
  readonly grants: Map<Check, string>;
  readonly signal: AbortSignal;
}

/**
 * Looks at an Exchange Online organisation: the sign-in, each right of the directory, and each right in one mailbox.
 * Changes nothing: rights to write are tried on items that do not exist.
 */
export async function probeExchangeOnline(
  services: SignInServices,
  target: ExchangeOnline,
  mailbox: MailboxCredentials | undefined,
): Promise<readonly EndpointCheck[]> {
  const checks = new EndpointFindings('target', mailboxServerChecks);
  const grants = new Map<Check, string>();
  const probing = { services, target, checks, grants, signal: AbortSignal.timeout(longestMs) };
  try {
    await signIn(probing);
    const findings = await directoryFindings(probing);
    tell(probing, { check: 'capabilities', well: 'The directory can be read' }, findings);
    if (mailbox === undefined) {
      checks.add('mailbox', { result: 'cannot-check', evidence: 'No mailbox is known yet to try the rights in.' });
    } else {
      await lookAtMailboxIfThere(probing, mailbox);
    }
  } catch (error) {
    const check = blamed(error);
    if (check === 'sign-in') answered(checks, target);
    checks.fail(error, check);
  }
  return checks.complete().map((check) => ({ ...check, fix: grants.get(check.check) ?? check.fix }));
}

async function signIn({ services, target, checks }: Probing): Promise<void> {
  await tokensFor(services, target, addressesOf(target).graphScope).token();
  answered(checks, target);
  const evidence = `The application ${target.clientId} is signed in to ${target.tenant} by`;
  const ends = await certificateEnds(services, target);
  if (ends === undefined) {
    const fix = 'Prefer target.certificate: a secret can be copied.';
    checks.add('sign-in', { result: 'warn', evidence: `${evidence} a secret.`, fix });
    return;
  }
  const until = `${evidence} a certificate that is good until ${ends.toISOString().slice(0, 10)}.`;
  if (ends.getTime() - services.clock.now() > soonMs) checks.add('sign-in', { result: 'pass', evidence: until });
  else checks.add('sign-in', { result: 'warn', evidence: until, fix: 'Upload a new certificate before it ends.' });
}

function answered(checks: EndpointFindings, target: ExchangeOnline): void {
  const { signIn: address } = addressesOf(target);
  checks.add('reachable', { result: 'pass', evidence: `${new URL(address).host} answers.` });
  checks.add(
    'certificate',
    address.startsWith('https:')
      ? { result: 'pass', evidence: 'Its certificate is accepted.' }
      : { result: 'warn', evidence: 'The practice organisation is reached without TLS.' },
  );
}

async function directoryFindings({ services, target, signal }: Probing): Promise<readonly RightFinding[]> {
  const client = openGraph(services, target, { mailbox: undefined, signal });
  const findings = await tryRights(client, [...directoryProbes(target), passwordProbe]);
  throwTrouble(findings);
  return findings;
}

/** Of people who are still to be moved, the first ones have no mailbox yet: that says nothing about the endpoint. */
async function lookAtMailboxIfThere(probing: Probing, mailbox: MailboxCredentials): Promise<void> {
  try {
    await lookAtMailbox(probing, mailbox);
  } catch (error) {
    if (!isKnownError(error) || error.code !== 'TARGET_MAILBOX_NOT_FOUND') throw error;
    probing.checks.add('mailbox', {
      result: 'cannot-check',
      evidence: `${mailbox.emailAddress} has no mailbox yet to try the rights in.`,
      fix: 'Give --mailbox with an address that has one.',
    });
  }
}

async function lookAtMailbox(probing: Probing, mailbox: MailboxCredentials): Promise<void> {
  const { services, target, signal } = probing;
  const user = await findMailboxUser(openGraph(services, target, { mailbox: undefined, signal }), mailbox.userName);
  const client = openGraph(services, target, { mailbox: user, signal });
  const findings = await tryRights(client, mailboxProbes(target, user));
  throwTrouble(findings);
  if (target.mail === 'imap') await lookAtImap(probing, mailbox);
  tell(probing, { check: 'mailbox', well: `The mailbox of ${mailbox.emailAddress} can be written` }, findings);
}

/** Signs in by IMAP as the batch will. */
async function lookAtImap({ services, target, grants, signal }: Probing, mailbox: MailboxCredentials): Promise<void> {
  try {
    const imap = imapServicesOf(services, target);
    const connection = await openSignedIn(imap, imapServerOf(target), { role: 'target', mailbox, signal });
    await connection.close();
  } catch (error) {
    if (isKnownError(error) && (error.code === 'TARGET_SIGN_IN_FAILED' || error.code === 'TARGET_NO_RIGHTS'))
      grants.set('mailbox', grantImap(target.clientId, mailbox.emailAddress));
    throw error;
  }
}

/** What could not be found out is no missing right. Of a right that nothing depends on it does not matter. */
function throwTrouble(findings: readonly RightFinding[]): void {
  for (const finding of findings) {
    if (finding.result === 'unknown' && finding.loss === undefined) throw finding.error;
  }
}

function tell(
  { checks, grants, target }: Probing,
  { check, well }: { readonly check: Check; readonly well: string },
  findings: readonly RightFinding[],
): void {
  const missing = findings.filter(({ result, loss }) => result === 'missing' && loss === undefined);
  const granted = `Granted: ${namesOf(findings.filter(({ result }) => result === 'granted'))}.`;
  const spared = sparedOf(findings);
  if (missing.length > 0) {
    const message = `The application lacks ${namesOf(missing)}. ${granted}${spared}`;
    checks.fail(new ConfigurationError({ code: 'TARGET_RIGHT_MISSING', message }), check);
    grants.set(check, grantsOf(missing, target));
    return;
  }
  checks.add(check, { result: 'pass', evidence: `${well}. ${granted}${spared}` });
  const unneeded = findings.filter(({ result }) => result === 'missing');
  if (unneeded.length > 0) grants.set(check, grantsOf(unneeded, target));
}

/** What is missing and not needed, each with what is not done without it. */
function sparedOf(findings: readonly RightFinding[]): string {
  const losses = findings.flatMap(({ right, result, loss }) =>
    result === 'missing' && loss !== undefined ? [`${right.name} (${loss})`] : [],
  );
  return losses.length === 0 ? '' : ` Not granted, and not needed: ${[...new Set(losses)].join(', ')}.`;
}

function namesOf(findings: readonly RightFinding[]): string {
  const names = [...new Set(findings.map(({ right }) => right.name))];
  return names.length === 0 ? 'none' : names.join(', ');
}

function grantsOf(findings: readonly RightFinding[], { clientId }: ExchangeOnline): string {
  return [...new Set(findings.map(({ right }) => grantCommand(right, clientId)))].join('\n');
}

function blamed(error: unknown): Check | undefined {
  return isKnownError(error) && isOfSignIn(error) ? 'sign-in' : undefined;
}

/** Exchange rebuilds messages from its store: known without test messages, whatever way they are written. */
export function probeExchangeOnlineStorage(
  ...[, { tenant }, { emailAddress }]: readonly [SignInServices, ExchangeOnline, MailboxCredentials]
): Promise<StorageProbe> {
  return Promise.resolve({
    check: {
      side: 'target',
      check: 'storage',
      result: 'pass',
      code: null,
      transient: false,
      evidence: `${tenant} (${emailAddress}): Exchange Online keeps dates and makes messages anew; they are compared by fingerprint.`,
      fix: '',
    },
    keeps: { octets: false, size: false, dates: true, keywords: false },
  });
}
