// A delivery's row is its claim: whoever sets `claimed_until` first may try it. Nothing else keeps two replicas, or the
// queue and the job that feeds it, from sending the same event.
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
import type { Database, Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import {
  DELIVERY_COLUMNS,
  WEBHOOK_COLUMNS,
  deliveryFrom,
  webhookFrom,
  type DeliveryRow,
  type WebhookRow,
} from './webhook-rows.ts';

const LIST = `SELECT ${WEBHOOK_COLUMNS} FROM webhooks w
  WHERE ($1::text IS NULL OR w.tenant_id = $1) AND ($2::text IS NULL OR w.webhook_id = $2)
  ORDER BY w.created_at, w.webhook_id COLLATE "C"`;

const REMOVE = `
  WITH found AS (
    SELECT webhook_id FROM webhooks WHERE webhook_id = $2 AND ($1::text IS NULL OR tenant_id = $1) FOR UPDATE
  ), forgotten AS (
    DELETE FROM webhook_deliveries WHERE webhook_id IN (SELECT webhook_id FROM found)
  )
  SELECT webhook_id FROM found`;

const DELIVERIES = `
  SELECT ${DELIVERY_COLUMNS} FROM webhook_deliveries d JOIN billing_events e USING (event_id)
  WHERE d.webhook_id = $1 AND ($2::text IS NULL OR d.status = $2) AND ($3::text IS NULL OR d.delivery_id = $3)
  ORDER BY d.created_at DESC, d.delivery_id COLLATE "C" DESC LIMIT $4`;

const DUE = `d.next_attempt_at <= $1 AND (d.claimed_until IS NULL OR d.claimed_until <= $1)`;

const FLYING = `SELECT count(*) FROM webhook_deliveries c WHERE c.webhook_id = d.webhook_id AND c.claimed_until > $1`;

/** A webhook at a time, so that one with a long backlog costs no more than the others. */
const LIST_DUE = `
  SELECT t.delivery_id, t.round, t.attempts
  FROM webhooks d CROSS JOIN LATERAL (${FLYING}) flying
  CROSS JOIN LATERAL (
    SELECT due.*, row_number() OVER (ORDER BY due.next_attempt_at) AS place FROM webhook_deliveries due
    WHERE due.webhook_id = d.webhook_id AND due.next_attempt_at <= $1
      AND (due.claimed_until IS NULL OR due.claimed_until <= $1)
    ORDER BY due.next_attempt_at LIMIT ${IN_FLIGHT_MAX}
  ) t
  WHERE t.place + flying.count <= ${IN_FLIGHT_MAX} AND ($3::text IS NULL OR d.webhook_id = $3)
  ORDER BY t.next_attempt_at LIMIT $2`;

const CLAIM = `
  UPDATE webhook_deliveries d SET claimed_until = $3
  FROM webhooks w, billing_events e
  WHERE d.delivery_id = $2 AND ${DUE} AND (${FLYING}) < ${IN_FLIGHT_MAX} AND w.webhook_id = d.webhook_id AND e.event_id = d.event_id
  RETURNING ${DELIVERY_COLUMNS}, w.secret, e.at, e.tenant_id AS event_tenant_id, e.data,
    row_to_json(w) AS webhook`;

const REPLAY = `
  UPDATE webhook_deliveries d
  SET status = 'waiting', attempts = 0, round = d.round + 1, next_attempt_at = $3, claimed_until = NULL,
      delivered_at = NULL
  FROM billing_events e
  WHERE d.delivery_id = $2 AND d.webhook_id = $1 AND e.event_id = d.event_id
  RETURNING ${DELIVERY_COLUMNS}`;

const RECORD = `
  WITH done AS (
    UPDATE webhook_deliveries
    SET status = $2, attempts = attempts + 1, next_attempt_at = $4, claimed_until = NULL, last_status = $5,
        last_error = $6, delivered_at = CASE WHEN $2 = 'delivered' THEN $3::timestamptz END
    WHERE delivery_id = $1 RETURNING webhook_id
  ), recovered AS (
    UPDATE webhooks SET failing_since = NULL, disabled_at = NULL
    WHERE $2 = 'delivered' AND webhook_id = (SELECT webhook_id FROM done) AND failing_since IS NOT NULL
  ), failing AS (
    UPDATE webhooks
    SET failing_since = coalesce(failing_since, $3), disabled_at = coalesce(disabled_at, CASE WHEN $7 THEN $3::timestamptz END)
    WHERE $2 <> 'delivered' AND webhook_id = (SELECT webhook_id FROM done) AND (failing_since IS NULL OR $7)
  )
  UPDATE webhook_deliveries SET status = 'given_up', next_attempt_at = NULL
  WHERE $7 AND webhook_id = (SELECT webhook_id FROM done) AND delivery_id <> $1 AND next_attempt_at IS NOT NULL`;

const LOCK = `SELECT FROM webhooks
  WHERE webhook_id = (SELECT webhook_id FROM webhook_deliveries WHERE delivery_id = $1) FOR UPDATE`;

const PRUNE_DELIVERIES = `DELETE FROM webhook_deliveries WHERE next_attempt_at IS NULL AND created_at < $1`;
const PRUNE_EVENTS = `DELETE FROM billing_events e
  WHERE e.at < $1 AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.event_id = e.event_id)`;

interface ClaimedRow extends DeliveryRow {
  readonly secret: string;
  readonly at: Date;
  readonly event_tenant_id: TenantId | null;
  readonly data: Readonly<Record<string, unknown>>;
  /** As JSON: times are text. */
  readonly webhook: Readonly<Record<keyof WebhookRow, unknown>>;
}

export class PostgresWebhooks implements Webhooks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async emit({ eventId, type, tenantId, atMs, data }: BillingEvent): Promise<void> {
    const values = [eventId, type, tenantId ?? null, timestamp(atMs), JSON.stringify(data)];
    await this.#database.query('SELECT emit_billing_event($1, $2, $3, $4, $5)', values);
  }

  async create(webhook: Webhook, secret: string): Promise<void> {
    const { webhookId, tenantId = null, url, events, description = null, createdAtMs } = webhook;
    await this.#database.query(
      `INSERT INTO webhooks (webhook_id, tenant_id, url, events, description, secret, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [webhookId, tenantId, url, events, description, secret, timestamp(createdAtMs)],
    );
  }

  async list(scope: WebhookScope): Promise<readonly Webhook[]> {
    const { rows } = await this.#database.query<WebhookRow>(LIST, [tenantOf(scope), null]);
    return rows.map(webhookFrom);
  }

  async find(scope: WebhookScope, webhookId: WebhookId): Promise<Webhook | undefined> {
    const { rows } = await this.#database.query<WebhookRow>(LIST, [tenantOf(scope), webhookId]);
    return rows[0] && webhookFrom(rows[0]);
  }

  remove(scope: WebhookScope, webhookId: WebhookId): Promise<boolean> {
    return this.#database.transaction(async (runner) => {
      const { rows } = await runner.query(REMOVE, [tenantOf(scope), webhookId]);
      if (rows.length === 0) return false;
      await runner.query('DELETE FROM webhooks WHERE webhook_id = $1', [webhookId]);
      return true;
    });
  }

  async deliveries(webhookId: WebhookId, limit: number, status?: DeliveryStatus) {
    return this.#read([webhookId, status ?? null, null, limit]);
  }

  async delivery(webhookId: WebhookId, deliveryId: WebhookDeliveryId) {
    const [delivery] = await this.#read([webhookId, null, deliveryId, 1]);
    return delivery;
  }

  async addTest(webhookId: WebhookId, eventId: string, atMs: number): Promise<WebhookDelivery> {
    const data = JSON.stringify({ webhook: webhookId });
    await this.#database.query(
      `WITH event AS (
         INSERT INTO billing_events (event_id, type, at, data) VALUES ($2, 'webhook.test', $3, $4) RETURNING event_id
       )
       INSERT INTO webhook_deliveries (delivery_id, webhook_id, event_id, status, created_at, next_attempt_at)
       SELECT 'dlv_' || translate(md5($1 || ' ' || event_id), '0189', 'ghij'), $1, event_id, 'waiting', $3, $3 FROM event`,
      [webhookId, eventId, timestamp(atMs), data],
    );
    const { rows } = await this.#database.query<DeliveryRow>(
      `SELECT ${DELIVERY_COLUMNS} FROM webhook_deliveries d JOIN billing_events e USING (event_id) WHERE event_id = $1`,
      [eventId],
    );
    return deliveryFrom(only(rows));
  }

  async replay(webhookId: WebhookId, deliveryId: WebhookDeliveryId, atMs: number) {
    const values = [webhookId, deliveryId, timestamp(atMs)];
    const { rows } = await this.#database.query<DeliveryRow>(REPLAY, values);
    return rows[0] && deliveryFrom(rows[0]);
  }

  async due(atMs: number, limit: number, webhookId?: WebhookId): Promise<readonly DueDelivery[]> {
    const values = [timestamp(atMs), limit, webhookId ?? null];
    const { rows } = await this.#database.query<DeliveryRow>(LIST_DUE, values);
    return rows.map(({ delivery_id, round, attempts }) => ({ deliveryId: delivery_id, round, attempts }));
  }

  async claim(deliveryId: WebhookDeliveryId, atMs: number): Promise<ClaimedDelivery | undefined> {
    const values = [timestamp(atMs), deliveryId, timestamp(atMs + CLAIM_MS)];
    const { rows } = await this.#database.query<ClaimedRow>(CLAIM, values);
    return rows[0] && claimedFrom(rows[0]);
  }

  async record(deliveryId: WebhookDeliveryId, attempt: AttemptRecord): Promise<void> {
    const { status, atMs, nextAttemptAtMs, lastStatus = null, lastError = null, disable } = attempt;
    const next = nextAttemptAtMs === undefined ? null : timestamp(nextAttemptAtMs);
    const values = [deliveryId, status, timestamp(atMs), next, lastStatus, lastError, disable];
    const record = (runner: Runner) => runner.query(RECORD, values);
    // Two that disable a webhook at once would wait for each other's deliveries.
    if (!disable) await record(this.#database);
    else
      await this.#database.transaction(async (runner) => {
        await runner.query(LOCK, [deliveryId]);
        await record(runner);
      });
  }

  async backlog(atMs: number): Promise<{ readonly due: number; readonly oldestDueAtMs?: number }> {
    const { rows } = await this.#database.query<{ due: string; oldest: Date | null }>(
      `SELECT count(*) AS due, min(d.next_attempt_at) AS oldest FROM webhook_deliveries d WHERE ${DUE}`,
      [timestamp(atMs)],
    );
    const { due, oldest } = only(rows);
    return { due: Number(due), ...(oldest !== null && { oldestDueAtMs: oldest.getTime() }) };
  }

  async prune(beforeMs: number): Promise<number> {
    const deliveries = await this.#database.query(PRUNE_DELIVERIES, [timestamp(beforeMs)]);
    const events = await this.#database.query(PRUNE_EVENTS, [timestamp(beforeMs)]);
    return (deliveries.rowCount ?? 0) + (events.rowCount ?? 0);
  }

  async #read(values: unknown[]): Promise<readonly WebhookDelivery[]> {
    return (await this.#database.query<DeliveryRow>(DELIVERIES, values)).rows.map(deliveryFrom);
  }
}

const tenantOf = (scope: WebhookScope): TenantId | null => (scope === 'all' ? null : scope);

function claimedFrom(row: ClaimedRow): ClaimedDelivery {
  const time = (name: keyof WebhookRow) => {
    const text = row.webhook[name];
    return typeof text === 'string' ? new Date(text) : null;
  };
  const webhook = {
    ...(row.webhook as unknown as WebhookRow),
    ...{ created_at: time('created_at') ?? new Date(0), failing_since: time('failing_since') },
    disabled_at: time('disabled_at'),
  };
  return {
    delivery: deliveryFrom(row),
    webhook: webhookFrom(webhook),
    secret: row.secret,
    eventAtMs: row.at.getTime(),
    ...(row.event_tenant_id !== null && { tenantId: row.event_tenant_id }),
    data: row.data,
  };
}

function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('a row was expected');
  return row;
}
