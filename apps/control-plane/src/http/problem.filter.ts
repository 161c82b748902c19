import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { StoreUnavailable } from '@meridian/application';
import type { Logger } from '@meridian/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { missingRoute, type RouteTable } from './route-table.ts';
import { Problem, fromHttpStatus, storeUnavailable } from './problem.ts';

/** The one place where an error becomes an answer. What is not known stays in the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger: Logger;
  readonly #routes: RouteTable;

  constructor(logger: Logger, routes: RouteTable) {
    this.#logger = logger;
    this.#routes = routes;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = this.#toProblem(error, request);
    if (problem.code === 'internal_error')
      this.#logger.error({ err: error, traceId: request.trace.traceId }, 'bug');
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply
      .status(problem.status)
      .headers({ 'cache-control': 'no-store', ...problem.parts.headers })
      .type('application/problem+json; charset=utf-8')
      .send(JSON.stringify(problem.toDocument(request.trace.traceId)));
  }

  #toProblem(error: unknown, request: FastifyRequest): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof StoreUnavailable) return storeUnavailable(error.store);
    if (!(error instanceof HttpException) || error.getStatus() >= 500) {
      return new Problem('internal_error', 'It was recorded; quote the trace id when you report it.');
    }
    if (error.getStatus() === 404) return missingRoute(this.#routes, request);
    if (codeOf(error.cause) === 'FST_ERR_CTP_INVALID_JSON_BODY') {
      return new Problem('malformed_json', 'The body does not parse as JSON; check quotes and commas.');
    }
    if (codeOf(error.cause) === 'FST_ERR_CTP_EMPTY_JSON_BODY') {
      return new Problem(
        'malformed_json',
        'The body is empty; send a JSON object, or leave out Content-Type.',
      );
    }
    return fromHttpStatus(error.getStatus());
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
