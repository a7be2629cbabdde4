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
  projects: ['unit', 'contract', 'integration', 'e2e', 'infra'].map(project),
};
