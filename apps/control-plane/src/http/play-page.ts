import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ConfigError } from '@meridian/telemetry';
import type { Config } from '../config.ts';
import { missingRoute, type RouteTable } from './route-table.ts';

const API = /^\/(v1|admin|reference|openapi\.json|healthz|readyz|metrics|\.well-known)(\/|$)/;
/** Vite names assets by their content, so they may be kept for ever; the page itself is asked for each time. */
const ASSET_MAX_AGE_S = 31_536_000;

/** Serves the built play page at `/` and its configuration; with no CONSOLE_DIR the control plane is an API only. */
export async function servePlayPage(
  server: FastifyInstance,
  config: Pick<Config, 'consoleDir' | 'playApiKey'>,
  routes: RouteTable,
): Promise<void> {
  server.get('/play/config.json', (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .send(config.playApiKey === undefined ? {} : { apiKey: config.playApiKey }),
  );
  if (config.consoleDir === undefined) return;
  const root = resolve(config.consoleDir);
  if (!existsSync(resolve(root, 'index.html'))) {
    throw new ConfigError(
      'CONSOLE_DIR has no index.html; set it to the folder that the build of apps/console wrote.',
    );
  }
  await server.register(fastifyStatic, {
    root,
    wildcard: false,
    cacheControl: false,
    setHeaders: setCaching,
  });
  server.get('/*', (request, reply) => {
    if (!isPageAddress(request)) throw missingRoute(routes, request);
    return reply.sendFile('index.html');
  });
}

/** An address of the page that is no file, such as a deep link, is the page itself. */
function isPageAddress(request: FastifyRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? '/';
  const wantsHtml = request.headers.accept?.includes('text/html') === true;
  return request.method === 'GET' && wantsHtml && !API.test(path) && !/\.[a-z0-9]+$/i.test(path);
}

function setCaching(reply: Pick<FastifyReply, 'header'>, path: string): void {
  const isAsset = /\/assets\/[^/]+$/.test(path);
  reply.header('cache-control', isAsset ? `public, max-age=${ASSET_MAX_AGE_S}, immutable` : 'no-cache');
}
