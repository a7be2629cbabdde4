import { MailboxBlockedError, TransientError } from '../../domain/errors.ts';
import type { ForwardingOutcome } from '../../ports/source-directory.ts';
import { forwardingLoop, smtpAddress } from './forwarding-loop.ts';
import type { LdapSession, Modification } from './ldap-session.ts';
import { filterValue, type DirectoryEntry } from './ldap-values.ts';
import { primaryAddress } from './recipient.ts';

export interface ForwardingRequest {
  readonly id: string;
  readonly expected: string | null;
  readonly next: string | null;
  /** It is what was there first, which is not judged. */
  readonly restores?: boolean;
}

/** The name under which Active Directory knows an object wherever it is moved ([MS-ADTS] section 3.1.1.3.1.2.4). */
export function objectName(id: string): string {
  return `<GUID=${id}>`;
}

/** Accepted domains of the type Authoritative: the lowest two bits of the flags are 0. */
async function authoritativeDomains(session: LdapSession): Promise<ReadonlySet<string>> {
  const entries = await session.search({
    base: session.root.configuration,
    scope: 'sub',
    filter: '(objectClass=msExchAcceptedDomain)',
    attributes: ['msExchAcceptedDomainName', 'msExchAcceptedDomainFlags'],
  });
  const own = entries.filter((entry) => ((entry.integer('msExchAcceptedDomainFlags') ?? 0n) & 3n) === 0n);
  return new Set(own.flatMap((entry) => entry.texts('msExchAcceptedDomainName')).map((name) => name.toLowerCase()));
}

/**
 * Compare-and-set in one modification that names the old value: the directory refuses it when somebody else was quicker. So it
 * may be repeated when its answer was lost, and what was written then is found and taken for our own.
 */
export async function setForwarding(
  session: LdapSession,
  base: string,
  request: ForwardingRequest,
): Promise<ForwardingOutcome> {
  let mayHaveWritten = false;
  for (let attempt = 1; ; attempt += 1) {
    const entry = await readForwarding(session, request.id);
    const actual = entry.text('targetAddress');
    if (isSameAddress(actual, request.next)) return { outcome: mayHaveWritten ? 'set' : 'already' };
    if (actual !== request.expected) return { outcome: 'conflict', actual };
    if (request.next !== null && request.restores !== true && attempt === 1)
      await refuseLoop(session, base, { entry, next: request.next });
    try {
      mayHaveWritten = true;
      const done = await session.modify(objectName(request.id), change(request));
      if (done === 'changed') return { outcome: 'set' };
      // Somebody was quicker, or the directory made our own earlier modification only now: the next look says which.
      if (attempt > 2) throw contradicted();
    } catch (error) {
      if (!(error instanceof TransientError) || attempt > 1) throw error;
    }
  }
}

function change({ expected, next }: ForwardingRequest): readonly Modification[] {
  const attribute = 'targetAddress';
  return [
    ...(expected === null ? [] : [{ operation: 'delete', attribute, values: [expected] } as const]),
    ...(next === null ? [] : [{ operation: 'add', attribute, values: [next] } as const]),
  ];
}

async function readForwarding(session: LdapSession, id: string): Promise<DirectoryEntry> {
  const entry = await session.read(objectName(id), ['targetAddress', 'proxyAddresses', 'mail']);
  if (entry !== undefined) return entry;
  throw new MailboxBlockedError({
    code: 'SOURCE_ADDRESS_NOT_FOUND',
    message: 'The object is no longer in the directory.',
  });
}

/** Case does not matter to Exchange here, and Active Directory compares without it. */
function isSameAddress(actual: string | null, next: string | null): boolean {
  return actual?.toLowerCase() === next?.toLowerCase();
}

async function refuseLoop(
  session: LdapSession,
  base: string,
  { entry, next }: { readonly entry: DirectoryEntry; readonly next: string },
): Promise<void> {
  const reason =
    forwardingLoop({
      next,
      proxyAddresses: entry.texts('proxyAddresses'),
      primaryAddress: primaryAddress(entry),
      mail: entry.text('mail'),
      ownDomains: await authoritativeDomains(session),
    }) ?? (await ownerReason(session, base, { entry, next }));
  if (reason !== undefined) throw new MailboxBlockedError({ code: 'FORWARDING_LOOP', message: reason });
}

/** An address that another recipient here has would be delivered to that one. */
async function ownerReason(
  session: LdapSession,
  base: string,
  { entry, next }: { readonly entry: DirectoryEntry; readonly next: string },
): Promise<string | undefined> {
  const filter = `(proxyAddresses=${filterValue(`smtp:${smtpAddress(next) ?? ''}`)})`;
  const owners = await session.search({ base, scope: 'sub', filter, attributes: ['objectGUID'], atMost: 2 });
  const isOther = owners.some(({ dn }) => dn.toLowerCase() !== entry.dn.toLowerCase());
  return isOther ? 'The address to forward to belongs to another recipient of the organisation.' : undefined;
}

function contradicted(): MailboxBlockedError {
  return new MailboxBlockedError({
    code: 'DIRECTORY_WRITE_DENIED',
    message: 'The directory refuses the change for a value that it does not show to the account.',
  });
}
