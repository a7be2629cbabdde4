import { TransientError } from '../../domain/errors.ts';
import {
  attributeChanges,
  isSameAttribute,
  type AttributeValues,
  type ConversionPlan,
} from '../../domain/conversion-plan.ts';
import type { ConversionOutcome, PlannedConversion } from '../../ports/source-directory.ts';
import { objectName } from './forwarding.ts';
import type { LdapSession, Modification } from './ldap-session.ts';
import { octetAttributes, type DirectoryEntry } from './ldap-values.ts';
import { hasMailbox, recipientAttributes, recipientOf } from './recipient.ts';

/**
 * Attributes that make a mailbox of a user and go with it. The rest stays as it is: addresses, mail, mailNickname,
 * legacyExchangeDN, msExchMailboxGuid (needed should the mailbox ever move back), and what address lists show.
 */
const ofTheMailbox: readonly string[] = [
  'homeMDB',
  'homeMTA',
  'mDBUseDefaults',
  'msExchHomeServerName',
  'msExchUserAccountControl',
  'msExchMailboxSecurityDescriptor',
  'msExchPoliciesIncluded',
  'msExchUserCulture',
];

/** The type of a mail-enabled user; a schema of Exchange 2003 has neither attribute. */
const typeOfMailUser: readonly (readonly [name: string, value: string])[] = [
  ['msExchRecipientTypeDetails', '128'],
  ['msExchRecipientDisplayType', '6'],
];

/** Keeps address policies from giving the user other addresses: what Set-MailUser -EmailAddressPolicyEnabled $false writes. */
const noAddressPolicy = '{26491CFC-9E50-4857-861B-0CB8DF22B5D7}';

export interface ConversionRequest {
  readonly id: string;
  readonly forwarding: string;
  readonly targetLegacyExchangeDn: string | null;
}

export async function planConversion(session: LdapSession, request: ConversionRequest): Promise<PlannedConversion> {
  const wanted = [
    ...recipientAttributes,
    ...ofTheMailbox,
    'msExchPoliciesExcluded',
    ...typeOfMailUser.map(([name]) => name),
  ];
  const entry = await session.read(objectName(request.id), wanted);
  if (entry === undefined) return { outcome: 'refused', reason: 'The object is no longer in the directory.' };
  const recipient = recipientOf(entry, session.root);
  const forwards = recipient.targetAddress === request.forwarding;
  if (recipient.kind === 'mail-user' && !hasMailbox(entry) && forwards) return { outcome: 'already' };
  if (!recipient.isMigratable) return { outcome: 'refused', reason: recipient.reason ?? 'It is no mailbox.' };
  if (!entry.has('homeMDB')) return { outcome: 'refused', reason: 'The account has no mailbox store (homeMDB).' };
  if (!forwards) {
    const now = recipient.targetAddress === null ? 'is not forwarded' : 'is forwarded to another address';
    return { outcome: 'refused', reason: `New mail of the mailbox ${now}; it must go to the target before.` };
  }
  const after = changed(entry, request, await schemaKnows(session));
  const before = after.map(({ name }) => valuesOf(entry, name));
  return { outcome: 'planned', plan: { id: request.id, dn: entry.dn, before, after } };
}

/** Every attribute of the modification as it will be; targetAddress stays and is named, so that a change of it is noticed. */
function changed(
  entry: DirectoryEntry,
  { forwarding, targetLegacyExchangeDn }: ConversionRequest,
  known: ReadonlySet<string>,
): readonly AttributeValues[] {
  const text = (name: string, values: readonly string[]): AttributeValues => ({ name, encoding: 'text', values });
  const gone = ofTheMailbox.filter((name) => entry.has(name));
  const aliases = [targetLegacyExchangeDn, entry.text('legacyExchangeDN')].filter((dn) => dn !== null && dn !== '');
  const proxies = withAdded(
    entry.texts('proxyAddresses'),
    aliases.map((dn) => `x500:${dn ?? ''}`),
  );
  const excluded = withAdded(entry.texts('msExchPoliciesExcluded'), [noAddressPolicy]);
  return [
    ...gone.map((name) => ({ ...valuesOf(entry, name), values: [] })),
    text('targetAddress', [forwarding]),
    ...typeOfMailUser.filter(([name]) => known.has(name)).map(([name, value]) => text(name, [value])),
    ...(excluded === undefined ? [] : [text('msExchPoliciesExcluded', excluded)]),
    ...(proxies === undefined ? [] : [text('proxyAddresses', proxies)]),
  ];
}

/** Undefined where all are there already, whatever their case. */
function withAdded(present: readonly string[], wanted: readonly string[]): readonly string[] | undefined {
  const known = new Set(present.map((value) => value.toLowerCase()));
  const added = wanted.filter((value) => {
    const isNew = !known.has(value.toLowerCase());
    known.add(value.toLowerCase());
    return isNew;
  });
  return added.length === 0 ? undefined : [...present, ...added];
}

function valuesOf(entry: DirectoryEntry, name: string): AttributeValues {
  if (!octetAttributes.includes(name)) return { name, encoding: 'text', values: entry.texts(name) };
  return { name, encoding: 'base64', values: entry.octets(name).map((octets) => octets.toString('base64')) };
}

async function schemaKnows(session: LdapSession): Promise<ReadonlySet<string>> {
  const names = typeOfMailUser.map(([name]) => `(lDAPDisplayName=${name})`).join('');
  const entries = await session.search({
    base: session.root.schema,
    scope: 'sub',
    filter: `(|${names})`,
    attributes: ['lDAPDisplayName'],
  });
  return new Set(entries.flatMap((entry) => entry.texts('lDAPDisplayName')));
}

/**
 * Makes `from` into `to` in one modification that names every old value, and so is refused as a whole when one of them has
 * changed: it may be repeated when its answer was lost. To revert it is the same with the two exchanged.
 */
async function changeAttributes(
  session: LdapSession,
  {
    id,
    from,
    to,
  }: { readonly id: string; readonly from: readonly AttributeValues[]; readonly to: readonly AttributeValues[] },
): Promise<ConversionOutcome> {
  let mayHaveWritten = false;
  for (let attempt = 1; ; attempt += 1) {
    const entry = await session.read(
      objectName(id),
      from.map(({ name }) => name),
    );
    if (entry === undefined) return { outcome: 'conflict', reason: 'The object is no longer in the directory.' };
    if (differing(entry, to).length === 0) return { outcome: mayHaveWritten ? 'changed' : 'already' };
    const different = differing(entry, from);
    if (different.length > 0)
      return { outcome: 'conflict', reason: `Changed in the directory since: ${different.join(', ')}.` };
    try {
      mayHaveWritten = true;
      if ((await session.modify(objectName(id), modifications(from, to))) === 'changed') return { outcome: 'changed' };
      if (attempt > 2)
        return { outcome: 'conflict', reason: 'The directory refuses the change for a value that it does not show.' };
    } catch (error) {
      if (!(error instanceof TransientError) || attempt > 1) throw error;
    }
  }
}

function differing(entry: DirectoryEntry, wanted: readonly AttributeValues[]): readonly string[] {
  return wanted
    .filter((attribute) => !isSameAttribute(valuesOf(entry, attribute.name), attribute))
    .map(({ name }) => name);
}

export function modifications(
  from: readonly AttributeValues[],
  to: readonly AttributeValues[],
): readonly Modification[] {
  return attributeChanges(from, to).map(({ operation, name: attribute, encoding, values }) => ({
    operation,
    attribute,
    values: encoding === 'base64' ? values.map((value) => Buffer.from(value, 'base64')) : values,
  }));
}

export function convert(session: LdapSession, { id, before, after }: ConversionPlan): Promise<ConversionOutcome> {
  return changeAttributes(session, { id, from: before, to: after });
}

export function revertConversion(
  session: LdapSession,
  { id, before, after }: ConversionPlan,
): Promise<ConversionOutcome> {
  return changeAttributes(session, { id, from: after, to: before });
}
