// What the bench and its replicas tell each other.
import type { Tenant } from '@meridian/application';
import type { Claim } from './fleet.ts';

export interface ReplicaPlan {
  readonly seed: number;
  readonly replica: number;
  readonly callers: number;
  /** Sessions that each caller opens, one after the other. */
  readonly opens: number;
  /** The first of them that it ends again. */
  readonly ends: number;
  readonly tenant: Tenant;
  readonly model: string;
  readonly region: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly claimTtlMs: number;
  readonly workerSilentMs: number;
  /** Share of calls to each store that never arrive, and share of those that arrive and whose reply is lost. */
  readonly refused: number;
  readonly replyLost: number;
}

export type FromReplica =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'claim' } & Claim)
  | { readonly kind: 'end'; readonly sessionId: string; readonly reason: string }
  | { readonly kind: 'done'; readonly result: ReplicaResult };

export interface ReplicaResult {
  /** Of each open: from the first asking to the first answer that was heard, ms. */
  readonly openMs: readonly number[];
  /** Of each session that had to wait: from that answer to its place, ms. */
  readonly waitMs: readonly number[];
  /** Opens that were asked again, because no answer came or it was lost. */
  readonly askedAgain: number;
  /** Calls to a store that never arrived, or whose reply was lost. */
  readonly callsLost: number;
}

export type ToReplica =
  { readonly kind: 'plan'; readonly plan: ReplicaPlan } | { readonly kind: 'go' } | { readonly kind: 'stop' };
