import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const layer = (sourceTag, ...onlyDependOnLibsWithTags) => ({ sourceTag, onlyDependOnLibsWithTags });

/** Third-party packages that a layer may not import, by tag. */
const banned = (sourceTag, ...bannedExternalImports) => ({ sourceTag, bannedExternalImports });

const STORES = ['@prisma/*', 'pg', 'ioredis', 'bullmq'];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', '.meridian/**', '.nx/**', 'libs/world-model/training/**'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  prettier,
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    plugins: { '@nx': nx, 'import-x': importX },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          enforceBuildableLibDependency: false,
          depConstraints: [
            layer('layer:domain', 'layer:domain'),
            layer('layer:application', 'layer:domain'),
            layer('layer:protocol'),
            layer('layer:telemetry'),
            layer('layer:model'),
            layer('layer:adapter', 'layer:application', 'layer:domain', 'layer:protocol', 'layer:telemetry', 'layer:testkit'),
            layer('layer:sdk', 'layer:protocol'),
            layer('layer:testkit', 'layer:application', 'layer:domain', 'layer:protocol'),
            layer('layer:embedded', 'layer:sdk'),
            layer('app:control-plane', 'layer:application', 'layer:domain', 'layer:protocol', 'layer:adapter', 'layer:telemetry', 'layer:testkit'),
            layer('app:gateway', 'layer:protocol', 'path:data', 'layer:telemetry'),
            layer('app:worker', 'layer:protocol', 'layer:model', 'layer:telemetry'),
            layer('app:console', 'layer:sdk'),
            banned('layer:domain', '*'),
            banned('layer:application', '@nestjs/*', 'fastify', ...STORES),
            banned('app:gateway', ...STORES),
            banned('app:worker', ...STORES),
          ],
        },
      ],
      'import-x/no-cycle': ['error', { maxDepth: 20 }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
    },
  },
);
