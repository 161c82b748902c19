import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

export interface HealthOptions {
  /** Why the process cannot do its work now, as a sentence; undefined when it can. */
  readonly ready: () => string | undefined | Promise<string | undefined>;
  readonly metrics: Metrics;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers GET /healthz (200 while the process runs), /readyz (200, or 503 with the reason) and /metrics.
 * Returns false and touches nothing when the request is for another path, so that a server may mount it.
 */
export function createHealthHandler({ ready, metrics }: HealthOptions) {
  const answers: Record<string, (request: IncomingMessage) => Promise<Answer>> = {
    '/healthz': () => Promise.resolve(json(200, { status: 'ok' })),
    '/readyz': async () => {
      const reason = await ready();
      return reason === undefined
        ? json(200, { status: 'ready' })
        : json(503, { status: 'not ready', reason });
    },
    '/metrics': async ({ headers }) => {
      const { type, text } = await metrics.exposition(headers.accept);
      return { status: 200, type, body: text };
    },
  };
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const answer = answers[(request.url ?? '').split('?', 1)[0] ?? ''];
    if (!answer || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    answer(request)
      .catch((error: unknown) => json(503, { status: 'not ready', reason: String(error) }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : body);
      })
      .catch(() => response.destroy());
    return true;
  };
}

/** A small HTTP server for processes that have none of their own. `port` 0 takes any free one. */
export async function serveHealth(
  options: HealthOptions & { readonly port: number; readonly host?: string },
): Promise<HealthServer> {
  const handle = createHealthHandler(options);
  const server = createServer((request, response) => {
    if (!handle(request, response)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const json = (status: number, body: object): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});
