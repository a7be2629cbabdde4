/** One jest project a kind of test; `npm run test:<kind>` runs one (see scripts/jest.mjs). */
const project = (name) => ({
  displayName: name,
  rootDir: '.',
  roots: ['<rootDir>/test'],
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
});

export default {
  // ES modules of a test file are never let go by the process that ran it: with 1,000 tests in it, it looks for garbage in
  // gigabytes, and what takes a minute takes four. A worker that has grown is replaced before its next file.
  workerIdleMemoryLimit: '768MB',
  projects: ['unit', 'contract', 'integration', 'e2e', 'infra'].map(project),
};
