import { continueTrace, formatTraceparent, type Logger, type TraceContext } from '@meridian/telemetry';
import type { Tenant } from '@meridian/application';
import type { FastifyInstance } from 'fastify';
import type { ControlPlaneMetrics } from '../metrics.ts';

declare module 'fastify' {
  interface FastifyRequest {
    trace: TraceContext;
    /** Set by the API key guard. */
    tenant: Tenant | undefined;
  }
}

const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

/** Every request goes on with the caller's trace, is measured by route, and leaves one line in the log. */
export function addRequestHooks(server: FastifyInstance, logger: Logger, metrics: ControlPlaneMetrics): void {
  server.decorateRequest('trace', { getter: unset });
  server.decorateRequest('tenant', undefined);
  server.addHook('onRequest', (request, reply, done) => {
    const trace = continueTrace(header(request.headers.traceparent));
    Object.defineProperty(request, 'trace', { value: trace });
    reply.header('traceparent', formatTraceparent(trace));
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const durationMs = reply.elapsedTime;
    metrics.httpSeconds.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      durationMs / 1_000,
    );
    if (!QUIET.has(route)) {
      const sessionId = sessionIdOf(route, request.params);
      const line = {
        traceId: request.trace.traceId,
        method: request.method,
        route,
        status: reply.statusCode,
        durationMs,
      };
      logger.info({ ...line, ...(sessionId && { sessionId }) }, 'request');
    }
    done();
  });
}

function unset(): never {
  throw new Error('read before the onRequest hook ran');
}

const header = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

function sessionIdOf(route: string, params: unknown): string | undefined {
  if (!route.startsWith('/v1/sessions/:') || typeof params !== 'object' || params === null) return undefined;
  const id: unknown = Reflect.get(params, 'sessionId');
  return typeof id === 'string' ? id.slice(0, 64) : undefined;
}
