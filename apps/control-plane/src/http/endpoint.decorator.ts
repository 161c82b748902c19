import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { ReferenceObject, SchemaObject } from '@nestjs/swagger';
import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from './problem.ts';

/** What the OpenAPI document says of one route. Schemas with an id are referred to by it. */
export interface EndpointDoc {
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The security scheme; `none` for public routes. */
  readonly auth: 'apiKey' | 'adminKey' | 'none';
  readonly body?: z.ZodType;
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  readonly headers?: readonly HeaderDoc[];
  readonly status?: number;
  readonly answer?: z.ZodType;
  readonly answerType?: string;
  /** The same table as CSV, for `format=csv` or `Accept: text/csv`. */
  readonly csv?: true;
  readonly answerNote?: string;
  /** Further statuses that answer like the first, with what they mean; 204 without a body. */
  readonly also?: Readonly<Record<number, string>>;
  readonly problems?: readonly ProblemCode[];
}

export interface HeaderDoc {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

const WITH_KEY: readonly ProblemCode[] = ['api_key_missing', 'api_key_invalid', 'store_unavailable'];
const WITH_BODY: readonly ProblemCode[] = [
  'invalid_request',
  'malformed_json',
  'body_too_large',
  'unsupported_media_type',
];

export function Endpoint(doc: EndpointDoc): MethodDecorator {
  const decorators = [
    ApiTags(doc.tag),
    ApiOperation({ summary: doc.summary, ...(doc.description && { description: doc.description }) }),
    ...answersOf(doc),
    ...problemsOf(doc),
    ...(doc.auth === 'none' ? [] : [ApiBearerAuth(doc.auth)]),
    ...(doc.headers ?? []).map((header) =>
      ApiHeader({ ...header, required: false, schema: { type: 'string' } }),
    ),
    ...Object.entries(doc.params ?? {}).map(([name, schema]) =>
      ApiParam({ name, schema: inlineSchemaOf(schema) }),
    ),
    ...(doc.query ? queriesOf(doc.query) : []),
    ...(doc.body ? [ApiBody({ required: true, schema: schemaOf(doc.body) })] : []),
  ];
  return applyDecorators(...decorators);
}

function answersOf({
  status = 200,
  summary,
  answerNote = summary,
  also = {},
  ...doc
}: EndpointDoc): MethodDecorator[] {
  const type = doc.answerType ?? 'application/json';
  const content = doc.answer && {
    [type]: { schema: schemaOf(doc.answer) },
    ...(doc.csv && { 'text/csv': { schema: { type: 'string' as const } } }),
  };
  const withBody = (code: number) => (content && code !== 204 ? { content } : {});
  return [[status, answerNote] as const, ...Object.entries(also)].map(([key, description]) =>
    ApiResponse({ status: Number(key), description, ...withBody(Number(key)) }),
  );
}

/** Codes that share a status become examples of one response. */
function problemsOf(doc: EndpointDoc): MethodDecorator[] {
  const codes = [
    ...(doc.auth === 'none' ? [] : WITH_KEY),
    ...(doc.body ? WITH_BODY : doc.query ? (['invalid_request'] as const) : []),
    ...(doc.problems ?? []),
    'internal_error' as const,
  ];
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEMS[code].status);
  return [...byStatus].map(([status, same]) =>
    ApiResponse({
      status,
      description: same.map((code) => PROBLEMS[code].title).join('; or: '),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(same.map((code) => [code, { value: exampleOf(code) }])),
        },
      },
    }),
  );
}

const exampleOf = (code: ProblemCode) => ({
  type: `urn:meridian:problem:${code}`,
  title: PROBLEMS[code].title,
  status: PROBLEMS[code].status,
  detail: `${PROBLEMS[code].title}.`,
  code,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
});

function queriesOf(query: z.ZodObject): MethodDecorator[] {
  return Object.entries(query.shape).map(([name, field]) =>
    ApiQuery({
      name,
      required: !(field as z.ZodType).safeParse(undefined).success,
      schema: schemaOf(field as z.ZodType),
    }),
  );
}

function schemaOf(schema: z.ZodType): SchemaObject | ReferenceObject {
  const id = schema.meta()?.id;
  return id === undefined ? inlineSchemaOf(schema) : { $ref: `#/components/schemas/${id}` };
}

function inlineSchemaOf(schema: z.ZodType): SchemaObject {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: 'input' });
  return json as SchemaObject;
}
