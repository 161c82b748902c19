import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot, type DataDir } from '../layout.ts';
import { DEFAULT_MODEL } from '../options.ts';
import { databaseUrl } from '../servers/postgres.ts';
import { redisUrl } from '../servers/valkey.ts';
import type { ProcessSpec } from '../supervisor/supervised-process.ts';
import { HOST, type PortPlan } from './ports.ts';
import { inVariable, REGIONS, regionsJson } from './regions.ts';
import type { Secrets } from './secrets.ts';

/** How one system is laid out: the processes of Meridian and what each is told. Stores are in `servers/`. */
export interface Topology {
  readonly data: DataDir;
  readonly ports: PortPlan;
  readonly secrets: Secrets;
  readonly gatewaysPerRegion: number;
  readonly workersPerRegion: number;
  /** Folders of libs/world-model/models; the workers of a region serve them in turn. */
  readonly models: readonly string[];
  /** Variables for the control plane on top of these, such as shorter time limits for a test. */
  readonly controlPlaneEnv: NodeJS.ProcessEnv;
  /** Where workers reach the control plane, host:port. */
  readonly workersFleet: string;
}

/**
 * Gateways stop first: a worker without streams has nothing to hand over, so that it ends at once, while the control
 * plane can still take its last counters. Stores come after all of these.
 */
const STOP_STAGE = { gateway: 0, worker: 1, controlPlane: 2 } as const;

export function controlPlaneSpec(topology: Topology): ProcessSpec {
  const { data, ports, secrets } = topology;
  const regionsFile = path.join(data.run, 'regions.json');
  writeFileSync(regionsFile, regionsJson(ports, topology.gatewaysPerRegion));
  const perRegion = REGIONS.flatMap(({ id }, index) => [
    [`REDIS_URL_${inVariable(id)}`, redisUrl({ port: ports.redis(index), password: secrets.redisPassword })],
    [`FLEET_SECRET_${inVariable(id)}`, secrets.fleetSecret(id)],
  ]);
  return nodeProcess('control-plane', 'control-plane', ports.controlPlane, STOP_STAGE.controlPlane, {
    PORT: String(ports.controlPlane),
    GRPC_PORT: String(ports.controlPlaneGrpc),
    ROLES: 'api,jobs',
    DATABASE_URL: databaseUrl({ data, port: ports.postgres, password: secrets.postgresPassword }),
    REGIONS_FILE: regionsFile,
    TOKEN_PRIVATE_KEY_FILE: secrets.tokenKeyFile,
    ADMIN_KEY: secrets.adminKey,
    // All of it listens on this machine alone; so may what is told of events.
    WEBHOOK_ALLOW_PRIVATE: '1',
    PLAY_API_KEY: secrets.playKey,
    CONSOLE_DIR: inRoot('apps', 'console', 'dist'),
    ...Object.fromEntries(perRegion),
    ...topology.controlPlaneEnv,
  });
}

export const gatewaySpecs = (topology: Topology): readonly ProcessSpec[] =>
  REGIONS.flatMap(({ id }, region) =>
    Array.from({ length: topology.gatewaysPerRegion }, (_unused, number) => {
      const { data, ports, secrets } = topology;
      const name = `gateway-${id}-${number + 1}`;
      return nodeProcess(name, 'gateway', ports.gateway(region, number), STOP_STAGE.gateway, {
        REGION: id,
        PORT: String(ports.gateway(region, number)),
        GRPC_PORT: String(ports.gatewayGrpc(region, number)),
        CONTROL_PLANE_GRPC: `${HOST}:${ports.controlPlaneGrpc}`,
        JWKS_URL: `http://${HOST}:${ports.controlPlane}/.well-known/jwks.json`,
        JWKS_CACHE_FILE: path.join(data.run, `jwks-${name}.json`),
        FLEET_SECRET: secrets.fleetSecret(id),
      });
    }),
  );

export const workerSpecs = ({
  ports,
  secrets,
  workersPerRegion,
  models,
  workersFleet,
}: Topology): readonly ProcessSpec[] =>
  REGIONS.flatMap(({ id }, region) =>
    Array.from({ length: workersPerRegion }, (_unused, number) => {
      const index = region * workersPerRegion + number;
      const workerId = `${id}-${number + 1}`;
      const model = models[number % models.length] ?? DEFAULT_MODEL;
      return nodeProcess(`worker-${workerId}`, 'worker', ports.workerHealth(index), STOP_STAGE.worker, {
        REGION: id,
        WORKER_ID: workerId,
        GRPC_PORT: String(ports.worker(index)),
        METRICS_PORT: String(ports.workerHealth(index)),
        GPU_TYPE: 'h100',
        MODEL_DIR: inRoot('libs', 'world-model', 'models', model),
        // Left to itself each worker would measure what it can do alone; here they all share the machine's cores.
        SLOTS: '2',
        // Two sessions encode at most two frames at a time; more threads would only take turns.
        UV_THREADPOOL_SIZE: '2',
        CONTROL_PLANE_GRPC: workersFleet,
        FLEET_SECRET: secrets.fleetSecret(id),
      });
    }),
  );

function nodeProcess(
  name: string,
  app: string,
  healthPort: number,
  stopStage: number,
  env: NodeJS.ProcessEnv,
): ProcessSpec {
  return {
    name,
    file: process.execPath,
    args: ['--enable-source-maps', inRoot('apps', app, 'dist', 'main.js')],
    env: { NODE_ENV: 'production', LOG_LEVEL: 'info', ...plainEnv(), HOST, ...env },
    ready: () => isReady(healthPort),
    stopSignal: 'SIGTERM',
    stopStage,
  };
}

/** What a shell happens to have set must not reach into the processes. */
function plainEnv(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'LD_LIBRARY_PATH', 'NODE_EXTRA_CA_CERTS', 'LOG_LEVEL'];
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.includes(name)));
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://${HOST}:${port}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
