// `npm test`, `npm run check`: everything that must hold before a change goes in. Each step runs even when an earlier
// one failed, so that one run names all there is to repair. The last line is the sum: `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = mkdtempSync(join(tmpdir(), 'stagecoach-check-'));
const inPackage = (...path) => join(root, 'node_modules', ...path);

const steps = [
  step('format', inPackage('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'),
  step('lint', inPackage('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0'),
  step('types', inPackage('typescript', 'bin', 'tsc'), '--noEmit'),
  step('build', 'scripts/build.mjs'),
  step('test servers', 'scripts/test-servers.mjs'),
  ...['unit', 'contract', 'integration', 'e2e', 'infra'].map(tests),
  step('synth', inPackage('aws-cdk', 'bin', 'cdk'), 'synth', '--quiet'),
];

function step(name, ...command) {
  return { name, command };
}

function tests(kind) {
  const report = join(results, `${kind}.json`);
  return {
    name: kind,
    report,
    command: ['scripts/jest.mjs', kind, '--passWithNoTests', '--json', '--outputFile', report],
  };
}

function run({ name, command, report }) {
  process.stdout.write(`\n== ${name}\n`);
  const begun = Date.now();
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  const seconds = Math.round((Date.now() - begun) / 1000);
  return { name, seconds, ok: status === 0, counts: report === undefined ? undefined : countTests(report) };
}

/** A suite that did not even load has no test that failed, and is a failure all the same. */
function countTests(report) {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  return {
    passed: numPassedTests,
    failed: numFailedTests + numRuntimeErrorTestSuites,
    skipped: numPendingTests + numTodoTests,
  };
}

function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

const outcomes = steps.map(run);
rmSync(results, { recursive: true });

process.stdout.write('\n== summary\n');
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const { name, seconds, ok, counts } of outcomes) {
  const verdict = ok ? 'ok' : 'FAILED';
  const detail = counts === undefined ? '' : `  ${inWords(counts)}`;
  process.stdout.write(`${name.padEnd(14)}${verdict.padEnd(8)}${String(seconds).padStart(4)} s${detail}\n`);
  sum.passed += counts?.passed ?? 0;
  sum.skipped += counts?.skipped ?? 0;
  // A step without tests of its own that failed counts as one: the last line never says that all is well when it is not.
  sum.failed += counts?.failed ?? 0;
  if (!ok && (counts?.failed ?? 0) === 0) sum.failed += 1;
}
process.stdout.write(`${inWords(sum)}\n`);
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;
