import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian's own: another Python on the PATH does not have Debian's packages. */
export const python = '/usr/bin/python3';

const packages = { exchangelib: 'python3-exchangelib', ntlm_auth: 'python3-ntlm-auth' };

/**
 * `describe` for tests that run a client of others, written in Python. Where it is not installed they are skipped on a
 * developer's machine, but fail in CI and wherever we could have installed it.
 */
export function describeWithPython(module: keyof typeof packages, name: string, tests: () => void): void {
  const canInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (!has(module) && canInstall) install(packages[module]);
  if (has(module)) {
    describe(name, tests);
  } else if (process.env['CI'] === 'true' || canInstall) {
    describe(name, () => {
      it(`finds the Python module ${module} that it needs`, () => {
        expect(has(module)).toBe(true);
      });
    });
  } else {
    describe.skip(`${name} [on Debian: apt-get install ${packages[module]}]`, tests);
  }
}

function has(module: string): boolean {
  return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

function install(name: string): void {
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: 'ignore',
  });
}
