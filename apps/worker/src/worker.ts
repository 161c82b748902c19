// All wiring of the process: what it is made of, in the order in which it starts and ends.
import type { DescribeResponse, RegisterRequest } from '@meridian/protocol/worker';
import { ConfigError, serveHealth, type HealthServer, type Logger } from '@meridian/telemetry';
import { ModelError } from '@meridian/world-model';
import { randomUUID } from 'node:crypto';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { frameEncoder, type FrameEncoder } from './encode/frame-encoder.ts';
import { sessionBytesMax } from './encode/session-bytes.ts';
import { DEADLINE_US } from './engine/cadence.ts';
import { fitsCheckpoint } from './engine/checkpoints.ts';
import { Engine } from './engine/engine.ts';
import { Pace } from './engine/pace.ts';
import { grpcFleet } from './fleet/fleet-client.ts';
import { FleetLink } from './fleet/fleet-link.ts';
import { workerMetrics, type WorkerMetrics } from './metrics.ts';
import { ModelHost } from './model/model-host.ts';
import { warmUp } from './model/warm-up.ts';
import { TokenReader } from './serve/session-token.ts';
import { serveWorker, type WorkerServer } from './serve/worker-server.ts';

export interface RunningWorker {
  readonly port: number;
  /** Undefined when no METRICS_PORT was asked for. */
  readonly metricsPort: number | undefined;
  /** Has its sessions moved, or sends them away in the end, says a last word to the control plane, and lets go of everything. */
  close(): Promise<void>;
}

const LOAD_MS_MAX = 30_000;
const LAST_HEARTBEAT_MS_MAX = 700;
const STREAMS_CLOSE_MS_MAX = 1_000;

export async function startWorker(config: Config, logger: Logger): Promise<RunningWorker> {
  const model = await startModel(config);
  if (!fitsCheckpoint(model.description)) {
    const { stateBytes } = model.description;
    logger.warn({ stateBytes }, 'a state is larger than a checkpoint may be: no session can be moved');
  }
  const measures = workerMetrics(config.REGION);
  const encoder = timed(frameEncoder(model.description.frame), measures);
  const warm = await warmUp({ clock: systemClock, model, encoder, slots: config.SLOTS });
  const { slots, batchMax } = warm;
  const pace = new Pace(systemClock, warm);
  const engine: Engine = new Engine({
    clock: systemClock,
    model,
    slots,
    batchMax,
    events: {
      changed: () => {
        measures.sessions(engine.sessions);
        link.changed();
      },
      ended: (ended) => {
        measures.ended(ended.reason);
        logger.info(ended, 'session ended');
      },
      stepped: (ms, sessions) => {
        pace.stepped(ms);
        measures.stepped(ms, sessions);
      },
      frameSent: (frame) => {
        pace.frameSent(frame);
        measures.frameSent(frame);
      },
      skipped: measures.skipped,
      reanchored: (sessions) => {
        measures.reanchored(sessions);
        logger.debug({ sessions }, 'the model pulls sessions back that had drifted');
      },
      modelFault: (error, sessionIds) => {
        measures.modelFault();
        logger.error({ err: error, sessionIds }, 'the model failed');
      },
    },
  });
  const paced = (): void => measures.sessions(engine.sessions);
  const tokens = new TokenReader({ workerId: config.WORKER_ID, refreshKeys: () => link.refreshKeys() });
  const describe = (): DescribeResponse => describeWorker(config, model, engine, encoder);
  const { HOST: host, GRPC_PORT, FLEET_SECRET: fleetSecret } = config;
  const server = await serveWorker(
    { clock: systemClock, engine, pace, tokens, encoder, logger, describe, fleetSecret, paced },
    host,
    GRPC_PORT,
  );
  const link = new FleetLink({
    fleet: grpcFleet(config.CONTROL_PLANE_GRPC, fleetSecret),
    clock: systemClock,
    draw: Math.random,
    engine,
    pace,
    logger,
    announcement: announcementOf(config, server.port, describe()),
    // Loading the model and the warm-up included: the GPU was ours all that while.
    ageMs: () => Math.round(process.uptime() * 1_000),
    useKeys: (jwksJson) => tokens.useKeys(jwksJson),
    failed: measures.fleetCallFailed,
  });
  const health = await startHealth(config, measures, () => reasonNotReady(link, engine));
  link.start();
  logger.info({ port: server.port, slots, batchMax, stepMs: pace.read().stepMs.p50 }, 'worker serves');
  return {
    port: server.port,
    metricsPort: health?.port,
    close: () => close({ engine, link, server, health, model }, config.DRAIN_MS),
  };
}

async function startModel(config: Config): Promise<ModelHost> {
  try {
    return await ModelHost.start({
      modelDir: config.MODEL_DIR,
      stepMsMax: config.STEP_MS_MAX,
      loadMsMax: LOAD_MS_MAX,
    });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ConfigError(
      `MODEL_DIR is "${config.MODEL_DIR}", which holds no model that can be served: ${error.message}`,
    );
  }
}

function describeWorker(
  config: Config,
  { description }: ModelHost,
  engine: Engine,
  { codecs }: FrameEncoder,
): DescribeResponse {
  return {
    workerId: config.WORKER_ID,
    model: description.model,
    modelVersion: description.version,
    frameWidth: description.frame.width,
    frameHeight: description.frame.height,
    framesPerSecond: description.framesPerSecond,
    actions: [...description.actions],
    stateBytes: description.stateBytes,
    slots: engine.slots,
    deadlineMs: DEADLINE_US / 1_000,
    codecs: [...codecs],
    sessionBytesMax: sessionBytesMax(description),
    rebuildMs: description.rebuildMs,
  };
}

function announcementOf(
  config: Config,
  port: number,
  describe: DescribeResponse,
): Omit<RegisterRequest, 'ageMs'> {
  return {
    workerId: config.WORKER_ID,
    incarnation: randomUUID(),
    region: config.REGION,
    address: config.ADVERTISE_ADDRESS ?? `${config.HOST}:${port}`,
    gpuType: config.GPU_TYPE,
    gpus: config.GPUS,
    purchase: config.GPU_PURCHASE,
    describe,
  };
}

function timed({ codecs, encode }: FrameEncoder, measures: WorkerMetrics): FrameEncoder {
  return {
    codecs,
    encode: async (rgb, format) => {
      const startedMs = performance.now();
      const image = await encode(rgb, format);
      measures.encoded(performance.now() - startedMs);
      return image;
    },
  };
}

async function startHealth(
  config: Config,
  { metrics }: WorkerMetrics,
  ready: () => string | undefined,
): Promise<HealthServer | undefined> {
  if (config.METRICS_PORT === undefined) return undefined;
  return serveHealth({ port: config.METRICS_PORT, host: config.HOST, metrics, ready });
}

function reasonNotReady(link: FleetLink, engine: Engine): string | undefined {
  return engine.quarantined ? 'The model of the worker keeps failing.' : link.notReady;
}

interface Parts {
  readonly engine: Engine;
  readonly link: FleetLink;
  readonly server: WorkerServer;
  readonly health: HealthServer | undefined;
  readonly model: ModelHost;
}

/** Nobody may be sent here any more before those who are here go: they would come straight back. */
async function close({ engine, link, server, health, model }: Parts, drainMs: number): Promise<void> {
  engine.beginTermination(drainMs);
  await link.sayNow(LAST_HEARTBEAT_MS_MAX);
  await engine.streamsGone();
  engine.sendEveryoneAway();
  await link.sayNow(LAST_HEARTBEAT_MS_MAX);
  link.close();
  await server.close(STREAMS_CLOSE_MS_MAX);
  await health?.close();
  await model.close();
}
