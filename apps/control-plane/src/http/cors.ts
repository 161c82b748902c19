import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

/** What a browser keeps the answer of a preflight for. */
const PREFLIGHT_SECONDS = 600;

/**
 * Any page may call the public API: a caller proves itself by a bearer key and never by a cookie, so there is nothing
 * that another origin could ride on. The admin API is not for browsers of other origins.
 */
export function allowOtherOrigins(app: NestFastifyApplication): void {
  app.enableCors({
    delegator: (request: FastifyRequest, answer: (error: null, options: object) => void) =>
      answer(null, {
        origin: request.url.startsWith('/v1/') ? '*' : false,
        methods: ['GET', 'POST', 'DELETE'],
        allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'last-event-id', 'traceparent'],
        exposedHeaders: ['idempotency-replayed', 'retry-after', 'traceparent', 'www-authenticate'],
        maxAge: PREFLIGHT_SECONDS,
      }),
  });
}
