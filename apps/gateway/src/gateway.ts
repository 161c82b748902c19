// All wiring of a gateway: one process, no stores.
import { type Logger } from '@meridian/telemetry';
import { WorkerConnections } from '@meridian/worker-client';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { Config } from './config.ts';
import { GrpcServer } from './grpc/grpc-server.ts';
import { createHttpServer } from './http/http-server.ts';
import { readKeyPair } from './http/key-pair.ts';
import { GatewayMetrics } from './metrics.ts';
import { Arrivals } from './relay/arrivals.ts';
import { GrpcFleet } from './relay/fleet.ts';
import { SessionMemory } from './relay/session-memory.ts';
import { Turns } from './relay/turns.ts';
import { Streams } from './streams.ts';
import { KeySet } from './token/key-set.ts';
import { readSessionToken } from './token/session-token.ts';
import { createUpgradeHandler } from './websocket/ws-server.ts';

/** Sessions that leave draining workers at once; the others go on where they are until it is their turn. */
const MOVES_AT_ONCE = 16;
/**
 * Connections that the kernel keeps until we take them, if its own limit (net.core.somaxconn) is not lower. When thousands
 * come at once, each that finds no room asks again after 1, 3 and 7 s.
 */
const BACKLOG = 4_096;

export interface Gateway {
  readonly port: number;
  readonly grpcPort: number;
  /** Takes nothing new, tells clients to connect again, and resolves when all were told. */
  close(): Promise<void>;
}

/** Resolves when both ports are open. It is ready (/readyz) when it has keys, too. */
export async function startGateway(
  config: Config,
  logger: Logger,
  arrivals = new Arrivals(),
): Promise<Gateway> {
  const stopping = new AbortController();
  const tls = readKeyPair(config);
  const metrics = new GatewayMetrics(config.REGION);
  const keys = new KeySet({
    url: config.JWKS_URL,
    logger,
    ...(config.JWKS_CACHE_FILE === undefined ? {} : { cacheFile: config.JWKS_CACHE_FILE }),
  });
  const workers = new WorkerConnections();
  const fleet = new GrpcFleet(config.CONTROL_PLANE_GRPC, config.FLEET_SECRET);
  const streams = new Streams({
    region: config.REGION,
    keys,
    streamsMax: config.MAX_STREAMS,
    streamsPerTokenMax: config.STREAMS_PER_TOKEN_MAX,
    relay: {
      workers,
      fleet,
      metrics,
      logger,
      memory: new SessionMemory({ bytesMax: config.CHECKPOINT_MEMORY_MB * 1024 * 1024 }),
      readToken: (token) => readSessionToken(token, keys),
      turns: new Turns(MOVES_AT_ONCE),
      arrivals,
      limits: {
        firstMs: config.FIRST_MESSAGE_MS,
        stallMs: config.STALL_MS,
        migrateMs: config.MIGRATE_MS,
        actionsPerSecondMax: config.ACTIONS_PER_SECOND_MAX,
      },
    },
  });
  const http = createHttpServer({ notReady: () => streams.notReady, metrics: metrics.exposition, tls });
  http.on('upgrade', createUpgradeHandler({ streams, logger }));
  const grpc = new GrpcServer({ streams, logger, tls });
  http.maxConnections = config.MAX_CONNECTIONS;
  grpc.server.maxConnections = config.MAX_CONNECTIONS;

  await keys.start(stopping.signal);
  const port = await listen(http, config.PORT, config.HOST);
  const grpcPort = await listen(grpc.server, config.GRPC_PORT, config.HOST);
  logger.info({ port, grpcPort, tls: tls !== undefined }, 'gateway started');

  return {
    port,
    grpcPort,
    close: async () => {
      stopping.abort();
      grpc.stopAccepting();
      // Until the last stream has gone, /readyz says why nothing new is taken.
      await streams.stop();
      http.close();
      http.closeAllConnections();
      grpc.close();
      workers.close();
      fleet.close();
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen({ port, host, backlog: BACKLOG });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
