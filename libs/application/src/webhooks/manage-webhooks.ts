import type { TenantId, WebhookDeliveryId, WebhookId } from '@meridian/domain';
import { drawId } from '../ids.ts';
import { BILLING_EVENT_TYPES, type BillingEventType } from '../ports/billing-events.ts';
import type { Clock, Draw } from '../ports/clock.ts';
import type { Webhook, WebhookDelivery, WebhookScope, WebhookSender, Webhooks } from '../ports/webhooks.ts';
import type { DeliverWebhook } from './deliver-webhook.ts';

export interface ManageWebhookPorts {
  readonly webhooks: Webhooks;
  readonly sender: Pick<WebhookSender, 'refuses'>;
  readonly deliver: DeliverWebhook;
  readonly clock: Clock;
  readonly draw: Draw;
}

export interface NewWebhook {
  /** Undefined: the operator's. */
  readonly tenantId?: TenantId;
  readonly url: string;
  /** All when undefined. */
  readonly events?: readonly BillingEventType[];
  readonly description?: string;
}

export type CreatedWebhook =
  | { readonly kind: 'created'; readonly webhook: Webhook; readonly secret: string }
  | { readonly kind: 'address_refused'; readonly reason: string }
  | { readonly kind: 'too_many' };

export interface ManageWebhooks {
  create(asked: NewWebhook): Promise<CreatedWebhook>;
  /** Sends a test event at once and answers with what came of it; undefined: there is no such webhook. */
  test(scope: WebhookScope, webhookId: WebhookId): Promise<WebhookDelivery | undefined>;
  /** Undefined: there is no such webhook, or it has no such delivery. */
  replay(
    scope: WebhookScope,
    webhookId: WebhookId,
    deliveryId: WebhookDeliveryId,
  ): Promise<WebhookDelivery | undefined>;
}

export const WEBHOOKS_MAX = 20;
/** Standard Webhooks asks for 24 to 64 bytes. */
const KEY_BYTES = 32;
const EVENT_ID_BYTES = 16;

export function makeManageWebhooks({
  webhooks,
  sender,
  deliver,
  clock,
  draw,
}: ManageWebhookPorts): ManageWebhooks {
  return {
    create: async ({ tenantId, events = BILLING_EVENT_TYPES, ...asked }) => {
      const reason = sender.refuses(asked.url);
      if (reason !== undefined) return { kind: 'address_refused', reason };
      const known = await webhooks.list(tenantId ?? 'all');
      if (known.filter((webhook) => webhook.tenantId === tenantId).length >= WEBHOOKS_MAX) {
        return { kind: 'too_many' };
      }
      const webhook: Webhook = {
        webhookId: drawId('whk', draw) as WebhookId,
        ...(tenantId !== undefined && { tenantId }),
        ...asked,
        events,
        createdAtMs: clock.nowMs(),
      };
      const secret = `whsec_${Buffer.from(draw.token(KEY_BYTES)).toString('base64')}`;
      await webhooks.create(webhook, secret);
      return { kind: 'created', webhook, secret };
    },
    test: async (scope, webhookId) => {
      if (!(await webhooks.find(scope, webhookId))) return undefined;
      const eventId = `webhook.test:${draw.token(EVENT_ID_BYTES)}`;
      const { deliveryId } = await webhooks.addTest(webhookId, eventId, clock.nowMs());
      await deliver(deliveryId);
      return webhooks.delivery(webhookId, deliveryId);
    },
    replay: async (scope, webhookId, deliveryId) => {
      if (!(await webhooks.find(scope, webhookId))) return undefined;
      return webhooks.replay(webhookId, deliveryId, clock.nowMs());
    },
  };
}
