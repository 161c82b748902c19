import { ESLint } from 'eslint';
import { inRoot } from '../layout.ts';
import { nxEnv } from '../prepare.ts';
import { failed, passed, type Check } from './result.ts';

const BOUNDARIES = '@nx/enforce-module-boundaries';

/** Imports that ARCHITECTURE.md forbids: where, what, and the rule that must say so. */
const FORBIDDEN = [
  ['libs/domain/src/forbidden.ts', `import '@meridian/application';`, BOUNDARIES],
  ['libs/domain/src/forbidden.ts', `import 'zod';`, BOUNDARIES],
  ['libs/domain/src/forbidden.ts', `import 'node:fs';`, 'no-restricted-imports'],
  ['libs/application/src/forbidden.ts', `import 'ioredis';`, BOUNDARIES],
  ['libs/application/src/forbidden.ts', `import '@meridian/testkit';`, BOUNDARIES],
  ['libs/redis/src/forbidden.ts', `import '@meridian/postgres';`, BOUNDARIES],
  ['apps/gateway/src/forbidden.ts', `import '@meridian/redis';`, BOUNDARIES],
  ['apps/gateway/src/forbidden.ts', `import 'bullmq';`, BOUNDARIES],
  ['apps/worker/src/forbidden.ts', `import '@meridian/postgres';`, BOUNDARIES],
  ['apps/worker/src/forbidden.ts', `import '@meridian/conformance';`, BOUNDARIES],
  ['libs/conformance/src/forbidden.ts', `import '@meridian/worker-client';`, BOUNDARIES],
] as const;

/**
 * The boundary rule reads the project graph that Nx wrote last, and lets everything pass without one. So what it must
 * refuse is shown to it. Run after the lint, which has the graph written.
 */
export const boundaryCheck: Check = {
  name: 'module boundaries refuse what they must',
  run: async () => {
    Object.assign(process.env, { NX_DAEMON: nxEnv()['NX_DAEMON'] });
    const eslint = new ESLint({ cwd: inRoot() });
    const accepted: string[] = [];
    for (const [filePath, code, rule] of FORBIDDEN) {
      const [result] = await eslint.lintText(`${code}\n`, { filePath: inRoot(filePath) });
      const refused = result?.messages.some(({ ruleId }) => ruleId === rule) ?? false;
      if (!refused) accepted.push(`${filePath}: ${code}`);
    }
    return accepted.length === 0 ? passed() : failed(`These pass, but must not:\n${accepted.join('\n')}`);
  },
};
