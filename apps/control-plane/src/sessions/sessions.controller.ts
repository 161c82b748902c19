import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  Inject,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { EndSession, OpenSession, SessionRepository, Tenant } from '@meridian/application';
import type { SessionId } from '@meridian/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiKeyGuard } from '../auth/api-key.guard.ts';
import { CurrentTenant } from '../auth/tenant.decorator.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { SessionIdText, defined } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { END_SESSION, OPEN_SESSION, SESSIONS, VIEW_SESSION } from '../tokens.ts';
import { found, SESSION_ID } from './found.ts';
import { IDEMPOTENCY_KEY } from './idempotency-key.ts';
import { openedOrProblem } from './open-outcome.ts';
import { toMember } from './open-request.ts';
import { placementsOf } from './placement-view.ts';
import { summarise, type ViewSession } from './session-view.ts';
import * as schemas from './session.schemas.ts';

@Controller('v1/sessions')
@UseGuards(ApiKeyGuard)
export class SessionsController {
  constructor(
    @Inject(OPEN_SESSION) private readonly open: OpenSession,
    @Inject(END_SESSION) private readonly end: EndSession,
    @Inject(SESSIONS) private readonly sessions: SessionRepository,
    @Inject(VIEW_SESSION) private readonly viewSession: ViewSession,
  ) {}

  @Post()
  @Endpoint({
    tag: 'sessions',
    summary: 'Open a session',
    description:
      'Places a session on a worker near the user. The answer says where to stream, and which regions were considered ' +
      'and why. When nothing is free the session is `queued`: follow its events. A reservation that is not taken up ' +
      'within 60 s goes back. With an `Idempotency-Key` a replay answers 200 and `Idempotency-Replayed: true`.',
    auth: 'apiKey',
    body: schemas.OpenSession,
    headers: [IDEMPOTENCY_KEY],
    status: 201,
    answer: schemas.Session,
    also: { 200: 'The session that this idempotency key opened before' },
    problems: [
      'unknown_model',
      'no_eligible_region',
      'idempotency_key_reused',
      'session_quota_exceeded',
      'budget_exhausted',
      'queue_wait_too_long',
    ],
  })
  async openSession(
    @CurrentTenant() tenant: Tenant,
    @Body(new Valid(schemas.OpenSession)) body: z.output<typeof schemas.OpenSession>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<schemas.SessionView> {
    const idempotencyKey = new Valid(schemas.IdempotencyKey, 'Idempotency-Key').transform(key);
    const { model, rttMs, rttMeasuredAt, gpus, metadata, ...rest } = body;
    const asked = {
      ...toMember({ rttMs, rttMeasuredAt, gpus, metadata }),
      ...defined({ ...rest, idempotencyKey }),
    };
    const outcome = await this.open({ tenant, model, traceId: request.trace.traceId, ...asked });
    const { session, replayed } = openedOrProblem(outcome);
    void reply.status(replayed ? 200 : 201).header('location', `/v1/sessions/${session.request.sessionId}`);
    if (replayed) void reply.header('idempotency-replayed', 'true');
    return this.viewSession(session);
  }

  @Get()
  @Endpoint({
    tag: 'sessions',
    summary: 'List sessions, newest first',
    description: 'Queue places and connections are not listed; read the one session for those.',
    auth: 'apiKey',
    query: schemas.ListSessionsQuery,
    answer: schemas.SessionList,
  })
  async listSessions(
    @CurrentTenant() tenant: Tenant,
    @Query(new Valid(schemas.ListSessionsQuery, 'query')) query: z.output<typeof schemas.ListSessionsQuery>,
  ): Promise<z.output<typeof schemas.SessionList>> {
    const { limit, ...filter } = query;
    const page = await this.sessions.list(tenant.tenantId, { limit, ...defined(filter) });
    return { sessions: page.sessions.map(summarise), nextCursor: page.nextCursor };
  }

  @Get(':sessionId')
  @Endpoint({
    tag: 'sessions',
    summary: 'Read a session',
    description: 'Its `connection` carries a fresh token for the present epoch.',
    auth: 'apiKey',
    params: { sessionId: SessionIdText },
    answer: schemas.Session,
    problems: ['session_not_found'],
  })
  async readSession(
    @CurrentTenant() tenant: Tenant,
    @Param('sessionId', SESSION_ID) sessionId: SessionId,
  ): Promise<schemas.SessionView> {
    const session = await this.sessions.findForTenant(tenant.tenantId, sessionId);
    return this.viewSession(found(session));
  }

  @Get(':sessionId/placements')
  @Endpoint({
    tag: 'sessions',
    summary: 'Why a session runs where it runs',
    description:
      'Every time it was queued, placed or moved: candidates with their scores, and why the others could not take it.',
    auth: 'apiKey',
    params: { sessionId: SessionIdText },
    answer: schemas.PlacementList,
    problems: ['session_not_found'],
  })
  async listPlacements(
    @CurrentTenant() tenant: Tenant,
    @Param('sessionId', SESSION_ID) sessionId: SessionId,
  ): Promise<z.output<typeof schemas.PlacementList>> {
    found(await this.sessions.findForTenant(tenant.tenantId, sessionId));
    return { placements: placementsOf(await this.sessions.events(sessionId, 0)) };
  }

  @Delete(':sessionId')
  @Endpoint({
    tag: 'sessions',
    summary: 'End a session',
    description: 'Frees its slot and makes its usage final. Ending twice is harmless.',
    auth: 'apiKey',
    params: { sessionId: SessionIdText },
    answer: schemas.Session,
    problems: ['session_not_found'],
  })
  async endSession(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('sessionId', SESSION_ID) sessionId: SessionId,
  ): Promise<schemas.SessionView> {
    const outcome = await this.end({ tenantId, sessionId, reason: 'client_ended' });
    return this.viewSession(found(outcome.kind === 'ended' ? outcome.session : undefined));
  }
}
