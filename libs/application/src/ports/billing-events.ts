import type { SessionId, TenantId } from '@meridian/domain';

export const BILLING_EVENT_TYPES = [
  'usage.hour_closed',
  'budget.alert',
  'budget.exhausted',
  'invoice.issued',
  'wallet.low',
  'conservation.breach',
  'session.ended',
] as const;
export type BillingEventType = (typeof BILLING_EVENT_TYPES)[number];

/** Something that somebody outside may want to be told of. */
export interface BillingEvent {
  /** Made from what happened, so that the same event is sent once however often it is found. */
  readonly eventId: string;
  readonly type: BillingEventType;
  /** Undefined: it is the operator's alone. */
  readonly tenantId?: TenantId;
  readonly atMs: number;
  /** Plain JSON; money as strings of nano-units, times as ISO 8601. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The outbox: what is emitted is kept, with a delivery for each webhook that wants it, before the call returns. */
export interface BillingEvents {
  /** Idempotent by `eventId`; the first one stands. Throws `StoreUnavailable`. */
  emit(event: BillingEvent): Promise<void>;
}

/** `session.ended` happens once for a session. */
export const sessionEndedId = (sessionId: SessionId): string => `session.ended:${sessionId}`;
