// One attempt of one delivery. Claimed before, recorded after: a process that dies in between leaves a claim that
// lapses, and the receiver may see the event twice, with the same id. It is never lost and never sent by two at once.
import { createHmac } from 'node:crypto';
import {
  isToBeDisabled,
  signatureHeaders,
  waitBeforeRetryMs,
  type Mac,
  type WebhookDeliveryId,
} from '@meridian/domain';
import { sha256, unitDraw } from '../ids.ts';
import type { Clock, Draw } from '../ports/clock.ts';
import type {
  AttemptRecord,
  ClaimedDelivery,
  SendOutcome,
  WebhookSender,
  Webhooks,
} from '../ports/webhooks.ts';

export interface DeliverWebhookPorts {
  readonly webhooks: Webhooks;
  readonly sender: WebhookSender;
  readonly clock: Clock;
  readonly draw: Draw;
}

/** `skipped`: it was not due, or another process has it. */
export type Delivered =
  | { readonly kind: 'skipped' }
  /** `next`: what else is due for this webhook, now that it is known to answer. */
  | { readonly kind: 'delivered'; readonly next?: WebhookDeliveryId }
  | { readonly kind: 'given_up' | 'disabled'; readonly error?: string }
  | { readonly kind: 'failed'; readonly retryInMs: number; readonly error: string };

export type DeliverWebhook = (deliveryId: WebhookDeliveryId) => Promise<Delivered>;

/** Its event is made for one webhook by hand, and whoever made it looks at the answer. */
export const TEST_EVENT = 'webhook.test';

const MESSAGE_ID_CHARS = 32;

/**
 * What receivers know an event by, the same in every attempt and replay. Our own ids say what happened and hold full
 * stops, which would be ambiguous in what is signed.
 */
export const messageIdOf = (eventId: string): string =>
  `evt_${sha256(eventId).toString('hex').slice(0, MESSAGE_ID_CHARS)}`;

const hmac: Mac = (key, text) =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');

export function makeDeliverWebhook({ webhooks, sender, clock, draw }: DeliverWebhookPorts): DeliverWebhook {
  return async (deliveryId) => {
    const claimed = await webhooks.claim(deliveryId, clock.nowMs());
    if (!claimed) return { kind: 'skipped' };
    const { body, headers } = messageOf(claimed, clock.nowMs());
    const outcome = await sender.post(claimed.webhook.url, headers, body);
    const atMs = clock.nowMs();
    const error = errorOf(outcome);
    const attempt = judge(claimed, outcome, error, atMs, unitDraw(draw));
    await webhooks.record(deliveryId, attempt);
    if (attempt.status !== 'delivered') return failureOf(attempt, error);
    const [next] = await webhooks.due(atMs, 1, claimed.webhook.webhookId);
    return { kind: 'delivered', ...(next && { next: next.deliveryId }) };
  };
}

function messageOf({ delivery, secret, eventAtMs, tenantId, data }: ClaimedDelivery, nowMs: number) {
  const { type } = delivery;
  const eventId = messageIdOf(delivery.eventId);
  const timestamp = new Date(eventAtMs).toISOString();
  const body = JSON.stringify({ type, timestamp, ...(tenantId !== undefined && { tenant: tenantId }), data });
  const signed = signatureHeaders({ eventId, atS: Math.floor(nowMs / 1_000), body }, secret, hmac);
  const headers = { 'content-type': 'application/json', 'user-agent': 'Meridian-Webhooks/1', ...signed };
  return { body, headers };
}

/** Undefined: it came through. */
function errorOf(outcome: SendOutcome): string | undefined {
  if (outcome.kind === 'unanswered') return outcome.reason;
  const { status } = outcome;
  if (status >= 200 && status < 300) return undefined;
  return status >= 300 && status < 400
    ? `answered ${status}: redirects are not followed, so give the final address`
    : `answered ${status}`;
}

function judge(
  { delivery, webhook }: ClaimedDelivery,
  outcome: SendOutcome,
  error: string | undefined,
  atMs: number,
  draw: number,
): AttemptRecord {
  const lastStatus = outcome.kind === 'answered' ? outcome.status : undefined;
  const known = { atMs, ...(lastStatus !== undefined && { lastStatus }) };
  if (error === undefined) return { ...known, status: 'delivered', disable: false };
  const failed = { ...known, lastError: error };
  const isTest = delivery.type === TEST_EVENT;
  const disable = !isTest && isToBeDisabled(webhook.failingSinceMs, atMs, lastStatus);
  const asked = outcome.kind === 'answered' ? outcome.retryAfterMs : undefined;
  const waitMs = waitBeforeRetryMs(delivery.attempts + 1, draw, asked);
  if (isTest || disable || waitMs === undefined) return { ...failed, status: 'given_up', disable };
  return { ...failed, status: 'failed', nextAttemptAtMs: atMs + waitMs, disable };
}

function failureOf({ nextAttemptAtMs, atMs, disable }: AttemptRecord, error = ''): Delivered {
  if (nextAttemptAtMs === undefined) return { kind: disable ? 'disabled' : 'given_up', error };
  return { kind: 'failed', retryInMs: nextAttemptAtMs - atMs, error };
}
