import { z } from 'zod';
import { IsoTime, Name, TenantIdText } from '../http/schemas.ts';

export const WEBHOOK_EVENTS = [
  'usage.hour_closed',
  'budget.alert',
  'budget.exhausted',
  'invoice.issued',
  'wallet.low',
  'conservation.breach',
  'session.ended',
] as const;

export const WebhookIdText = z
  .string()
  .regex(/^whk_[a-z2-7]{1,52}$/)
  .meta({ example: 'whk_x5nb7dtc4hzmlpasr2f6yk3qjw' });
export const DeliveryIdText = z
  .string()
  .regex(/^dlv_[a-z2-7]{1,52}$/)
  .meta({ example: 'dlv_2f6yk3qjwx5nb7dtc4hzmlpasr' });

const EventTypes = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .meta({ description: 'Types that are sent to it; all when absent' });

const Url = z
  .url({ protocol: /^https?$/, message: 'must be an http or https address' })
  .max(2_000)
  .meta({
    description: 'Where events are posted to; https in production',
    example: 'https://example.org/hooks',
  });

export const CreateWebhook = z
  .strictObject({ url: Url, events: EventTypes.optional(), description: Name.optional() })
  .meta({ id: 'CreateWebhook' });

export const CreateAdminWebhook = CreateWebhook.extend({
  tenant: TenantIdText.optional().meta({
    description: 'Events of every tenant, and the fleet’s, when absent',
  }),
}).meta({ id: 'CreateAdminWebhook' });

export const WebhookView = z
  .object({
    id: WebhookIdText,
    tenant: TenantIdText.optional(),
    url: Url,
    events: EventTypes,
    description: z.string().optional(),
    createdAt: IsoTime,
    failingSince: IsoTime.optional().meta({
      description: 'Since when every attempt has failed; after five days it is disabled',
    }),
    disabledAt: IsoTime.optional(),
  })
  .meta({ id: 'Webhook' });

export const NewWebhook = WebhookView.extend({
  secret: z.string().meta({
    description: 'Verifies signatures (Standard Webhooks). It is shown here once',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  }),
}).meta({ id: 'NewWebhook' });

export const WebhookList = z.object({ webhooks: z.array(WebhookView) }).meta({ id: 'WebhookList' });

export const DeliveryView = z
  .object({
    id: DeliveryIdText,
    messageId: z.string().meta({
      description:
        '`webhook-id` of the request, the same in every attempt and replay: drop what you have seen',
      example: 'evt_2b1f0c6d8e3a4f5b9c7d6e5f4a3b2c1d',
    }),
    event: z.string().meta({ description: 'What it tells of', example: 'session.ended:ses_2f6yk3qj' }),
    type: z.string(),
    status: z.enum(['waiting', 'delivered', 'failed', 'given_up']),
    attempts: z.int(),
    createdAt: IsoTime,
    nextAttemptAt: IsoTime.optional(),
    deliveredAt: IsoTime.optional(),
    lastStatus: z.int().optional().meta({ description: 'HTTP status of the last answer' }),
    lastError: z.string().optional().meta({ example: 'answered 500' }),
  })
  .meta({ id: 'WebhookDelivery' });

export const DeliveryList = z
  .object({ deliveries: z.array(DeliveryView) })
  .meta({ id: 'WebhookDeliveryList' });

export const DeliveriesQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  status: z.enum(['waiting', 'delivered', 'failed', 'given_up']).optional(),
});
