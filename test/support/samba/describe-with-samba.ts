import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a domain controller of our own takes; scripts/test-servers.mjs lists the same. */
const packages = ['samba', 'samba-ad-provision', 'samba-dsdb-modules', 'ldap-utils'];

/** Why a Samba domain controller cannot run here, in words; undefined where it can. Installs it when root on Debian. */
export function requireSamba(): string | undefined {
  if (!isInstalled() && canInstall()) install();
  if (!isInstalled()) return `Samba is not installed (on Debian: apt-get install ${packages.join(' ')})`;
  if (!mayListenOn389()) return 'LDAP has the port 389, which only root may open here';
  return undefined;
}

/**
 * `describe` for tests that need a real Active Directory. Without one they are skipped on a developer's machine, but fail in
 * CI and wherever we could have installed it: there a skip would hide that nothing was tested.
 */
export function describeWithSamba(name: string, tests: () => void): void {
  const missing = requireSamba();
  if (missing === undefined) {
    describe(name, tests);
  } else if (process.env['CI'] === 'true' || canInstall()) {
    describe(name, () => {
      it('finds the Samba that it needs', () => {
        expect(missing).toBeUndefined();
      });
    });
  } else {
    describe.skip(`${name} [${missing}]`, tests);
  }
}

function isInstalled(): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const has = (command: string): boolean => folders.some((folder) => existsSync(join(folder, command)));
  // Debian keeps libraries in a folder of the processor's name.
  const hasModules = readdirSync('/usr/lib').some((name) => existsSync(join('/usr/lib', name, 'samba/ldb/acl.so')));
  return has('samba') && has('ldapmodify') && existsSync('/usr/share/samba/setup/provision.ldif') && hasModules;
}

function install(): void {
  try {
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], {
      // Services that start by themselves would take the ports of LDAP on every address.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      stdio: 'ignore',
    });
  } catch {
    // Said by what is looked at next: it is not installed.
  }
}

function mayListenOn389(): boolean {
  if (process.getuid?.() === 0) return true;
  const lowest = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
  return existsSync(lowest) && Number(readFileSync(lowest, 'utf8')) <= 389;
}

const canInstall = (): boolean => process.getuid?.() === 0 && existsSync('/etc/debian_version');
