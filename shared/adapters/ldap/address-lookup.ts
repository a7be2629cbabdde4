import type { Directory } from '../../domain/endpoint.ts';
import { activeDirectory } from './active-directory.ts';
import type { LdapServices } from './ldap-session.ts';

/**
 * SMTP address of whoever has one of Exchange's own addresses (`/o=Contoso/ou=...`), also an old one; undefined: nobody has.
 * Such questions are few: each has a connection of its own.
 */
export function addressLookup(
  directory: Directory,
  services: LdapServices,
): (legacyDn: string, signal: AbortSignal) => Promise<string | undefined> {
  return async (legacyDn, signal) => {
    const open = await activeDirectory(directory, services).open(signal);
    try {
      return (await open.addressesOf([legacyDn])).get(legacyDn.toLowerCase());
    } finally {
      await open.close();
    }
  };
}
