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
} from '@nestjs/common';
import type { Tenant } from '@meridian/application';
import type { WebhookDeliveryId, WebhookId } from '@meridian/domain';
import type { z } from 'zod';
import { ApiKeyGuard } from '../auth/api-key.guard.ts';
import { CurrentTenant } from '../auth/tenant.decorator.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { defined } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { WEBHOOK_SERVICE } from '../tokens.ts';
import { DELIVERY_ID, WEBHOOK_ID, type WebhookService } from './webhook-service.ts';
import * as schemas from './webhook.schemas.ts';

const TAG = { tag: 'billing', auth: 'apiKey' } as const;

@Controller('v1/billing/webhooks')
@UseGuards(ApiKeyGuard)
export class WebhooksController {
  constructor(@Inject(WEBHOOK_SERVICE) private readonly service: WebhookService) {}

  @Post()
  @Endpoint({
    ...TAG,
    summary: 'Create a webhook',
    description:
      'Events are posted to `url` and signed as Standard Webhooks says, with the `secret` that only this answer ' +
      'shows. What fails is tried again for three days; a webhook that fails for five is disabled.',
    body: schemas.CreateWebhook,
    status: 201,
    answer: schemas.NewWebhook,
    problems: ['too_many_webhooks'],
  })
  async createOwnWebhook(
    @CurrentTenant() { tenantId }: Tenant,
    @Body(new Valid(schemas.CreateWebhook)) body: z.output<typeof schemas.CreateWebhook>,
  ): Promise<z.output<typeof schemas.NewWebhook>> {
    return this.service.create({ tenantId, url: body.url, ...defined(body) });
  }

  @Get()
  @Endpoint({ ...TAG, summary: 'List webhooks', answer: schemas.WebhookList })
  async listOwnWebhooks(
    @CurrentTenant() { tenantId }: Tenant,
  ): Promise<z.output<typeof schemas.WebhookList>> {
    return this.service.list(tenantId);
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
  async deleteOwnWebhook(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('webhookId', WEBHOOK_ID) webhookId: WebhookId,
  ): Promise<void> {
    await this.service.remove(tenantId, webhookId);
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
  async listOwnWebhookDeliveries(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('webhookId', WEBHOOK_ID) webhookId: WebhookId,
    @Query(new Valid(schemas.DeliveriesQuery, 'query'))
    { limit, status }: z.output<typeof schemas.DeliveriesQuery>,
  ): Promise<z.output<typeof schemas.DeliveryList>> {
    return this.service.deliveries(tenantId, webhookId, limit, status);
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
  async replayOwnWebhookDelivery(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('webhookId', WEBHOOK_ID) webhookId: WebhookId,
    @Param('deliveryId', DELIVERY_ID) deliveryId: WebhookDeliveryId,
  ): Promise<z.output<typeof schemas.DeliveryView>> {
    return this.service.replay(tenantId, webhookId, deliveryId);
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
  async testOwnWebhook(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('webhookId', WEBHOOK_ID) webhookId: WebhookId,
  ): Promise<z.output<typeof schemas.DeliveryView>> {
    return this.service.test(tenantId, webhookId);
  }
}
