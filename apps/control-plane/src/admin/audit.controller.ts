import { Controller, Get, Inject, Query, UseGuards } from '@nestjs/common';
import type { AuditEntry, AuditLog, Clock } from '@meridian/application';
import type { SessionId, TenantId } from '@meridian/domain';
import { z } from 'zod';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { IsoTime, RegionIdText, SessionIdText, TenantIdText, toIso } from '../http/schemas.ts';
import { Valid, invalid } from '../http/validation.ts';
import { AUDIT, CLOCK } from '../tokens.ts';

const DAY_MS = 86_400_000;

const AuditQuery = z.strictObject({
  sessionId: SessionIdText.optional(),
  tenantId: TenantIdText.optional(),
  from: IsoTime.optional().meta({ description: 'A day before `to` when absent; ever, for one session' }),
  to: IsoTime.optional().meta({ description: 'Now when absent' }),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

const AuditEntryView = z
  .object({
    id: z.string(),
    at: IsoTime,
    actor: z.string().meta({ description: '`operator`, `meridian`, or the tenant that asked' }),
    action: z.string().meta({ example: 'session.reserved' }),
    sessionId: SessionIdText.optional(),
    tenantId: TenantIdText.optional(),
    region: RegionIdText.optional(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' });

const AuditList = z.object({ entries: z.array(AuditEntryView) }).meta({ id: 'AuditList' });

@Controller('admin/v1/audit')
@UseGuards(AdminKeyGuard)
export class AuditController {
  constructor(
    @Inject(AUDIT) private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Endpoint({
    tag: 'fleet',
    summary: 'Read the audit log, newest first',
    description:
      'What operators did, which placements were refused, and every placement with its candidates, scores and reasons.',
    auth: 'adminKey',
    query: AuditQuery,
    answer: AuditList,
  })
  async readAudit(
    @Query(new Valid(AuditQuery, 'query'))
    { sessionId, tenantId, from, to, limit }: z.output<typeof AuditQuery>,
  ): Promise<z.output<typeof AuditList>> {
    const untilMs = to === undefined ? this.clock.nowMs() + 1 : Date.parse(to);
    const sinceDefaultMs = sessionId === undefined ? untilMs - DAY_MS : 0;
    const sinceMs = from === undefined ? sinceDefaultMs : Date.parse(from);
    if (sinceMs >= untilMs) {
      throw invalid([{ field: 'from', message: 'is not before `to`', fix: 'use a time before `to`' }]);
    }
    const entries = await this.audit.read({
      ...{ sinceMs, untilMs, limit },
      ...(sessionId !== undefined && { sessionId: sessionId as SessionId }),
      ...(tenantId !== undefined && { tenantId: tenantId as TenantId }),
    });
    return { entries: entries.map(viewEntry) };
  }
}

const viewEntry = ({ atMs, detail, ...entry }: AuditEntry): z.output<typeof AuditEntryView> => ({
  ...entry,
  at: toIso(atMs),
  detail: detail as Record<string, unknown>,
});
