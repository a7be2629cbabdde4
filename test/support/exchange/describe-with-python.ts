import { spawnSync } from 'node:child_process';
import { canInstall, describeWith, install } from '../describe-with.ts';

/** Debian's own: another Python on the PATH does not have Debian's packages. */
export const python = '/usr/bin/python3';

const packages = { exchangelib: 'python3-exchangelib', ntlm_auth: 'python3-ntlm-auth' };

/** `describe` for tests that run a client of others, written in Python. */
export function describeWithPython(module: keyof typeof packages, name: string, tests: () => void): void {
  if (!has(module) && canInstall()) install(packages[module]);
  const missing = has(module) ? undefined : `on Debian: apt-get install ${packages[module]}`;
  describeWith({ what: `Python module ${module}`, missing }, name, tests);
}

function has(module: string): boolean {
  return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}
