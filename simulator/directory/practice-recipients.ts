import { createHash } from 'node:crypto';
import type { PracticeAttributes } from './practice-entry.ts';
import type { PracticeTree } from './practice-tree.ts';

/** Somebody or something with an address in the practice organisation. */
export interface PracticeRecipient {
  /** Name of the account, and alias: `anna`. */
  readonly name: string;
  readonly displayName: string;
  /** Primary SMTP address. */
  readonly address: string;
  /** Further SMTP addresses. */
  readonly aliases?: readonly string[];
  readonly kind:
    | 'user-mailbox'
    | 'linked-mailbox'
    | 'legacy-mailbox'
    | 'shared-mailbox'
    | 'room-mailbox'
    | 'equipment-mailbox'
    | 'mail-user'
    | 'contact'
    | 'group';
  readonly targetAddress?: string;
  /** Member of an administrative group: rights given on the organisational unit do not reach it. */
  readonly isProtected?: boolean;
  /** Of the mailbox; 2007 unless given. */
  readonly exchangeVersion?: '2003' | '2007' | '2010';
}

/** msExchRecipientTypeDetails and msExchRecipientDisplayType. */
const types: Readonly<Record<PracticeRecipient['kind'], readonly [details: string, display: string]>> = {
  'user-mailbox': ['1', '1073741824'],
  'linked-mailbox': ['2', '-1073741818'],
  'legacy-mailbox': ['8', '1073741824'],
  'shared-mailbox': ['4', '0'],
  'room-mailbox': ['16', '7'],
  'equipment-mailbox': ['32', '8'],
  'mail-user': ['128', '6'],
  contact: ['64', '6'],
  group: ['256', '1'],
};

const versions = { '2003': [], '2007': ['4535486012416'], '2010': ['44220983382016'] };

/** Attributes of Exchange that the schema says it has. */
const exchangeAttributes = [
  ...['targetAddress', 'mailNickname', 'homeMDB', 'homeMTA', 'mDBUseDefaults', 'msExchHomeServerName', 'msExchVersion'],
  ...['msExchMailboxGuid', 'msExchRecipientTypeDetails', 'msExchRecipientDisplayType', 'msExchUserAccountControl'],
  ...['msExchPoliciesIncluded', 'msExchPoliciesExcluded'],
];

const organisation = '/o=Practice/ou=First Administrative Group';

/** The domain with its schema, its Exchange organisation and its people. */
export function fillPracticeDirectory(tree: PracticeTree, recipients: readonly PracticeRecipient[]): void {
  const { base, configuration, schema } = tree;
  const services = `CN=Microsoft Exchange,CN=Services,${configuration}`;
  const domain = base.replace(/DC=/gi, '').replaceAll(',', '.');
  tree.add(base, { objectClass: ['top', 'domain', 'domainDNS'] });
  tree.add(configuration, { objectClass: ['top', 'configuration'] });
  tree.add(schema, { objectClass: ['top', 'dMD'] });
  for (const name of exchangeAttributes)
    tree.add(`CN=${name},${schema}`, { objectClass: ['top', 'attributeSchema'], lDAPDisplayName: name });
  tree.add(services, { objectClass: ['top', 'container'] });
  tree.add(`CN=${domain},CN=Practice,${services}`, {
    objectClass: ['top', 'msExchAcceptedDomain'],
    msExchAcceptedDomainName: domain,
    msExchAcceptedDomainFlags: '4',
  });
  tree.add(`OU=Staff,${base}`, { objectClass: ['top', 'organizationalUnit'] });
  for (const recipient of recipients) {
    tree.add(`CN=${recipient.name},OU=Staff,${base}`, recipientAttributes(recipient, { domain, services }));
  }
}

function recipientAttributes(
  recipient: PracticeRecipient,
  { domain, services }: { readonly domain: string; readonly services: string },
): PracticeAttributes {
  const { name, kind } = recipient;
  const [details, display] = types[kind];
  const hasMailbox = kind.endsWith('-mailbox');
  const is2003 = recipient.exchangeVersion === '2003';
  return {
    objectClass: ['top', ...classes(kind)],
    cn: name,
    ...(kind === 'contact' ? {} : { sAMAccountName: name }),
    ...(kind === 'contact' || kind === 'group' ? {} : { userPrincipalName: `${name}@${domain}` }),
    displayName: recipient.displayName,
    mail: recipient.address,
    mailNickname: name,
    proxyAddresses: [`SMTP:${recipient.address}`, ...(recipient.aliases ?? []).map((alias) => `smtp:${alias}`)],
    legacyExchangeDN: `${organisation}/cn=Recipients/cn=${name}`,
    ...(recipient.targetAddress === undefined ? {} : { targetAddress: recipient.targetAddress }),
    ...(recipient.isProtected === true ? { adminCount: '1' } : {}),
    ...(is2003 ? {} : { msExchRecipientTypeDetails: details, msExchRecipientDisplayType: display }),
    ...(hasMailbox ? mailboxAttributes(recipient, services) : {}),
  };
}

function classes(kind: PracticeRecipient['kind']): readonly string[] {
  if (kind === 'contact') return ['person', 'organizationalPerson', 'contact'];
  return kind === 'group' ? ['group'] : ['person', 'organizationalPerson', 'user'];
}

function mailboxAttributes({ name, exchangeVersion }: PracticeRecipient, services: string): PracticeAttributes {
  const server = `CN=EX01,CN=Practice,${services}`;
  return {
    homeMDB: `CN=Mailbox Store (EX01),${server}`,
    homeMTA: `CN=Microsoft MTA,${server}`,
    mDBUseDefaults: 'TRUE',
    msExchHomeServerName: `${organisation}/cn=Configuration/cn=Servers/cn=EX01`,
    msExchMailboxGuid: createHash('sha256').update(`mailbox ${name}`).digest().subarray(0, 16),
    msExchUserAccountControl: '0',
    ...(exchangeVersion === '2003' ? {} : { msExchVersion: versions[exchangeVersion ?? '2007'] }),
  };
}
