import { Body, Controller, Get, Headers, Inject, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { OpenGroup, SessionRepository, Tenant } from '@meridian/application';
import type { GroupId, Session } from '@meridian/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiKeyGuard } from '../auth/api-key.guard.ts';
import { CurrentTenant } from '../auth/tenant.decorator.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { defined } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { OPEN_GROUP, SESSIONS, VIEW_SESSION } from '../tokens.ts';
import { GROUP_ID, noGroup } from './found.ts';
import { IDEMPOTENCY_KEY } from './idempotency-key.ts';
import { openedOrProblem } from './open-outcome.ts';
import { toMember } from './open-request.ts';
import type { ViewSession } from './session-view.ts';
import * as schemas from './session.schemas.ts';

@Controller('v1/session-groups')
@UseGuards(ApiKeyGuard)
export class SessionGroupsController {
  constructor(
    @Inject(OPEN_GROUP) private readonly open: OpenGroup,
    @Inject(SESSIONS) private readonly sessions: SessionRepository,
    @Inject(VIEW_SESSION) private readonly viewSession: ViewSession,
  ) {}

  @Post()
  @Endpoint({
    tag: 'sessions',
    summary: 'Open sessions together',
    description:
      'Places all of them in one region, or none: a group never waits in the queue. Each session is then followed, ' +
      'streamed and ended by itself. With an `Idempotency-Key` a replay answers 200 and `Idempotency-Replayed: true`.',
    auth: 'apiKey',
    body: schemas.OpenGroup,
    headers: [IDEMPOTENCY_KEY],
    status: 201,
    answer: schemas.SessionGroup,
    also: { 200: 'The group that this idempotency key opened before' },
    problems: [
      'unknown_model',
      'no_eligible_region',
      'no_room_for_group',
      'idempotency_key_reused',
      'session_quota_exceeded',
      'budget_exhausted',
    ],
  })
  async openGroup(
    @CurrentTenant() tenant: Tenant,
    @Body(new Valid(schemas.OpenGroup)) body: z.output<typeof schemas.OpenGroup>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<schemas.SessionGroupView> {
    const idempotencyKey = new Valid(schemas.IdempotencyKey, 'Idempotency-Key').transform(key);
    const { model, members, ...rest } = body;
    const shared = { tenant, model, traceId: request.trace.traceId, ...defined({ ...rest, idempotencyKey }) };
    const outcome = await this.open({ ...shared, members: members.map(toMember) });
    const { groupId, sessions, replayed } = openedOrProblem(outcome);
    void reply.status(replayed ? 200 : 201).header('location', `/v1/session-groups/${groupId}`);
    if (replayed) void reply.header('idempotency-replayed', 'true');
    return this.#view(groupId, sessions);
  }

  @Get(':groupId')
  @Endpoint({
    tag: 'sessions',
    summary: 'Read the sessions of a group',
    auth: 'apiKey',
    params: { groupId: schemas.GroupIdText },
    answer: schemas.SessionGroup,
    problems: ['group_not_found'],
  })
  async readGroup(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('groupId', GROUP_ID) groupId: GroupId,
  ): Promise<schemas.SessionGroupView> {
    const sessions = await this.sessions.findGroup(tenantId, groupId);
    if (sessions.length === 0) throw noGroup();
    return this.#view(groupId, sessions);
  }

  async #view(id: GroupId, sessions: readonly Session[]): Promise<schemas.SessionGroupView> {
    return { id, sessions: await Promise.all(sessions.map(this.viewSession)) };
  }
}
