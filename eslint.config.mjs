import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Which folder may import which (docs/architecture.md, "Dependencies point inwards"). */
const forbid = (files, ...groups) => ({
  files,
  rules: {
    'no-restricted-imports': ['error', { patterns: groups.map(([regex, message]) => ({ regex, message })) }],
  },
});
const noAws = [
  '^@aws-sdk/|^@aws-lambda|^@middy|^aws-cdk|^constructs$',
  'AWS belongs to adapters/aws, functions and infra.',
];
const noOuter = ['/(functions|local|cli|infra|web|bench|test|simulator)/', 'Dependencies point inwards.'];
const noAdapters = ['/adapters/', 'Only composition roots say which adapter is used.'];
const noNodeIo = ['^node:(fs|net|tls|http|https|child_process|sqlite|os|dns)', 'Input and output go through a port.'];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'cdk.out', 'data', 'coverage', 'bench/out', '**/*.mjs'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  prettier,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  forbid(
    ['shared/domain/**'],
    ['/(ports|application|adapters|contract)/', 'The domain imports nothing but itself and zod.'],
    noOuter,
    noAws,
    noNodeIo,
  ),
  forbid(
    ['shared/ports/**'],
    ['/(application|adapters|contract)/', 'Ports import the domain only.'],
    noOuter,
    noAws,
    noNodeIo,
  ),
  forbid(
    ['shared/application/**'],
    noAdapters,
    ['/contract/', 'The contract wraps the application.'],
    noOuter,
    noAws,
    noNodeIo,
  ),
  forbid(
    ['shared/contract/**'],
    ['/(application|adapters|ports)/', 'DTOs import domain types only.'],
    noOuter,
    noAws,
    noNodeIo,
  ),
  forbid(['shared/operations/**'], noAdapters, noOuter, noAws, noNodeIo),
  forbid(['shared/adapters/**'], ['/(application|contract)/', 'Adapters import ports and domain.'], noOuter),
  forbid(
    ['shared/adapters/imap/**', 'shared/adapters/store/**', 'shared/adapters/local/**'],
    ['/application/', 'Adapters import ports and domain.'],
    noOuter,
    noAws,
  ),
  forbid(['cli/**'], ['^@aws-sdk/', 'The command line reaches AWS through adapters.']),
  forbid(['infra/**'], ['^@aws-sdk/', 'Infrastructure does not call AWS.']),
  {
    files: ['test/**', 'bench/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      'no-console': 'off',
    },
  },
);
