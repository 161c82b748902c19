import { Controller, Get, Inject, Param, UseGuards } from '@nestjs/common';
import type { ReadSessionUsage, Tenant } from '@meridian/application';
import type { SessionId } from '@meridian/domain';
import { ApiKeyGuard } from '../auth/api-key.guard.ts';
import { CurrentTenant } from '../auth/tenant.decorator.ts';
import { SessionIdText } from '../http/schemas.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { READ_SESSION_USAGE } from '../tokens.ts';
import { SESSION_ID, found } from './found.ts';
import { Usage, type UsageView } from './usage.schemas.ts';
import { viewUsage } from './usage-view.ts';

@Controller('v1/sessions')
@UseGuards(ApiKeyGuard)
export class UsageController {
  constructor(@Inject(READ_SESSION_USAGE) private readonly readUsage: ReadSessionUsage) {}

  @Get(':sessionId/usage')
  @Endpoint({
    tag: 'usage',
    summary: 'Usage and cost of a session',
    description:
      'Readable while it runs, at most a few seconds old; `final` once it has ended and nothing is added.',
    auth: 'apiKey',
    params: { sessionId: SessionIdText },
    answer: Usage,
    problems: ['session_not_found'],
  })
  async readSessionUsage(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('sessionId', SESSION_ID) sessionId: SessionId,
  ): Promise<UsageView> {
    return viewUsage(found(await this.readUsage(tenantId, sessionId)));
  }
}
