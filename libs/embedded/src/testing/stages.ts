import { rmSync } from 'node:fs';
import { onInterrupt } from '../interrupt.ts';
import { openDataDir } from '../layout.ts';
import { build } from '../prepare.ts';
import type { Progress } from '../progress.ts';
import { databaseUrl, initialisePostgres, postgresSpec } from '../servers/postgres.ts';
import { findRedisBinary } from '../servers/redis-binary.ts';
import { redisUrl, valkeySpec } from '../servers/valkey.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { freePortBase, portPlan } from '../system/ports.ts';
import { openSecrets } from '../system/secrets.ts';
import { startThrowAway, throwAwayFolder } from '../system/throw-away.ts';
import { findChromium } from './chromium.ts';
import { runJest } from './jest-run.ts';
import { pythonChecks } from './python-checks.ts';
import { failed, passed, type Check } from './result.ts';
import { staticChecks } from './static-checks.ts';

export interface Stage {
  readonly name: string;
  readonly checks: (progress: Progress) => readonly Check[];
}

/** In the order in which they run: after the build, what is quick to fail comes first. */
export const STAGES: readonly Stage[] = [
  // First, because types and tests read the Prisma client that it generates.
  { name: 'build', checks: () => [buildCheck] },
  { name: 'static', checks: () => staticChecks },
  { name: 'unit', checks: (progress) => [jestCheck('unit', progress)] },
  { name: 'sim', checks: (progress) => [jestCheck('sim', progress)] },
  { name: 'integration', checks: (progress) => [integrationCheck(progress)] },
  { name: 'python', checks: pythonChecks },
  { name: 'e2e', checks: (progress) => [e2eCheck(progress)] },
];

const jestCheck = (project: string, { note }: Progress): Check => ({
  name: `${project} tests`,
  run: () => runJest({ project, everyCore: true, onOutput: note }),
});

const buildCheck: Check = {
  name: 'build',
  run: () =>
    build().then(
      () => passed(),
      (error: unknown) => failed(String(error)),
    ),
};

/** Real stores, once for all files; each file makes its own database and takes its own keys. */
const integrationCheck = (progress: Progress): Check => ({
  name: 'integration tests',
  run: async () => {
    const data = openDataDir(throwAwayFolder());
    const { postgresPassword, redisPassword } = openSecrets(data);
    const ports = portPlan(await freePortBase());
    const postgres = { data, port: ports.postgres, password: postgresPassword };
    const valkey = { port: ports.redis(0), password: redisPassword };
    const supervisor = new Supervisor({ data, progress, restart: false });
    const dropFolder = () => rmSync(data.path, { recursive: true, force: true });
    const stopListening = onInterrupt({
      end: () => supervisor.stop().finally(dropFolder),
      force: () => supervisor.kill(),
    });
    try {
      await initialisePostgres(postgres);
      const binary = await findRedisBinary(progress);
      const redis = valkeySpec({ name: 'redis', binary, folder: `${data.redis}/test`, ...valkey });
      await Promise.all([supervisor.start(postgresSpec(postgres)), supervisor.start(redis)]);
      const env = { TEST_DATABASE_URL: databaseUrl(postgres, 'postgres'), TEST_REDIS_URL: redisUrl(valkey) };
      return await runJest({ project: 'integration', env, onOutput: progress.note });
    } finally {
      await supervisor.stop();
      stopListening();
      dropFolder();
    }
  },
});

/** One running system for all files, which must leave nothing behind. */
const e2eCheck = (progress: Progress): Check => ({
  name: 'end-to-end tests',
  run: async () => {
    const chromium = await findChromium(progress);
    const system = await startThrowAway({ progress });
    const env = {
      MERIDIAN_URL: system.url,
      MERIDIAN_ADMIN_KEY: system.secrets.adminKey,
      MERIDIAN_API_KEY: system.secrets.playKey,
      MERIDIAN_FLEET_GRPC: system.fleetGrpc,
      CHROMIUM: chromium,
    };
    const result = await runJest({ project: 'e2e', env, inBand: true, onOutput: progress.note });
    const orphans = await system.remove();
    const output = orphans > 0 ? `${result.output}\n${orphans} processes were left running.` : result.output;
    return {
      passed: result.passed + (orphans > 0 ? 0 : 1),
      failed: result.failed + (orphans > 0 ? 1 : 0),
      output,
    };
  },
});
