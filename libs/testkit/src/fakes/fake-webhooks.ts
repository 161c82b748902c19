// Webhooks in memory, as Postgres keeps them: an event has a delivery for each webhook that wanted it when it came.
import {
  CLAIM_MS,
  IN_FLIGHT_MAX,
  type AttemptRecord,
  type BillingEvent,
  type ClaimedDelivery,
  type DeliveryStatus,
  type DueDelivery,
  type Webhook,
  type WebhookDelivery,
  type WebhookScope,
  type Webhooks,
} from '@meridian/application';
import type { TenantId, WebhookDeliveryId, WebhookId } from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';

interface StoredEvent {
  readonly type: string;
  readonly tenantId?: TenantId;
  readonly atMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export class FakeWebhooks implements Webhooks {
  readonly #record: FakeRecord;
  readonly #webhooks = new Map<WebhookId, { webhook: Webhook; readonly secret: string }>();
  readonly events = new Map<string, StoredEvent>();
  readonly #deliveries = new Map<WebhookDeliveryId, WebhookDelivery>();
  readonly #claimedUntilMs = new Map<WebhookDeliveryId, number>();
  #drawn = 0;

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  emit({ eventId, ...event }: BillingEvent): Promise<void> {
    return this.#record.do(() => {
      if (this.events.has(eventId)) return;
      this.events.set(eventId, event);
      for (const { webhook } of this.#webhooks.values()) {
        const isTold = webhook.tenantId === undefined || webhook.tenantId === event.tenantId;
        const wants = webhook.events.includes(event.type) && webhook.disabledAtMs === undefined;
        if (isTold && wants) this.#add(webhook.webhookId, eventId, event.type, event.atMs);
      }
    });
  }

  create(webhook: Webhook, secret: string): Promise<void> {
    return this.#record.do(() => void this.#webhooks.set(webhook.webhookId, { webhook, secret }));
  }

  list(scope: WebhookScope): Promise<readonly Webhook[]> {
    return this.#record.do(() =>
      [...this.#webhooks.values()]
        .map(({ webhook }) => webhook)
        .filter(({ tenantId }) => scope === 'all' || tenantId === scope)
        .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.webhookId < b.webhookId ? -1 : 1)),
    );
  }

  async find(scope: WebhookScope, webhookId: WebhookId): Promise<Webhook | undefined> {
    return (await this.list(scope)).find((webhook) => webhook.webhookId === webhookId);
  }

  async remove(scope: WebhookScope, webhookId: WebhookId): Promise<boolean> {
    if (!(await this.find(scope, webhookId))) return false;
    for (const { deliveryId } of this.#of(webhookId)) this.#deliveries.delete(deliveryId);
    return this.#webhooks.delete(webhookId);
  }

  deliveries(
    webhookId: WebhookId,
    limit: number,
    status?: DeliveryStatus,
  ): Promise<readonly WebhookDelivery[]> {
    return this.#record.do(() =>
      this.#of(webhookId)
        .filter((delivery) => status === undefined || delivery.status === status)
        .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.deliveryId < b.deliveryId ? 1 : -1))
        .slice(0, limit),
    );
  }

  delivery(webhookId: WebhookId, deliveryId: WebhookDeliveryId): Promise<WebhookDelivery | undefined> {
    return this.#record.do(() => this.#of(webhookId).find((delivery) => delivery.deliveryId === deliveryId));
  }

  addTest(webhookId: WebhookId, eventId: string, atMs: number): Promise<WebhookDelivery> {
    return this.#record.do(() => {
      this.events.set(eventId, { type: 'webhook.test', atMs, data: { webhook: webhookId } });
      return this.#add(webhookId, eventId, 'webhook.test', atMs);
    });
  }

  replay(
    webhookId: WebhookId,
    deliveryId: WebhookDeliveryId,
    atMs: number,
  ): Promise<WebhookDelivery | undefined> {
    return this.#record.do(() => {
      const known = this.#of(webhookId).find((delivery) => delivery.deliveryId === deliveryId);
      if (!known) return undefined;
      const { deliveredAtMs: _delivered, ...rest } = known;
      const begun = {
        status: 'waiting',
        attempts: 0,
        round: known.round + 1,
        nextAttemptAtMs: atMs,
      } as const;
      const replayed = { ...rest, ...begun };
      this.#deliveries.set(deliveryId, replayed);
      this.#claimedUntilMs.delete(deliveryId);
      return replayed;
    });
  }

  due(atMs: number, limit: number, webhookId?: WebhookId): Promise<readonly DueDelivery[]> {
    return this.#record.do(() => {
      const taken = new Map<WebhookId, number>();
      const wanted = this.#due(atMs).filter((delivery) => {
        const place = (taken.get(delivery.webhookId) ?? this.#inFlight(delivery.webhookId, atMs)) + 1;
        taken.set(delivery.webhookId, place);
        return place <= IN_FLIGHT_MAX && (webhookId === undefined || delivery.webhookId === webhookId);
      });
      return wanted.slice(0, limit);
    });
  }

  claim(deliveryId: WebhookDeliveryId, atMs: number): Promise<ClaimedDelivery | undefined> {
    return this.#record.do(() => {
      const delivery = this.#due(atMs).find((due) => due.deliveryId === deliveryId);
      if (!delivery || this.#inFlight(delivery.webhookId, atMs) >= IN_FLIGHT_MAX) return undefined;
      const stored = this.#webhooks.get(delivery.webhookId);
      const event = this.events.get(delivery.eventId);
      if (!stored || !event) return undefined;
      this.#claimedUntilMs.set(deliveryId, atMs + CLAIM_MS);
      const { tenantId, data, atMs: eventAtMs } = event;
      return { delivery, ...stored, eventAtMs, ...(tenantId !== undefined && { tenantId }), data };
    });
  }

  record(deliveryId: WebhookDeliveryId, attempt: AttemptRecord): Promise<void> {
    return this.#record.do(() => {
      const known = this.#deliveries.get(deliveryId);
      const stored = known && this.#webhooks.get(known.webhookId);
      if (!known || !stored) return;
      const { status, atMs, nextAttemptAtMs, lastStatus, lastError, disable } = attempt;
      const { nextAttemptAtMs: _next, lastStatus: _status, lastError: _error, ...kept } = known;
      this.#claimedUntilMs.delete(deliveryId);
      this.#deliveries.set(deliveryId, {
        ...{ ...kept, status, attempts: known.attempts + 1 },
        ...(status === 'delivered' && { deliveredAtMs: atMs }),
        ...(nextAttemptAtMs !== undefined && { nextAttemptAtMs }),
        ...(lastStatus !== undefined && { lastStatus }),
        ...(lastError !== undefined && { lastError }),
      });
      stored.webhook = judged(stored.webhook, status === 'delivered', disable, atMs);
      if (disable) this.#giveUp(known.webhookId);
    });
  }

  backlog(atMs: number): Promise<{ readonly due: number; readonly oldestDueAtMs?: number }> {
    return this.#record.do(() => {
      const due = this.#due(atMs);
      const oldest = due[0]?.nextAttemptAtMs;
      return { due: due.length, ...(oldest !== undefined && { oldestDueAtMs: oldest }) };
    });
  }

  prune(beforeMs: number): Promise<number> {
    return this.#record.do(() => {
      const ended = [...this.#deliveries.values()].filter(
        ({ nextAttemptAtMs, createdAtMs }) => nextAttemptAtMs === undefined && createdAtMs < beforeMs,
      );
      for (const { deliveryId } of ended) this.#deliveries.delete(deliveryId);
      const wanted = new Set([...this.#deliveries.values()].map(({ eventId }) => eventId));
      const old = [...this.events].filter(([id, { atMs }]) => atMs < beforeMs && !wanted.has(id));
      for (const [id] of old) this.events.delete(id);
      return ended.length + old.length;
    });
  }

  #add(webhookId: WebhookId, eventId: string, type: string, atMs: number): WebhookDelivery {
    this.#drawn += 1;
    const deliveryId = `dlv_${String.fromCharCode(97 + (this.#drawn % 26)).repeat(this.#drawn)}`;
    const delivery: WebhookDelivery = {
      ...{ deliveryId: deliveryId as WebhookDeliveryId, webhookId, eventId, type, status: 'waiting' },
      ...{ attempts: 0, round: 1, createdAtMs: atMs, nextAttemptAtMs: atMs },
    };
    this.#deliveries.set(delivery.deliveryId, delivery);
    return delivery;
  }

  #of(webhookId: WebhookId): WebhookDelivery[] {
    return [...this.#deliveries.values()].filter((delivery) => delivery.webhookId === webhookId);
  }

  #due(atMs: number): WebhookDelivery[] {
    const dueAtMs = ({ nextAttemptAtMs = Infinity }: WebhookDelivery) => nextAttemptAtMs;
    return [...this.#deliveries.values()]
      .filter((delivery) => dueAtMs(delivery) <= atMs)
      .filter(({ deliveryId }) => (this.#claimedUntilMs.get(deliveryId) ?? 0) <= atMs)
      .sort((a, b) => dueAtMs(a) - dueAtMs(b));
  }

  #inFlight(webhookId: WebhookId, atMs: number): number {
    return this.#of(webhookId).filter(({ deliveryId }) => (this.#claimedUntilMs.get(deliveryId) ?? 0) > atMs)
      .length;
  }

  #giveUp(webhookId: WebhookId): void {
    for (const delivery of this.#of(webhookId)) {
      if (delivery.nextAttemptAtMs === undefined) continue;
      const { nextAttemptAtMs: _next, ...rest } = delivery;
      this.#deliveries.set(delivery.deliveryId, { ...rest, status: 'given_up' });
    }
  }
}

function judged(webhook: Webhook, isDelivered: boolean, disable: boolean, atMs: number): Webhook {
  const { failingSinceMs, disabledAtMs, ...rest } = webhook;
  if (isDelivered) return rest;
  const disabled = disabledAtMs ?? (disable ? atMs : undefined);
  return {
    ...{ ...rest, failingSinceMs: failingSinceMs ?? atMs },
    ...(disabled !== undefined && { disabledAtMs: disabled }),
  };
}
