import type { BillingEventType, DeliveryStatus, Webhook, WebhookDelivery } from '@meridian/application';
import type { TenantId, WebhookDeliveryId, WebhookId } from '@meridian/domain';

export interface WebhookRow {
  readonly webhook_id: WebhookId;
  readonly tenant_id: TenantId | null;
  readonly url: string;
  readonly events: readonly BillingEventType[];
  readonly description: string | null;
  readonly created_at: Date;
  readonly failing_since: Date | null;
  readonly disabled_at: Date | null;
}

export interface DeliveryRow {
  readonly delivery_id: WebhookDeliveryId;
  readonly webhook_id: WebhookId;
  readonly event_id: string;
  readonly type: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly round: number;
  readonly created_at: Date;
  readonly next_attempt_at: Date | null;
  readonly delivered_at: Date | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
}

export const webhookFrom = (row: WebhookRow): Webhook => ({
  webhookId: row.webhook_id,
  ...(row.tenant_id !== null && { tenantId: row.tenant_id }),
  url: row.url,
  events: row.events,
  ...(row.description !== null && { description: row.description }),
  createdAtMs: row.created_at.getTime(),
  ...(row.failing_since !== null && { failingSinceMs: row.failing_since.getTime() }),
  ...(row.disabled_at !== null && { disabledAtMs: row.disabled_at.getTime() }),
});

export const deliveryFrom = (row: DeliveryRow): WebhookDelivery => ({
  deliveryId: row.delivery_id,
  webhookId: row.webhook_id,
  eventId: row.event_id,
  type: row.type,
  status: row.status,
  attempts: row.attempts,
  round: row.round,
  createdAtMs: row.created_at.getTime(),
  ...(row.next_attempt_at !== null && { nextAttemptAtMs: row.next_attempt_at.getTime() }),
  ...(row.delivered_at !== null && { deliveredAtMs: row.delivered_at.getTime() }),
  ...(row.last_status !== null && { lastStatus: row.last_status }),
  ...(row.last_error !== null && { lastError: row.last_error }),
});

/** Of `webhook_deliveries d JOIN billing_events e USING (event_id)`. */
export const DELIVERY_COLUMNS = `d.delivery_id, d.webhook_id, d.event_id, e.type, d.status, d.attempts, d.round,
  d.created_at, d.next_attempt_at, d.delivered_at, d.last_status, d.last_error`;

/** Of `webhooks w`; its secret is read by whom it takes to sign. */
export const WEBHOOK_COLUMNS = `w.webhook_id, w.tenant_id, w.url, w.events, w.description, w.created_at,
  w.failing_since, w.disabled_at`;
