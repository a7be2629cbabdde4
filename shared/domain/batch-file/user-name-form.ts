/**
 * How a UserName names the mailbox, and the administrator who signs in for it. Microsoft, "CSV files for IMAP
 * migrations", lists the first six; the backslash forms are what Exchange's own IMAP service takes besides.
 */
export interface UserNameForm {
  readonly form:
    'plain' | 'address' | 'domain' | 'exchange-admin' | 'master-user' | 'mirapoint-admin' | 'backslash-admin';
  readonly user: string;
  /** Null where the user signs in. */
  readonly admin: string | null;
}

const forms: readonly (readonly [UserNameForm['form'], RegExp])[] = [
  // #user@domain#Admin#
  ['mirapoint-admin', /^#(?<user>[^#]+)#(?<admin>[^#]+)#$/],
  // Domain/Admin/User; the last part is the alias (mailNickname)
  ['exchange-admin', /^[^/\\]+\/(?<admin>[^/\\]+)\/(?<user>[^/\\]+)$/],
  // domain\admin\user and domain\admin@company\user@company
  ['backslash-admin', /^[^\\]+\\(?<admin>[^\\]+)\\(?<user>[^\\]+)$/],
  // admin@domain\user
  ['backslash-admin', /^(?<admin>[^\\@]+@[^\\@]+)\\(?<user>[^\\]+)$/],
  // User*Admin; * is Dovecot's usual auth_master_user_separator
  ['master-user', /^(?<user>[^*]+)\*(?<admin>[^*]+)$/],
  ['domain', /^[^\\]+\\(?<user>[^\\]+)$/],
  ['address', /^(?<user>[^@]+@[^@]+)$/],
];

/** Recognises the form and refuses none: what a server makes of a user name is the server's business. */
export function userNameForm(userName: string): UserNameForm {
  for (const [form, pattern] of forms) {
    const groups = pattern.exec(userName)?.groups;
    if (groups?.['user'] !== undefined) return { form, user: groups['user'], admin: groups['admin'] ?? null };
  }
  return { form: 'plain', user: userName, admin: null };
}
