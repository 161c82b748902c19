import type { FastifyInstance } from 'fastify';
import type { Region } from '../config.ts';

/** The reference page brings its styles and its start-up script inside the page. */
const REFERENCE_CSP = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "frame-ancestors 'none'",
].join('; ');

/** The play page reaches its own origin and the gateways: pings over HTTP, streams over WebSocket. */
export function playPageCsp(regions: readonly Pick<Region, 'gateways'>[]): string {
  const origins = regions.flatMap(({ gateways }) => gateways.map(({ url }) => new URL(url).origin));
  const gateways = origins.flatMap((origin) => [origin, origin.replace(/^http/, 'ws')]);
  return [
    "default-src 'self'",
    `connect-src ${["'self'", ...new Set(gateways)].join(' ')}`,
    "img-src 'self' data: blob:",
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export function addSecurityHeaders(
  server: FastifyInstance,
  regions: readonly Pick<Region, 'gateways'>[],
): void {
  const pageCsp = playPageCsp(regions);
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers({
      'content-security-policy': request.url.startsWith('/reference') ? REFERENCE_CSP : pageCsp,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    });
    done();
  });
}
