import { loginModeOf } from '../domain/endpoint.ts';
import type { Endpoint, Keeps, SourceServer, TargetServer } from '../domain/endpoint.ts';
import type { MailboxCredentials } from '../ports/mail-source.ts';
import type { EndpointCheck, ProbeMailboxes } from '../ports/endpoint-probe.ts';
import { patientProbe } from './patient-probe.ts';
import { probeStorage } from './probe-storage.ts';
import type { Services } from './services.ts';

export interface EndpointTest {
  /** No check failed; warnings may be left. */
  readonly ok: boolean;
  readonly checks: readonly EndpointCheck[];
  /** What the target was found to keep; undefined where nothing was found out. */
  readonly keeps: Keeps | undefined;
}

/** A mailbox to try an administrator's sign-in with. It has no password: where each row brings its own, none is tried. */
export interface TestMailbox {
  /** EmailAddress. */
  readonly mailbox: string;
  readonly userName?: string | undefined;
  readonly userRoot?: string | undefined;
  readonly targetUserName?: string | undefined;
}

/**
 * So many refused mailboxes in a row mean that the administrator's account is refused, not one mailbox; more of them
 * might lock the account.
 */
export const mailboxesTried = 3;

type Side = keyof ProbeMailboxes;

/**
 * Connects to both servers of an endpoint, and to the directories of a staged one, and says of every step how it went. Where it signs in to a target mailbox, test
 * messages are written there, read back and removed.
 */
export async function testEndpoint(
  services: Pick<Services, 'endpointProbe' | 'clock'>,
  request: { readonly endpoint: Endpoint; readonly mailboxes?: readonly TestMailbox[] | undefined },
): Promise<EndpointTest> {
  const { endpoint, mailboxes = [] } = request;
  const [first = {}, ...others] = mailboxes.slice(0, mailboxesTried).map((row) => signInAs(endpoint, row));
  let tried: ProbeMailboxes = first;
  const endpointProbe = patientProbe(services);
  let checks = await endpointProbe.probe(endpoint, tried);
  for (const mailbox of others) {
    const refused = (['source', 'target'] as const).filter((side) => refusesMailbox(checks, side));
    if (refused.length === 0) break;
    const again = await endpointProbe.probe(endpoint, mailbox);
    const taken = refused.filter((side) => !refusesMailbox(again, side));
    checks = [
      ...of(taken.includes('source') ? again : checks, 'source'),
      ...of(taken.includes('target') ? again : checks, 'target'),
    ];
    if (taken.includes('target')) tried = mailbox;
  }
  if (endpoint.type === 'staged')
    checks = [...checks, ...(await endpointProbe.probeDirectories(endpoint, mailboxes[0]?.mailbox))];
  const storage = await probeStorage({ endpointProbe }, endpoint, { mailbox: tried.target, checks });
  if (storage !== undefined) checks = [...checks, storage.check];
  return { ok: !checks.some(({ result }) => result === 'fail'), checks, keeps: storage?.keeps };
}

function of(checks: readonly EndpointCheck[], side: Side): readonly EndpointCheck[] {
  return checks.filter((check) => check.side === side);
}

function refusesMailbox(checks: readonly EndpointCheck[], side: Side): boolean {
  const code = side === 'source' ? 'SOURCE_SIGN_IN_FAILED' : 'TARGET_SIGN_IN_FAILED';
  return of(checks, side).some((check) => check.result === 'fail' && check.code === code);
}

function signInAs({ source, target }: Endpoint, row: TestMailbox): ProbeMailboxes {
  const { mailbox, userName = mailbox, userRoot, targetUserName = mailbox } = row;
  const at = (server: SourceServer | TargetServer, credentials: MailboxCredentials): MailboxCredentials | undefined =>
    loginModeOf(server) === 'user' ? undefined : credentials;
  return {
    source: at(source, { emailAddress: mailbox, userName, userRoot }),
    target: at(target, { emailAddress: mailbox, userName: targetUserName }),
  };
}
