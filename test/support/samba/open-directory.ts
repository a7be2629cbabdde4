import { activeDirectory, type OpenActiveDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import type { LdapServices } from '../../../shared/adapters/ldap/ldap-session.ts';
import type { Directory } from '../../../shared/domain/endpoint.ts';

/** Passwords of the accounts of test/fixtures/samba by the name of the reference. */
const passwords: Readonly<Record<string, string>> = {
  'env:DIRECTORY_PASSWORD': 'Passw0rd!Mig',
  'env:ADMINISTRATOR': 'Passw0rd!Admin',
  'env:READER': 'Passw0rd!Read',
  'env:EXPIRED': 'Passw0rd!Old',
  'env:DISABLED': 'Passw0rd!Off',
  'env:WRONG': 'wrong',
  'env:EMPTY': '',
};

export const ldapServices: LdapServices = {
  secrets: (reference) => Promise.resolve(passwords[reference] ?? ''),
  timeouts: { connectMs: 10_000, answerMs: 20_000 },
};

/** Opens the directory, and closes it when the work is done. */
export async function withDirectory<T>(
  directory: Directory,
  work: (open: OpenActiveDirectory) => Promise<T>,
  services: LdapServices = ldapServices,
): Promise<T> {
  const closing = new AbortController();
  const open = await activeDirectory(directory, services).open(closing.signal);
  try {
    return await work(open);
  } finally {
    await open.close();
    closing.abort();
  }
}
