import { messageIdOf, type Webhook, type WebhookDelivery } from '@meridian/application';
import type { z } from 'zod';
import { toIso } from '../http/schemas.ts';
import type { DeliveryView, WebhookView } from './webhook.schemas.ts';

const timeOf = (unixMs: number | undefined) => (unixMs === undefined ? undefined : toIso(unixMs));

export const viewWebhook = (webhook: Webhook): z.output<typeof WebhookView> => ({
  id: webhook.webhookId,
  tenant: webhook.tenantId,
  url: webhook.url,
  events: [...webhook.events],
  description: webhook.description,
  createdAt: toIso(webhook.createdAtMs),
  failingSince: timeOf(webhook.failingSinceMs),
  disabledAt: timeOf(webhook.disabledAtMs),
});

export const viewDelivery = (delivery: WebhookDelivery): z.output<typeof DeliveryView> => ({
  id: delivery.deliveryId,
  messageId: messageIdOf(delivery.eventId),
  event: delivery.eventId,
  type: delivery.type,
  status: delivery.status,
  attempts: delivery.attempts,
  createdAt: toIso(delivery.createdAtMs),
  nextAttemptAt: timeOf(delivery.nextAttemptAtMs),
  deliveredAt: timeOf(delivery.deliveredAtMs),
  lastStatus: delivery.lastStatus,
  lastError: delivery.lastError,
});
