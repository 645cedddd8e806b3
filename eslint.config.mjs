// Few rules: names exist, nothing is left unused, and HTML enters the page through two audited files only.
import js from '@eslint/js';
import globals from 'globals';

const html = 'HTML enters the page only through static/lib/html.js and static/chat/body.js.';
const intoThePage = [
  {
    selector: "AssignmentExpression[left.property.name=/^(innerHTML|outerHTML|srcdoc)$/]",
    message: html,
  },
  {
    selector:
      "CallExpression[callee.property.name=/^(insertAdjacentHTML|setHTMLUnsafe|parseHTMLUnsafe|createContextualFragment|parseFromString)$/]",
    message: html,
  },
  {
    selector: "CallExpression[callee.property.name='createPolicy']",
    message: 'The two Trusted Types policies are made in static/lib/html.js and static/chat/body.js.',
  },
];
const dressing = [
  {
    selector: "Literal[value=/\\sstyle\\s*=/]",
    message: 'The content security policy refuses style attributes: use a class or an attribute.',
  },
  {
    selector: "TemplateElement[value.raw=/\\sstyle\\s*=/]",
    message: 'The content security policy refuses style attributes: use a class or an attribute.',
  },
  {
    selector: "CallExpression[callee.property.name='setAttribute'][arguments.0.value='style']",
    message: 'The content security policy refuses style attributes: use a class or an attribute.',
  },
];
const rules = {
  ...js.configs.recommended.rules,
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-unused-vars': ['error', { args: 'after-used', argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
  'no-var': 'error',
  'prefer-const': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-new-func': 'error',
  'no-console': ['error', { allow: ['error', 'warn'] }],
};

export default [
  { ignores: ['node_modules/', 'target/', 'data/', 'static/types/'] },
  {
    files: ['static/**/*.js'],
    languageOptions: { ecmaVersion: 'latest', sourceType: 'module', globals: globals.browser },
    rules: { ...rules, 'no-restricted-syntax': ['error', ...intoThePage, ...dressing] },
  },
  {
    files: ['static/lib/html.js', 'static/chat/body.js'],
    rules: { 'no-restricted-syntax': ['error', ...dressing] },
  },
  {
    files: ['static/worker.js', 'static/**/worker.js'],
    languageOptions: { globals: globals.serviceworker },
  },
  {
    files: ['tests/js/**/*.js', 'eslint.config.mjs'],
    languageOptions: { ecmaVersion: 'latest', sourceType: 'module', globals: globals.node },
    rules,
  },
  {
    // Journeys run in node and hand small functions to the page.
    files: ['tests/browser/**/*.mjs'],
    languageOptions: {
      ecmaVersion: 'latest',
      sourceType: 'module',
      globals: { ...globals.node, ...globals.browser },
    },
    rules: { ...rules, 'no-console': 'off' },
  },
];
