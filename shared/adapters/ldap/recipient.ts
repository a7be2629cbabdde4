import type { SourceRecipient } from '../../ports/source-directory.ts';
import { guidText, type DirectoryEntry } from './ldap-values.ts';

type Kind = SourceRecipient['kind'];

/** What is asked of a recipient. */
export const recipientAttributes: readonly string[] = [
  'objectClass',
  'objectGUID',
  'mS-DS-ConsistencyGuid',
  'cn',
  'sAMAccountName',
  'mail',
  'mailNickname',
  'proxyAddresses',
  'legacyExchangeDN',
  'targetAddress',
  'homeMDB',
  'msExchHomeServerName',
  'msExchMailboxGuid',
  'msExchRecipientTypeDetails',
  'msExchRecipientDisplayType',
  'msExchVersion',
  'allowedAttributesEffective',
];

/** msExchRecipientTypeDetails, https://learn.microsoft.com/exchange/troubleshoot/ (RecipientTypeDetails values) */
const kindsOfDetails: ReadonlyMap<bigint, Kind> = new Map([
  [1n, 'user-mailbox'],
  [2n, 'linked-mailbox'],
  [4n, 'shared-mailbox'],
  [8n, 'legacy-mailbox'],
  [16n, 'room-mailbox'],
  [32n, 'equipment-mailbox'],
  [64n, 'contact'],
  [128n, 'mail-user'],
  [256n, 'group'],
  [512n, 'group'],
  [1_024n, 'group'],
  [2_048n, 'group'],
  [4_096n, 'system'],
  [8_192n, 'system'],
  [16_384n, 'system'],
  [32_768n, 'contact'],
  [268_435_456n, 'group'],
  [4_194_304n, 'system'],
  [8_388_608n, 'system'],
  [16_777_216n, 'system'],
  [536_870_912n, 'system'],
  [2_147_483_648n, 'remote-mailbox'],
  [8_589_934_592n, 'remote-mailbox'],
  [17_179_869_184n, 'remote-mailbox'],
  [34_359_738_368n, 'remote-mailbox'],
  [68_719_476_736n, 'system'],
  [549_755_813_888n, 'system'],
  [2_199_023_255_552n, 'room-mailbox'],
  [4_398_046_511_104n, 'system'],
]);

/** Mailboxes that Exchange made for itself; some carry the type of a user's mailbox. */
const systemNames =
  /^(?:HealthMailbox|SystemMailbox\{|FederatedEmail\.|DiscoverySearchMailbox|CAS_\{|Migration\.8f3e7716|SM_[0-9a-f]{10,})/i;

const migratable: ReadonlySet<Kind> = new Set([
  'user-mailbox',
  'linked-mailbox',
  'legacy-mailbox',
  'shared-mailbox',
  'room-mailbox',
  'equipment-mailbox',
]);

export function recipientOf(
  entry: DirectoryEntry,
  { isActiveDirectory }: { readonly isActiveDirectory: boolean },
): SourceRecipient {
  const kind = kindOf(entry);
  const guid = entry.octets('objectGUID')[0] ?? Buffer.alloc(16);
  const anchor = entry.octets('mS-DS-ConsistencyGuid')[0];
  const isMigratable = migratable.has(kind);
  return {
    id: guidText(guid),
    dn: entry.dn,
    kind,
    isMigratable,
    reason: isMigratable ? null : reasonFor(kind, entry),
    primaryAddress: primaryAddress(entry),
    proxyAddresses: entry.texts('proxyAddresses'),
    targetAddress: entry.text('targetAddress'),
    immutableIds: [...(anchor === undefined ? [] : [anchor]), guid].map((id) => id.toString('base64')),
    hasMailboxGuid: entry.has('msExchMailboxGuid'),
    legacyExchangeDn: entry.text('legacyExchangeDN'),
    exchangeVersion: versionOf(entry),
    mayForward: mayForward(entry, isActiveDirectory),
  };
}

export function primaryAddress(entry: DirectoryEntry): string | null {
  const primary = entry.texts('proxyAddresses').find((address) => address.startsWith('SMTP:'));
  return primary?.slice('SMTP:'.length) ?? entry.text('mail');
}

/** A mailbox of 2003 has no type: where its store or its server is says that it is one. */
export function hasMailbox(entry: DirectoryEntry): boolean {
  return entry.has('homeMDB') || entry.has('msExchHomeServerName');
}

function kindOf(entry: DirectoryEntry): Kind {
  if (isSystem(entry)) return 'system';
  const classes = entry.texts('objectClass').map((name) => name.toLowerCase());
  const isOf = (...names: readonly string[]): boolean => names.some((name) => classes.includes(name));
  if (isOf('group', 'msexchdynamicdistributionlist')) return 'group';
  if (isOf('contact')) return 'contact';
  if (isOf('publicfolder')) return 'system';
  const details = entry.integer('msExchRecipientTypeDetails');
  if (details !== null && details !== 0n) return kindsOfDetails.get(details) ?? 'unknown';
  if (!hasMailbox(entry)) return entry.has('mailNickname') && entry.has('targetAddress') ? 'mail-user' : 'unknown';
  switch (entry.integer('msExchRecipientDisplayType')) {
    case 7n:
      return 'room-mailbox';
    case 8n:
      return 'equipment-mailbox';
    default:
      return 'legacy-mailbox';
  }
}

function isSystem(entry: DirectoryEntry): boolean {
  return ['cn', 'sAMAccountName'].some((name) => systemNames.test(entry.text(name) ?? ''));
}

function reasonFor(kind: Kind, entry: DirectoryEntry): string {
  switch (kind) {
    case 'remote-mailbox':
      return 'The mailbox is in the cloud already: on-premises there is only a remote mailbox.';
    case 'mail-user':
      return 'It is a mail-enabled user: on-premises there is no mailbox any more.';
    case 'contact':
      return 'It is a contact. Contacts reach the target by directory synchronisation.';
    case 'group':
      return 'It is a group. Groups reach the target by directory synchronisation.';
    case 'system':
      return 'It is one of the mailboxes that Exchange made for itself.';
    default: {
      const details = entry.text('msExchRecipientTypeDetails');
      if (details !== null)
        return `It is a recipient of a type that is not migrated (msExchRecipientTypeDetails ${details}).`;
      return 'The account has no mailbox.';
    }
  }
}

/** ExchangeObjectVersion as a number: the lowest one of each version. */
const versions: readonly (readonly [bigint, Exclude<SourceRecipient['exchangeVersion'], null>])[] = [
  [1_125_899_906_842_624n, '2016 or later'],
  [88_218_628_259_840n, '2013'],
  [44_220_983_382_016n, '2010'],
  [4_535_486_012_416n, '2007'],
];

function versionOf(entry: DirectoryEntry): SourceRecipient['exchangeVersion'] {
  const version = entry.integer('msExchVersion');
  if (version === null) return hasMailbox(entry) ? '2003' : null;
  return versions.find(([from]) => version >= from)?.[1] ?? null;
}

/** Active Directory leaves the attribute out where nothing may be written; other servers do not know it. */
function mayForward(entry: DirectoryEntry, isActiveDirectory: boolean): SourceRecipient['mayForward'] {
  const writable = entry.texts('allowedAttributesEffective').map((name) => name.toLowerCase());
  if (writable.includes('targetaddress')) return 'yes';
  return isActiveDirectory ? 'no' : 'unknown';
}
