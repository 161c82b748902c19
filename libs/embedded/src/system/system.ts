import path from 'node:path';
import { openDataDir, type DataDir } from '../layout.ts';
import { build } from '../prepare.ts';
import { Problem } from '../problem.ts';
import type { Progress } from '../progress.ts';
import { databaseUrl, initialisePostgres, postgresSpec } from '../servers/postgres.ts';
import { findRedisBinary } from '../servers/redis-binary.ts';
import { redisUrl, valkeySpec } from '../servers/valkey.ts';
import { DEFAULT_GATEWAYS, DEFAULT_MODEL } from '../options.ts';
import { endOurs, findOurs } from '../supervisor/our-processes.ts';
import { lockRun, unlockRun } from '../supervisor/run-lock.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { checkPortsFree, HOST, portPlan } from './ports.ts';
import { REGIONS } from './regions.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import { controlPlaneSpec, gatewaySpecs, workerSpecs, type Topology } from './topology.ts';

export interface SystemOptions {
  readonly folder: string;
  readonly portBase: number;
  /** 2 unless told. */
  readonly gatewaysPerRegion?: number;
  readonly workersPerRegion: number;
  readonly models?: readonly string[];
  readonly progress: Progress;
  readonly restart?: boolean;
  readonly controlPlaneEnv?: NodeJS.ProcessEnv;
  /** Answers where workers reach the control plane, host:port, when something is to listen in between. */
  readonly fleetVia?: (controlPlane: string) => Promise<string>;
  /** False: the build is known to be up to date. */
  readonly build?: boolean;
}

/** A whole Meridian on this machine. */
export interface System {
  readonly url: string;
  /** Where workers register, host:port. */
  readonly fleetGrpc: string;
  readonly data: DataDir;
  readonly secrets: Secrets;
  readonly databaseUrl: string;
  /** Of a region's Redis. */
  redisUrl(region: string): string;
  /** Rejects when a process turns out to be unable to run. */
  readonly failure: Promise<never>;
  pidOf(processName: string): number | undefined;
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/**
 * Takes the data folder, clears away what a killed run left, and starts the processes. The answer comes at once:
 * `ready` resolves when all are ready. Throws a `Problem` and leaves nothing running when that cannot be.
 */
export async function startSystem(
  options: SystemOptions,
): Promise<System & { readonly ready: Promise<void> }> {
  const data = openDataDir(options.folder);
  const url = `http://${HOST}:${options.portBase}`;
  const running = lockRun(data, url);
  if (running) {
    throw new Problem(
      `Meridian is already up on ${data.path} at ${running.url} (process ${running.pid}); \`./meridian down\` ends it.`,
    );
  }
  try {
    return await startOn(data, url, options);
  } catch (error) {
    unlockRun(data);
    throw error;
  }
}

async function startOn(data: DataDir, url: string, options: SystemOptions) {
  const { portBase, workersPerRegion, models = [DEFAULT_MODEL], progress, restart = true } = options;
  const { controlPlaneEnv = {}, gatewaysPerRegion = DEFAULT_GATEWAYS } = options;
  const left = await endOurs(() => findOurs(data));
  if (left > 0) progress.note(`ended ${left} processes that a killed run had left`);
  const ports = portPlan(portBase);
  const secrets = openSecrets(data);
  const fleetGrpc = `${HOST}:${ports.controlPlaneGrpc}`;
  const topology: Topology = {
    ...{ data, ports, secrets, gatewaysPerRegion, workersPerRegion, models, controlPlaneEnv },
    workersFleet: options.fleetVia ? await options.fleetVia(fleetGrpc) : fleetGrpc,
  };
  await checkPortsFree(allPorts(topology));
  const supervisor = new Supervisor({ data, progress, restart });
  const stop = async () => {
    await supervisor.stop();
    unlockRun(data);
  };
  const ready = startAll(supervisor, topology, options).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  ready.catch(() => undefined);
  const kill = () => supervisor.kill();
  const pidOf = (name: string) => supervisor.pidOf(name);
  const stores = {
    databaseUrl: databaseUrl({ data, port: ports.postgres, password: secrets.postgresPassword }),
    redisUrl: (region: string) => {
      const index = REGIONS.findIndex(({ id }) => id === region);
      return redisUrl({ port: ports.redis(index), password: secrets.redisPassword });
    },
  };
  return { url, fleetGrpc, data, secrets, ...stores, failure: supervisor.failure, ready, pidOf, stop, kill };
}

/**
 * Stores and build side by side, then everything else at once: workers and gateways wait for the control plane by
 * themselves, and loading the model takes as long as its migrations.
 */
async function startAll(supervisor: Supervisor, topology: Topology, options: SystemOptions): Promise<void> {
  const built =
    options.build === false ? Promise.resolve() : options.progress.step('the build is up to date', build);
  const stores = Promise.all([
    startPostgres(supervisor, topology),
    startRedis(supervisor, topology, options),
  ]);
  const others = built.then(() =>
    Promise.all([...gatewaySpecs(topology), ...workerSpecs(topology)].map((spec) => supervisor.start(spec))),
  );
  const controlPlane = Promise.all([built, stores]).then(() => supervisor.start(controlPlaneSpec(topology)));
  await Promise.race([Promise.all([stores, others, controlPlane]), supervisor.failure]);
}

async function startPostgres(supervisor: Supervisor, { data, ports, secrets }: Topology): Promise<void> {
  const postgres = { data, port: ports.postgres, password: secrets.postgresPassword };
  await initialisePostgres(postgres);
  await supervisor.start(postgresSpec(postgres));
}

async function startRedis(
  supervisor: Supervisor,
  topology: Topology,
  { progress }: SystemOptions,
): Promise<void> {
  const { data, ports, secrets } = topology;
  const binary = await findRedisBinary(progress);
  await Promise.all(
    REGIONS.map(({ id }, region) =>
      supervisor.start(
        valkeySpec({
          name: `redis-${id}`,
          binary,
          folder: path.join(data.redis, id),
          port: ports.redis(region),
          password: secrets.redisPassword,
        }),
      ),
    ),
  );
}

function allPorts({ ports, gatewaysPerRegion, workersPerRegion }: Topology): number[] {
  const workers = Array.from({ length: workersPerRegion * REGIONS.length }, (_unused, index) => index);
  return [
    ports.controlPlane,
    ports.controlPlaneGrpc,
    ports.postgres,
    ...REGIONS.flatMap((_region, region) => [
      ports.redis(region),
      ...Array.from({ length: gatewaysPerRegion }, (_unused, number) => number).flatMap((number) => [
        ports.gateway(region, number),
        ports.gatewayGrpc(region, number),
      ]),
    ]),
    ...workers.flatMap((index) => [ports.worker(index), ports.workerHealth(index)]),
  ];
}
