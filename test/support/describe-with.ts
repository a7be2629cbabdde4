import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Need {
  /** What it is called. */
  readonly what: string;
  /** Why it is not there, in words; undefined where it is. */
  readonly missing: string | undefined;
}

/**
 * `describe` for tests that need software of others. Without it they are skipped on a developer's machine, but fail in CI and
 * wherever we could have installed it: there a skip would hide that nothing was tested.
 */
export function describeWith({ what, missing }: Need, name: string, tests: () => void): void {
  if (missing === undefined) {
    describe(name, tests);
  } else if (process.env['CI'] === 'true' || canInstall()) {
    describe(name, () => {
      it(`finds the ${what} that it needs`, () => {
        expect(missing).toBeUndefined();
      });
    });
  } else {
    describe.skip(`${name} [${missing}]`, tests);
  }
}

/** As root on Debian. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

/** Whether it worked is for the caller to look at. */
export function install(...packages: readonly string[]): void {
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], {
    // Services that start by themselves would take ports, those of LDAP on every address.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    stdio: 'ignore',
  });
}
