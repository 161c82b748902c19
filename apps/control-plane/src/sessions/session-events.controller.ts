import {
  Controller,
  Get,
  Headers,
  Inject,
  Param,
  Req,
  Res,
  UseGuards,
  type BeforeApplicationShutdown,
} from '@nestjs/common';
import type { SessionRepository, Tenant } from '@meridian/application';
import type { SessionId } from '@meridian/domain';
import type { Logger } from '@meridian/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiKeyGuard } from '../auth/api-key.guard.ts';
import { CurrentTenant } from '../auth/tenant.decorator.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { sendEventStream } from '../http/event-stream.ts';
import { SessionIdText } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { LOGGER, SESSIONS, SESSION_EVENT_PORTS } from '../tokens.ts';
import { SESSION_ID, found } from './found.ts';
import { followSession, type SessionEventPorts } from './session-events.ts';
import { SessionEventStream } from './session.schemas.ts';

const LastEventId = z
  .string()
  .regex(/^\d{1,9}$/, 'must be the number of an event')
  .default('0')
  .transform(Number);

const LAST_EVENT_ID = { name: 'Last-Event-ID', description: 'Go on after this event', example: '3' };

@Controller('v1/sessions')
@UseGuards(ApiKeyGuard)
export class SessionEventsController implements BeforeApplicationShutdown {
  readonly #open = new Set<AbortController>();

  constructor(
    @Inject(SESSIONS) private readonly sessions: SessionRepository,
    @Inject(SESSION_EVENT_PORTS) private readonly ports: SessionEventPorts,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get(':sessionId/events')
  @Endpoint({
    tag: 'sessions',
    summary: 'Follow a session',
    description:
      'Server-sent events: every event of the session with its number as `id` and `{type, at, session}` as data ' +
      '(`migrating` also `reason`: `worker_lost` or `drain`), `queue` `{position, etaMs}` while it waits, `usage` once a second while it is active. Resumes after `Last-Event-ID`, ' +
      'says `:` every 15 s, and ends after `ended`.',
    auth: 'apiKey',
    params: { sessionId: SessionIdText },
    headers: [LAST_EVENT_ID],
    answer: SessionEventStream,
    answerType: 'text/event-stream',
    also: { 204: 'The end was already told: nothing will come' },
    problems: ['invalid_request', 'session_not_found'],
  })
  async followSession(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('sessionId', SESSION_ID) sessionId: SessionId,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = new Valid(LastEventId, 'Last-Event-ID').transform(lastEventId);
    const session = found(await this.sessions.findForTenant(tenantId, sessionId));
    if (session.state === 'ended' && after >= session.eventCount) {
      await reply.status(204).send();
      return;
    }
    const abort = new AbortController();
    this.#open.add(abort);
    const messages = followSession(this.ports, session, after, abort.signal);
    reply.hijack();
    await sendEventStream(reply.raw, reply.getHeaders(), abort, messages)
      .catch((error: unknown) => {
        this.logger.error(
          { err: error, sessionId, traceId: request.trace.traceId },
          'event stream broke off',
        );
      })
      .finally(() => this.#open.delete(abort));
  }

  /** Clients come back to another replica with their Last-Event-ID. */
  beforeApplicationShutdown(): void {
    for (const abort of this.#open) abort.abort();
  }
}
