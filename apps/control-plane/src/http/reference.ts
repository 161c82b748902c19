import scalar from '@scalar/fastify-api-reference';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';

/** `/openapi.json`, and a page for people that reads it; the page's script comes from here, not from a CDN. */
export async function serveReference(server: FastifyInstance, document: OpenAPIObject) {
  const text = JSON.stringify(document);
  server.get('/openapi.json', (_request, reply) =>
    reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8').send(text),
  );
  await server.register(scalar, {
    routePrefix: '/reference',
    configuration: {
      url: '/openapi.json',
      pageTitle: 'Meridian API',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  });
}
