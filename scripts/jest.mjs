// Runs one kind of tests: `node scripts/jest.mjs unit [jest arguments]`.
import { spawnSync } from 'node:child_process';

const [kind, ...rest] = process.argv.slice(2);
// Integration and e2e tests start servers and processes of their own: two at a time is what two cores bear. A server
// that takes its time to go must not keep the run from ending.
const workers = ['integration', 'e2e'].includes(kind) ? ['--maxWorkers=2', '--forceExit'] : [];
const timeout = ['integration', 'e2e'].includes(kind) ? ['--testTimeout=180000'] : ['--testTimeout=30000'];
const run = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    kind,
    ...workers,
    ...timeout,
    ...rest,
  ],
  { stdio: 'inherit' },
);
process.exit(run.status ?? 1);
