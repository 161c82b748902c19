import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { Tenants } from '@meridian/application';
import type { TenantId, WebhookDeliveryId, WebhookId } from '@meridian/domain';
import type { z } from 'zod';
import { AuditInterceptor } from '../admin/audit.interceptor.ts';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { Problem } from '../http/problem.ts';
import { defined } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { TENANTS, WEBHOOK_SERVICE } from '../tokens.ts';
import { DELIVERY_ID, WEBHOOK_ID, type WebhookService } from './webhook-service.ts';
import * as schemas from './webhook.schemas.ts';

const TAG = { tag: 'billing', auth: 'adminKey' } as const;

@Controller('admin/v1/billing/webhooks')
@UseGuards(AdminKeyGuard)
@UseInterceptors(AuditInterceptor)
export class AdminWebhooksController {
  constructor(
    @Inject(WEBHOOK_SERVICE) private readonly service: WebhookService,
    @Inject(TENANTS) private readonly tenants: Tenants,
  ) {}

  @Post()
  @Endpoint({
    ...TAG,
    summary: 'Create a webhook, of the operator or of a tenant',
    description:
      'Events are posted to `url` and signed as Standard Webhooks says, with the `secret` that only this answer ' +
      'shows. What fails is tried again for three days; a webhook that fails for five is disabled.',
    body: schemas.CreateAdminWebhook,
    status: 201,
    answer: schemas.NewWebhook,
    problems: ['too_many_webhooks', 'tenant_not_found'],
  })
  async createWebhook(
    @Body(new Valid(schemas.CreateAdminWebhook))
    { tenant, ...body }: z.output<typeof schemas.CreateAdminWebhook>,
  ): Promise<z.output<typeof schemas.NewWebhook>> {
    const tenantId = tenant as TenantId | undefined;
    if (tenantId !== undefined && !(await this.tenants.find(tenantId))) {
      throw new Problem('tenant_not_found', 'There is no tenant with this id.');
    }
    return this.service.create({
      ...(tenantId !== undefined && { tenantId }),
      url: body.url,
      ...defined(body),
    });
  }

  @Get()
  @Endpoint({ ...TAG, summary: 'List the webhooks of everybody', answer: schemas.WebhookList })
  async listWebhooks(): Promise<z.output<typeof schemas.WebhookList>> {
    return this.service.list('all');
  }

  @Delete(':webhookId')
  @HttpCode(204)
  @Endpoint({
    ...TAG,
    summary: 'Delete a webhook',
    description: 'What waits for it is not sent any more.',
    params: { webhookId: schemas.WebhookIdText },
    status: 204,
    answerNote: 'Deleted',
    problems: ['webhook_not_found'],
  })
  async deleteWebhook(@Param('webhookId', WEBHOOK_ID) webhookId: WebhookId): Promise<void> {
    await this.service.remove('all', webhookId);
  }

  @Get(':webhookId/deliveries')
  @Endpoint({
    ...TAG,
    summary: 'Deliveries of a webhook, newest first',
    params: { webhookId: schemas.WebhookIdText },
    query: schemas.DeliveriesQuery,
    answer: schemas.DeliveryList,
    problems: ['webhook_not_found'],
  })
  async listWebhookDeliveries(
    @Param('webhookId', WEBHOOK_ID) webhookId: WebhookId,
    @Query(new Valid(schemas.DeliveriesQuery, 'query'))
    { limit, status }: z.output<typeof schemas.DeliveriesQuery>,
  ): Promise<z.output<typeof schemas.DeliveryList>> {
    return this.service.deliveries('all', webhookId, limit, status);
  }

  @Post(':webhookId/deliveries/:deliveryId/replay')
  @HttpCode(202)
  @Endpoint({
    ...TAG,
    summary: 'Send a delivery again',
    description: 'Under the same `webhook-id`, so that a receiver which has seen it can drop it.',
    params: { webhookId: schemas.WebhookIdText, deliveryId: schemas.DeliveryIdText },
    status: 202,
    answer: schemas.DeliveryView,
    problems: ['webhook_not_found', 'webhook_delivery_not_found'],
  })
  async replayWebhookDelivery(
    @Param('webhookId', WEBHOOK_ID) webhookId: WebhookId,
    @Param('deliveryId', DELIVERY_ID) deliveryId: WebhookDeliveryId,
  ): Promise<z.output<typeof schemas.DeliveryView>> {
    return this.service.replay('all', webhookId, deliveryId);
  }

  @Post(':webhookId/test')
  @HttpCode(200)
  @Endpoint({
    ...TAG,
    summary: 'Send a test event now',
    description:
      'Answers with what came of it. It is not tried again; one that succeeds enables a webhook which was disabled.',
    params: { webhookId: schemas.WebhookIdText },
    answer: schemas.DeliveryView,
    problems: ['webhook_not_found'],
  })
  async testWebhook(
    @Param('webhookId', WEBHOOK_ID) webhookId: WebhookId,
  ): Promise<z.output<typeof schemas.DeliveryView>> {
    return this.service.test('all', webhookId);
  }
}
