/** Application permissions of which any one suffices, by what is done. */
export const permissions = {
  readOrganisation: ['Organization.Read.All', 'Directory.Read.All'],
  readDomains: ['Domain.Read.All', 'Directory.Read.All'],
  readSkus: ['Organization.Read.All', 'LicenseAssignment.Read.All', 'Directory.Read.All'],
  readUsers: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All'],
  writeUsers: ['User.ReadWrite.All'],
  setPasswords: ['User-PasswordProfile.ReadWrite.All', 'User.ReadWrite.All'],
  assignLicences: ['LicenseAssignment.ReadWrite.All', 'User.ReadWrite.All'],
  readMail: ['Mail.Read', 'Mail.ReadWrite'],
  writeMail: ['Mail.ReadWrite'],
  readContacts: ['Contacts.Read', 'Contacts.ReadWrite'],
  writeContacts: ['Contacts.ReadWrite'],
  readCalendars: ['Calendars.Read', 'Calendars.ReadWrite'],
  writeCalendars: ['Calendars.ReadWrite'],
  readTasks: ['Tasks.Read.All', 'Tasks.ReadWrite.All'],
  writeTasks: ['Tasks.ReadWrite.All'],
  readSettings: ['MailboxSettings.Read', 'MailboxSettings.ReadWrite'],
  writeSettings: ['MailboxSettings.ReadWrite'],
  readFolders: ofEntraAndExchange('MailboxFolder.Read', 'MailboxFolder.ReadWrite'),
  writeFolders: ofEntraAndExchange('MailboxFolder.ReadWrite'),
  readItems: ofEntraAndExchange('MailboxItem.Read', 'MailboxItem.ReadWrite'),
  writeItems: ofEntraAndExchange('MailboxItem.ReadWrite'),
  importItems: ofEntraAndExchange('MailboxItem.ImportExport'),
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Entra calls them MailboxItem.Read.All, Exchange (RBAC for Applications) "Application MailboxItem.Read". */
function ofEntraAndExchange(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [name, `${name}.All`]);
}
