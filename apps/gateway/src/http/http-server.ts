import { createHealthHandler, type Metrics } from '@meridian/telemetry';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { KeyPair } from './key-pair.ts';

export interface HttpServerOptions {
  readonly notReady: () => string | undefined;
  readonly metrics: Metrics;
  /** Without one there is no TLS. */
  readonly tls?: KeyPair | undefined;
}

/** Clients measure their round trip with this, so that it answers at once, to any origin, and lets scripts time it. */
const PING_HEADERS = {
  'access-control-allow-origin': '*',
  'timing-allow-origin': '*',
  'cache-control': 'no-store',
};
const HEADERS_TIMEOUT_MS = 10_000;

/** HTTP/1.1: /ping, /healthz, /readyz and /metrics. */
export function createHttpServer({ notReady, metrics, tls }: HttpServerOptions): Server {
  const handleHealth = createHealthHandler({ ready: notReady, metrics });
  const answer: RequestListener = (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === '/ping') response.writeHead(204, PING_HEADERS).end();
    else if (!handleHealth(request, response)) response.writeHead(404).end();
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  return server;
}
