import js from '@eslint/js';
import globals from 'globals';
import own from './scripts/lint-rules.mjs';

export default [
  { ignores: ['build/', 'target/', 'prebuilds/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { ecmaVersion: 2018, sourceType: 'commonjs', globals: globals.node },
    rules: {
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      'no-empty': ['error', { allowEmptyCatch: true }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      strict: ['error', 'global'],
    },
  },
  {
    // Beside scripts/check-order.js: a link between two rooms is an import or an argument.
    files: ['lib/**/*.js'],
    plugins: { own },
    rules: { 'own/no-setting-across-rooms': 'error' },
  },
  {
    // Developers run these, on a Node of today.
    files: ['test/torture/**/*.js'],
    languageOptions: { ecmaVersion: 2020 },
  },
  {
    // Jest runs these.
    files: ['test/compat/mocks/*.test.js'],
    languageOptions: { globals: globals.jest },
  },
  {
    // Loaded on Node 16 and newer only.
    files: ['lib/{structures,channel,topic,map,locks}/**/*.js', 'test/explorer/**/*.js'],
    languageOptions: { ecmaVersion: 2022 },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { ecmaVersion: 2022, sourceType: 'module', globals: globals.node },
  },
  {
    // A window's script, with a window's globals too.
    files: ['examples/electron/preload.js'],
    languageOptions: { globals: globals.browser },
  },
  {
    // What Node 10 must be able to read and run.
    files: ['lib/**/*.js', 'index.js', 'test/**/*.js'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'Literal[value=/^node:/]', message: 'Node 10 knows no node: prefix.' },
      ],
    },
  },
];
