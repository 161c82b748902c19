import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const layer = (sourceTag, ...onlyDependOnLibsWithTags) => ({ sourceTag, onlyDependOnLibsWithTags });

/** Third-party packages that a layer may not import, by tag. */
const banned = (sourceTag, ...bannedExternalImports) => ({ sourceTag, bannedExternalImports });

const STORES = ['@prisma/*', 'pg', 'ioredis', 'bullmq'];

/** The arrows of ARCHITECTURE.md. `extra` is what tests may import on top. */
const boundaries = (...extra) => [
  'error',
  {
    allow: [],
    enforceBuildableLibDependency: false,
    // The testkit is made of application's ports; application's specs, and only they, run on it.
    ignoredCircularDependencies: [['@meridian/application', '@meridian/testkit']],
    depConstraints: [
      layer('layer:domain', 'layer:domain', ...extra),
      layer('layer:application', 'layer:domain', ...extra),
      layer('layer:protocol'),
      layer('layer:telemetry'),
      layer('layer:wire'),
      layer('layer:model'),
      layer(
        'layer:adapter',
        'layer:application',
        'layer:domain',
        'layer:protocol',
        'layer:telemetry',
        'layer:wire',
        ...extra,
      ),
      layer('layer:sdk', 'layer:protocol'),
      layer('layer:testkit', 'layer:application', 'layer:domain', 'layer:protocol'),
      layer('layer:conformance', 'layer:protocol'),
      // The use cases on virtual time: the only room but tests that runs on the testkit's fakes.
      layer('layer:simulator', 'layer:application', 'layer:domain', 'layer:testkit'),
      // A recorded month goes into the same tables by the same adapters as the control plane's own records.
      layer('layer:embedded', 'layer:sdk', 'layer:conformance', 'layer:simulator', 'layer:adapter'),
      layer(
        'app:control-plane',
        'layer:application',
        'layer:domain',
        'layer:protocol',
        'layer:adapter',
        'layer:telemetry',
        'layer:wire',
        ...extra,
      ),
      layer('app:gateway', 'layer:protocol', 'path:data', 'layer:telemetry'),
      layer('app:worker', 'layer:protocol', 'layer:model', 'layer:telemetry', ...extra),
      layer('app:console', 'layer:sdk'),
      ...(extra.length > 0 ? [] : [banned('layer:domain', '*')]),
      banned('layer:application', '@nestjs/*', 'fastify', ...STORES),
      banned('app:gateway', ...STORES),
      banned('app:worker', ...STORES),
    ],
  },
];

const TESTS = ['**/*.spec.ts', '**/*.spec.tsx', '**/testing/**'];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/generated/**',
      '**/node_modules/**',
      '.meridian/**',
      '.nx/**',
      'libs/world-model/training/**',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strict,
  prettier,
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    plugins: { '@nx': nx, 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.tsx', '.mjs'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver': { node: { extensions: ['.ts', '.tsx', '.mjs', '.js'] } },
    },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(),
      'import-x/no-cycle': ['error', { maxDepth: 20 }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
    },
  },
  {
    files: TESTS,
    rules: { '@nx/enforce-module-boundaries': boundaries('layer:testkit', 'layer:conformance') },
  },
  {
    // D1. The same code runs in simulation: no clock, no chance, no I/O of its own.
    files: ['libs/domain/src/**', 'libs/application/src/**'],
    ignores: TESTS,
    rules: {
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'process'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time comes in through the Clock port (D1).' },
        { object: 'Math', property: 'random', message: 'Chance comes in through the Draw port (D1).' },
      ],
    },
  },
  {
    files: ['libs/domain/src/**'],
    ignores: TESTS,
    rules: { 'no-restricted-imports': ['error', { patterns: ['node:*'] }] },
  },
);
