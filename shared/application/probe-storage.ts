import { imapPort, type Endpoint, type Keeps } from '../domain/endpoint.ts';
import type { EndpointCheck, StorageProbe } from '../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../ports/mail-source.ts';
import type { Services } from './services.ts';

/** Asks the target by test messages where the checks so far signed in to a mailbox of it; else undefined. */
export async function probeStorage(
  { endpointProbe }: Pick<Services, 'endpointProbe'>,
  endpoint: Endpoint,
  found: { readonly mailbox: MailboxCredentials | undefined; readonly checks: readonly EndpointCheck[] },
): Promise<StorageProbe | undefined> {
  const signedIn = found.checks.some(
    ({ side, check, result }) => side === 'target' && check === 'sign-in' && result === 'pass',
  );
  return signedIn && found.mailbox !== undefined
    ? await endpointProbe.probeStorage(endpoint, found.mailbox)
    : undefined;
}

/**
 * Stores what was found out, unless the endpoint has another target by now, or is put or removed just while it is noted:
 * then the next test finds it out again.
 */
export async function noteKeeps(
  { store }: Pick<Services, 'store'>,
  endpoint: Endpoint,
  keeps: Keeps | undefined,
): Promise<void> {
  const present = keeps === undefined ? undefined : await store.getEndpoint(endpoint.name);
  if (present === undefined || !sameTarget(present, endpoint)) return;
  await store.replaceEndpoint(present, { ...present, target: { ...present.target, keeps } });
}

export function sameTarget({ target: one }: Endpoint, { target: other }: Endpoint): boolean {
  if (one.kind === 'imap' && other.kind === 'imap')
    return one.host.toLowerCase() === other.host.toLowerCase() && imapPort(one) === imapPort(other);
  if (one.kind === 'exchange-online' && other.kind === 'exchange-online')
    return one.tenant.toLowerCase() === other.tenant.toLowerCase() && one.mail === other.mail;
  return false;
}
