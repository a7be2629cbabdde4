import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { davmailJar } from './davmail.ts';

/**
 * `describe` for tests that need DavMail. Without it they are skipped on a developer's machine, but fail in CI and wherever
 * we could have installed it.
 */
export function describeWithDavMail(name: string, tests: () => void): void {
  const canInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (!existsSync(davmailJar) && canInstall) install();
  if (existsSync(davmailJar)) {
    describe(name, tests);
  } else if (process.env['CI'] === 'true' || canInstall) {
    describe(name, () => {
      it('finds the DavMail that it needs', () => {
        expect(existsSync(davmailJar)).toBe(true);
      });
    });
  } else {
    describe.skip(`${name} [on Debian: apt-get install davmail-server]`, tests);
  }
}

function install(): void {
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'davmail-server'], {
    // Its own service is not to start.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    stdio: 'ignore',
  });
}
