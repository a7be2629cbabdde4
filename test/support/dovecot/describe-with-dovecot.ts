import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findDovecot } from './dovecot-binary.ts';

/** Why Dovecot is not there, in words; undefined when it is. Installs it when root on Debian. */
export function requireDovecot(): string | undefined {
  if (findDovecot() !== undefined) return undefined;
  if (!canInstall()) return 'Dovecot is not installed (on Debian: apt-get install dovecot-imapd)';
  try {
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'dovecot-imapd'], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
    });
  } catch (error) {
    return `apt-get could not install dovecot-imapd: ${(error as Error).message}`;
  }
  return findDovecot() === undefined ? 'dovecot-imapd was installed, but there is no dovecot' : undefined;
}

/**
 * `describe` for tests that need real Dovecots. Without one they are skipped on a developer's machine, but fail in CI
 * and wherever we could have installed it: there a skip would hide that nothing was tested.
 */
export function describeWithDovecot(name: string, tests: () => void): void {
  const missing = findDovecot() === undefined ? requireDovecot() : undefined;
  if (missing === undefined) {
    describe(name, tests);
  } else if (process.env['CI'] === 'true' || canInstall()) {
    describe(name, () => {
      it('finds the Dovecot that it needs', () => {
        expect(missing).toBeUndefined();
      });
    });
  } else {
    describe.skip(`${name} [${missing}]`, tests);
  }
}

const canInstall = (): boolean => process.getuid?.() === 0 && existsSync('/etc/debian_version');
