import { newTrace } from '@meridian/telemetry';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppModule, type Outside } from './app.module.ts';
import { allowOtherOrigins } from './http/cors.ts';
import { createOpenApiDocument } from './http/openapi.ts';
import { servePlayPage } from './http/play-page.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { BODY_LIMIT_BYTES, fromHttpStatus } from './http/problem.ts';
import { serveReference } from './http/reference.ts';
import { addRequestHooks } from './http/request-hooks.ts';
import { RouteTable } from './http/route-table.ts';
import { addSecurityHeaders } from './http/security-headers.ts';
import { NestLogger } from './nest-logger.ts';

/** For a request to arrive in full; answers may take longer (SSE). */
const REQUEST_TIMEOUT_MS = 30_000;

export interface HttpApp {
  readonly app: NestFastifyApplication;
  readonly document: OpenAPIObject;
}

/** The HTTP side, ready to listen. Throws `ConfigError` when the play page is not where CONSOLE_DIR says. */
export async function createHttpApp(outside: Outside): Promise<HttpApp> {
  const { config, logger, metrics } = outside;
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...(config.trustedProxies && { trustProxy: [...config.trustedProxies] }),
    // An address that does not decode never reaches the hooks and filters below.
    frameworkErrors: (_error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      const problem = fromHttpStatus(400);
      const text = JSON.stringify(problem.toDocument(newTrace().traceId));
      void reply.status(400).type('application/problem+json; charset=utf-8').send(text);
    },
  });
  const server = adapter.getInstance();
  server.removeContentTypeParser('text/plain');
  const routes = new RouteTable(server);
  addRequestHooks(server, logger, metrics);
  addSecurityHeaders(server, config.regions);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(outside), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    // Fastify's own parser reads JSON; Nest would add one for forms, which the API does not take.
    bodyParser: false,
  });
  app.useGlobalFilters(new ProblemFilter(logger, routes));
  allowOtherOrigins(app);
  const document = createOpenApiDocument(app);
  await serveReference(server, document);
  await servePlayPage(server, config, routes);
  await app.init();
  return { app, document };
}
