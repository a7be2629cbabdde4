import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { canInstall, describeWith, install } from '../describe-with.ts';

/** What a domain controller of our own takes; scripts/test-servers.mjs lists the same. */
const packages = ['samba', 'samba-ad-provision', 'samba-dsdb-modules', 'ldap-utils'];

/** Why a Samba domain controller cannot run here, in words; undefined where it can. Installs it when root on Debian. */
export function requireSamba(): string | undefined {
  if (!isInstalled() && canInstall()) install(...packages);
  if (!isInstalled()) return `Samba is not installed (on Debian: apt-get install ${packages.join(' ')})`;
  if (!mayListenOn389()) return 'LDAP has the port 389, which only root may open here';
  return undefined;
}

/** `describe` for tests that need a real Active Directory. */
export function describeWithSamba(name: string, tests: () => void): void {
  describeWith({ what: 'Samba', missing: requireSamba() }, name, tests);
}

function isInstalled(): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const has = (command: string): boolean => folders.some((folder) => existsSync(join(folder, command)));
  // Debian keeps libraries in a folder of the processor's name.
  const hasModules = readdirSync('/usr/lib').some((name) => existsSync(join('/usr/lib', name, 'samba/ldb/acl.so')));
  return has('samba') && has('ldapmodify') && existsSync('/usr/share/samba/setup/provision.ldif') && hasModules;
}

function mayListenOn389(): boolean {
  if (process.getuid?.() === 0) return true;
  const lowest = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
  return existsSync(lowest) && Number(readFileSync(lowest, 'utf8')) <= 389;
}
