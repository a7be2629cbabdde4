/** A right of the application, as Microsoft calls it. */
export interface GraphRight {
  readonly name: string;
  /** Given per mailbox by RBAC for Applications; otherwise consented for the whole tenant in Entra. */
  readonly isScoped: boolean;
}

const scoped = (name: string): GraphRight => ({ name, isScoped: true });
const tenantWide = (name: string): GraphRight => ({ name, isScoped: false });

export const rights = {
  mail: scoped('Mail.ReadWrite'),
  contacts: scoped('Contacts.ReadWrite'),
  calendars: scoped('Calendars.ReadWrite'),
  mailboxSettings: scoped('MailboxSettings.ReadWrite'),
  mailboxFolders: scoped('MailboxFolder.ReadWrite'),
  changeMailboxItems: scoped('MailboxItem.ReadWrite'),
  mailboxItems: scoped('MailboxItem.ImportExport'),
  tasks: tenantWide('Tasks.ReadWrite.All'),
  organisation: tenantWide('Organization.Read.All'),
  domains: tenantWide('Domain.Read.All'),
  users: tenantWide('User.Read.All'),
  changeUsers: tenantWide('User.ReadWrite.All'),
  passwords: tenantWide('User-PasswordProfile.ReadWrite.All'),
  licences: tenantWide('LicenseAssignment.ReadWrite.All'),
  groups: tenantWide('Group.Read.All'),
  orgContacts: tenantWide('OrgContact.Read.All'),
} as const satisfies Record<string, GraphRight>;

/** First one that fits; the more particular ones are above. */
const byPath: readonly (readonly [RegExp, GraphRight])[] = [
  [/^\/admin\/exchange\/mailboxes\/[^/]+\/folders\/[^/]+\/items/i, rights.changeMailboxItems],
  [/^\/admin\/exchange\/mailboxes\/[^/]+\/folders/i, rights.mailboxFolders],
  [/^\/admin\/exchange\//i, rights.mailboxItems],
  [/^\/organization/i, rights.organisation],
  [/^\/domains/i, rights.domains],
  [/^\/subscribedSkus/i, rights.organisation],
  [/^\/groups/i, rights.groups],
  [/^\/contacts/i, rights.orgContacts],
  [/^\/users\/[^/?]+\/(?:mailboxSettings|settings)/i, rights.mailboxSettings],
  [/^\/users\/[^/?]+\/(?:messages|mailFolders|outlook)/i, rights.mail],
  [/^\/users\/[^/?]+\/contact/i, rights.contacts],
  [/^\/users\/[^/?]+\/(?:calendar|events|instances)/i, rights.calendars],
  [/^\/users\/[^/?]+\/todo/i, rights.tasks],
  [/^\/users\/[^/?]+\/assignLicense/i, rights.licences],
];

/** The right that a request needs. */
export function rightFor(method: string, path: string): GraphRight {
  const found = byPath.find(([pattern]) => pattern.test(path));
  if (found !== undefined) return found[1];
  return method === 'GET' ? rights.users : rights.changeUsers;
}
