// ESLint asks for a default export; this file is the only one with it.
import tseslint from 'typescript-eslint';

/** Named exports can be found and renamed; `export default` is a name that each importer makes up. */
const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Use a named export: `export function start() {}` and `import { start } from ...`.',
};

/** `{ ...{ a, b } }` is `{ a, b }`, but TypeScript no longer says that `b` is not a property of the type. */
const NO_SPREAD_LITERAL = {
  selector: 'ObjectExpression > SpreadElement > ObjectExpression',
  message: 'Write the properties themselves.',
};

export default tseslint.config(
  { ignores: ['node_modules/', '.cache/', 'data/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A promise that nobody waits for is a fault that nobody sees: `await` it, or write `void` where that is meant.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'max-lines': ['error', { max: 400 }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT, NO_SPREAD_LITERAL],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'exit',
          message: 'Set process.exitCode and return, so that open work is finished.',
        },
        { object: 'Math', property: 'random', message: 'Use node:crypto (randomUUID, randomBytes, randomInt).' },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'assert', message: 'Use chai in tests; in src throw a class of src/errors.ts.' },
            { name: 'node:assert', message: 'Use chai in tests; in src throw a class of src/errors.ts.' },
            { name: 'fs', message: 'Use node:fs or node:fs/promises.' },
            { name: 'crypto', message: 'Use node:crypto.' },
          ],
        },
      ],
      // `== null` is both null and undefined, and says so.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-async-promise-executor': 'error',
      'no-control-regex': 'error',
      'no-empty': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-escape': 'error',
      // Off: implementations of an asynchronous port need not have anything to await.
      '@typescript-eslint/require-await': 'off',
      // Off: a template that shows a number or a boolean is what was meant; undefined is caught by the types around it.
      '@typescript-eslint/restrict-template-expressions': 'off',
      // Off: tsc has noUnusedLocals and noUnusedParameters.
      '@typescript-eslint/no-unused-vars': 'off',
    },
  },
  {
    // The command line and the bench talk to a person.
    files: ['src/cli/**/*.ts', 'src/main.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Longer than in src: a story on a real homeserver shares its set-up, and a table of cases is one idea.
      'max-lines': ['error', { max: 600 }],
      // Off: chai's assertions are expressions, e.g. `expect(x).to.be.true`.
      '@typescript-eslint/no-unused-expressions': 'off',
      // Off: tests look into JSON answers of real servers, which have no types.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      // Off: a spy's method is handed to an assertion, not called.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Ends a test run that something keeps from ending.
    files: ['test/support/hooks.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
);
