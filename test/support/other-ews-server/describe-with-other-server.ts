import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

const hasPython = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0;

/** `describe` for tests that need the other EWS server: Python 3.9 and nothing besides. */
export function describeWithOtherServer(name: string, tests: () => void): void {
  if (hasPython) describe(name, tests);
  else if (process.env['CI'] === 'true')
    describe(name, () => {
      it('finds the python3 that it needs', () => {
        expect(hasPython).toBe(true);
      });
    });
  else describe.skip(`${name} [needs python3]`, tests);
}
