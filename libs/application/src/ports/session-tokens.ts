import type { DeviceRole, Epoch, PoolId, RegionId, SessionId, TenantId, WorkerId } from '@meridian/domain';

/** What a session token says, enough for gateway and worker to act with every store down (L4). */
export interface SessionTokenClaims {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly workerId: WorkerId;
  readonly workerAddress: string;
  readonly slot: number;
  /** Slots that the session takes on the worker. */
  readonly width: number;
  readonly epoch: Epoch;
  /** The first stream must open before this, Unix ms. */
  readonly claimByMs: number;
  /** How long the session is kept without a client, ms. */
  readonly holdMs: number;
  /** Ends with `idle` after this long without an action, ms. */
  readonly idleMs: number;
  /** Ends with `duration_limit` after this long, ms. */
  readonly maxDurationMs: number;
  /** Active time that is paid for at this epoch, ms: ends with `budget_exhausted` unless renewed. Undefined: no limit. */
  readonly creditMs?: number;
  /** A paired device, 1 or more; undefined: the session's owner. */
  readonly device?: number;
  readonly role?: DeviceRole;
}

export interface SessionTokens {
  issue(claims: SessionTokenClaims): Promise<string>;
  /** JSON Web Key Set (RFC 7517) of the public keys. */
  jwks(): Promise<{ readonly keys: readonly object[] }>;
}
