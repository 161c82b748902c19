// All wiring of a gateway: one process, no stores.
import { type Logger } from '@meridian/telemetry';
import { WorkerConnections } from '@meridian/worker-client';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { Config } from './config.ts';
import { GrpcServer } from './grpc/grpc-server.ts';
import { createHttpServer } from './http/http-server.ts';
import { GatewayMetrics } from './metrics.ts';
import { GrpcFleet } from './relay/fleet.ts';
import { SessionMemory } from './relay/session-memory.ts';
import { Streams } from './streams.ts';
import { KeySet } from './token/key-set.ts';
import { readSessionToken } from './token/session-token.ts';
import { createUpgradeHandler } from './websocket/ws-server.ts';

export interface Gateway {
  readonly port: number;
  readonly grpcPort: number;
  /** Takes nothing new, tells clients to connect again, and resolves when all were told. */
  close(): Promise<void>;
}

/** Resolves when both ports are open. It is ready (/readyz) when it has keys, too. */
export async function startGateway(config: Config, logger: Logger): Promise<Gateway> {
  const stopping = new AbortController();
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
    relay: {
      workers,
      fleet,
      metrics,
      logger,
      memory: new SessionMemory({ bytesMax: config.CHECKPOINT_MEMORY_MB * 1024 * 1024 }),
      readToken: (token) => readSessionToken(token, keys),
      limits: { firstMs: config.FIRST_MESSAGE_MS, stallMs: config.STALL_MS, migrateMs: config.MIGRATE_MS },
    },
  });
  const http = createHttpServer({ notReady: () => streams.notReady, metrics: metrics.exposition });
  http.on('upgrade', createUpgradeHandler({ streams, logger }));
  const grpc = new GrpcServer({ streams, logger });
  http.maxConnections = config.MAX_CONNECTIONS;
  grpc.server.maxConnections = config.MAX_CONNECTIONS;

  await keys.start(stopping.signal);
  const port = await listen(http, config.PORT, config.HOST);
  const grpcPort = await listen(grpc.server, config.GRPC_PORT, config.HOST);
  logger.info({ port, grpcPort }, 'gateway started');

  return {
    port,
    grpcPort,
    close: async () => {
      stopping.abort();
      http.close();
      grpc.stopAccepting();
      await streams.stop();
      http.closeAllConnections();
      grpc.close();
      workers.close();
      fleet.close();
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
