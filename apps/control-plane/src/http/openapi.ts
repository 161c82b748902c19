import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { ParameterObject, PathItemObject } from '@nestjs/swagger';
import { z } from 'zod';

const DESCRIPTION = `Meridian places interactive world-model sessions on GPUs across regions, streams their frames and
says what every user-hour costs.

Open a session with \`POST /v1/sessions\`, then connect to the \`connection\` that it answers with (WebSocket or gRPC).
Errors are problem documents (RFC 9457): branch on \`code\`, show \`detail\`, quote \`traceId\`.
Money is a string of whole nano-units; times are ISO 8601 in UTC; ids are opaque.
Send \`traceparent\` (W3C) to have your own trace id in every log line that a session leaves.`;

const TAGS = {
  sessions: 'Open, read, follow and end sessions.',
  pairing: 'Let other devices take part in a session.',
  usage: 'What sessions used and cost.',
  billing: 'Usage, cost, price, invoices, budgets and webhooks.',
  catalogue: 'Regions to measure and models to play.',
  tenants: 'Tenants and their API keys (admin).',
  fleet: 'Pools, workers, rates and the cost of the fleet (admin).',
  operations: 'Keys, health and metrics for machines.',
};

/** OpenAPI 3.1: paths from the controllers, shapes from the same zod schemas that requests are checked with. */
export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Meridian')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'API key',
        description: "A tenant's API key, `mk_...`",
      },
      'apiKey',
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'admin key', description: "The operator's key" },
      'adminKey',
    );
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    autoTagControllers: false,
    operationIdFactory: (_controller, method) => method,
  });
  for (const path of Object.values(document.paths)) sortParameters(path);
  const schemas = componentSchemas() as NonNullable<OpenAPIObject['components']>['schemas'];
  return {
    ...document,
    openapi: '3.1.0',
    components: { ...document.components, ...(schemas && { schemas }) },
  };
}

/** Compilers differ in what they let the explorer see of a parameter, and so in the order; the document must not. */
function sortParameters(path: PathItemObject): void {
  const place = ({ in: where, name }: ParameterObject) =>
    `${['path', 'query', 'header', 'cookie'].indexOf(where)} ${name}`;
  for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
    const parameters = (operation?.parameters ?? []) as ParameterObject[];
    parameters.sort((a, b) => (place(a) < place(b) ? -1 : 1));
  }
}

function componentSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    Object.entries(schemas)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema]),
  );
}
