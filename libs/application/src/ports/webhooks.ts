import type { TenantId, WebhookDeliveryId, WebhookId } from '@meridian/domain';
import type { BillingEvents, BillingEventType } from './billing-events.ts';

export interface Webhook {
  readonly webhookId: WebhookId;
  /** Undefined: the operator's, who is told of every tenant's events. */
  readonly tenantId?: TenantId;
  readonly url: string;
  readonly events: readonly BillingEventType[];
  readonly description?: string;
  readonly createdAtMs: number;
  /** Since when every attempt has failed. */
  readonly failingSinceMs?: number;
  readonly disabledAtMs?: number;
}

/** `waiting`: not tried yet. `failed`: it is tried again. `given_up`: it is not, unless somebody replays it. */
export const DELIVERY_STATUSES = ['waiting', 'delivered', 'failed', 'given_up'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export interface WebhookDelivery {
  readonly deliveryId: WebhookDeliveryId;
  readonly webhookId: WebhookId;
  readonly eventId: string;
  readonly type: string;
  readonly status: DeliveryStatus;
  /** Attempts of this round; a replay begins another. */
  readonly attempts: number;
  readonly round: number;
  readonly createdAtMs: number;
  readonly nextAttemptAtMs?: number;
  readonly deliveredAtMs?: number;
  /** HTTP status of the last answer. */
  readonly lastStatus?: number;
  readonly lastError?: string;
}

/** A delivery that this process alone may try now, with all that it takes. */
export interface ClaimedDelivery {
  readonly delivery: WebhookDelivery;
  readonly webhook: Webhook;
  readonly secret: string;
  /** The event's instant and data, as they are sent. */
  readonly eventAtMs: number;
  readonly tenantId?: TenantId;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What an attempt came to, and what follows from it. */
export interface AttemptRecord {
  readonly status: DeliveryStatus;
  readonly atMs: number;
  readonly nextAttemptAtMs?: number;
  readonly lastStatus?: number;
  readonly lastError?: string;
  /** The webhook takes nothing any more; what waits for it is given up. */
  readonly disable: boolean;
}

/** Which webhooks a caller may see: a tenant's own, or for operators all of them. */
export type WebhookScope = TenantId | 'all';

/** A delivery that is due, as a queue refers to it. */
export interface DueDelivery {
  readonly deliveryId: WebhookDeliveryId;
  readonly round: number;
  readonly attempts: number;
}

/** Webhooks, the events for them and their deliveries, on record. Every method throws `StoreUnavailable`. */
export interface Webhooks extends BillingEvents {
  create(webhook: Webhook, secret: string): Promise<void>;
  /** Oldest first. */
  list(scope: WebhookScope): Promise<readonly Webhook[]>;
  find(scope: WebhookScope, webhookId: WebhookId): Promise<Webhook | undefined>;
  /** With its deliveries. False: there is none in this scope. */
  remove(scope: WebhookScope, webhookId: WebhookId): Promise<boolean>;
  /** Newest first, of this webhook. */
  deliveries(
    webhookId: WebhookId,
    limit: number,
    status?: DeliveryStatus,
  ): Promise<readonly WebhookDelivery[]>;
  delivery(webhookId: WebhookId, deliveryId: WebhookDeliveryId): Promise<WebhookDelivery | undefined>;
  /** A delivery of an event that only this webhook is told of, due now. */
  addTest(webhookId: WebhookId, eventId: string, atMs: number): Promise<WebhookDelivery>;
  /** Begins another round, due now; undefined: this webhook has no such delivery. */
  replay(
    webhookId: WebhookId,
    deliveryId: WebhookDeliveryId,
    atMs: number,
  ): Promise<WebhookDelivery | undefined>;
  /**
   * Due at `atMs` and claimed by nobody, of webhooks that are not disabled; the longest due first. Of one webhook only as
   * many as it may have in flight, so that one that is slow or far behind keeps nobody else waiting.
   */
  due(atMs: number, limit: number, webhookId?: WebhookId): Promise<readonly DueDelivery[]>;
  /** Undefined: it is not due, another has it, or its webhook has enough in flight. A claim lapses after `CLAIM_MS`. */
  claim(deliveryId: WebhookDeliveryId, atMs: number): Promise<ClaimedDelivery | undefined>;
  /** Ends the claim. A success clears `failingSince` and enables the webhook, a failure begins it. */
  record(deliveryId: WebhookDeliveryId, attempt: AttemptRecord): Promise<void>;
  /** How many deliveries are due, and since when. */
  backlog(atMs: number): Promise<{ readonly due: number; readonly oldestDueAtMs?: number }>;
  /** Forgets what ended, and events that nobody waits for, before `beforeMs`; how many rows. */
  prune(beforeMs: number): Promise<number>;
}

/** Longer than an attempt can take. */
export const CLAIM_MS = 30_000;
/** Attempts at one webhook at a time. */
export const IN_FLIGHT_MAX = 8;

export type SendOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs?: number }
  /** No answer came; `reason` is for the person who reads it. */
  | { readonly kind: 'unanswered'; readonly reason: string };

/** Posts to an address that somebody else chose: never inside our own network, never further than asked. */
export interface WebhookSender {
  /** Throws nothing: what went wrong is the outcome. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<SendOutcome>;
  /** Why an address can never be sent to; undefined: it can. No name is resolved. */
  refuses(url: string): string | undefined;
}
