import type { Endpoint } from '../domain/endpoint.ts';
import type { MailboxCredentials } from '../ports/mail-source.ts';
import type { EndpointCheck, ProbeMailboxes } from '../ports/endpoint-probe.ts';
import type { Services } from './services.ts';

export interface EndpointTest {
  /** No check failed; warnings may be left. */
  readonly ok: boolean;
  readonly checks: readonly EndpointCheck[];
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

/** Connects to both servers of an endpoint and says of every step how it went. */
export async function testEndpoint(
  { endpointProbe }: Pick<Services, 'endpointProbe'>,
  request: { readonly endpoint: Endpoint; readonly mailboxes?: readonly TestMailbox[] | undefined },
): Promise<EndpointTest> {
  const { endpoint, mailboxes = [] } = request;
  const [first, ...others] = mailboxes.slice(0, mailboxesTried);
  let checks = await endpointProbe.probe(endpoint, first === undefined ? {} : signInAs(endpoint, first));
  for (const mailbox of others) {
    const refused = (['source', 'target'] as const).filter((side) => refusesMailbox(checks, side));
    if (refused.length === 0) break;
    const again = await endpointProbe.probe(endpoint, signInAs(endpoint, mailbox));
    const better = refused.filter((side) => !refusesMailbox(again, side));
    checks = checks.flatMap((check, at) => (better.includes(check.side) ? (again[at] ?? check) : check));
  }
  return { ok: !checks.some(({ result }) => result === 'fail'), checks };
}

function refusesMailbox(checks: readonly EndpointCheck[], side: EndpointCheck['side']): boolean {
  const code = side === 'source' ? 'SOURCE_SIGN_IN_FAILED' : 'TARGET_SIGN_IN_FAILED';
  return checks.some((check) => check.side === side && check.result === 'fail' && check.code === code);
}

function signInAs({ source, target }: Endpoint, row: TestMailbox): ProbeMailboxes {
  const { mailbox, userName = mailbox, userRoot, targetUserName = mailbox } = row;
  const at = (login: Endpoint['source']['login'], credentials: MailboxCredentials): MailboxCredentials | undefined =>
    login.mode === 'user' ? undefined : credentials;
  return {
    source: at(source.login, { emailAddress: mailbox, userName, userRoot }),
    target: at(target.login, { emailAddress: mailbox, userName: targetUserName }),
  };
}
