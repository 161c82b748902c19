import type { Location, RegionId } from '@meridian/domain';

/** Durations that a deployment chooses; all in ms. */
export interface SessionPolicy {
  /** A reservation that no client takes up goes back after this. */
  readonly claimTtlMs: number;
  /** A session without a client, or without a worker, is kept this long. */
  readonly holdMs: number;
  /** A session without an action ends after this (the worker sees to it). */
  readonly idleMs: number;
  readonly maxDurationMs: number;
  readonly queueTtlMs: number;
  /** A worker silent for longer is lost. */
  readonly workerSilentMs: number;
}

/** What a session token tells the worker; a model may have its own. */
export type SessionLimits = Pick<SessionPolicy, 'holdMs' | 'idleMs' | 'maxDurationMs'>;

export const DEFAULT_POLICY: SessionPolicy = {
  claimTtlMs: 60_000,
  holdMs: 30_000,
  idleMs: 300_000,
  maxDurationMs: 7_200_000,
  queueTtlMs: 600_000,
  workerSilentMs: 2_500,
};

/** A region of the deployment; known also while its store is away. */
export interface RegionConfig {
  readonly region: RegionId;
  /** `us` or `eu`: what residency is asked in. */
  readonly jurisdiction: string;
  /** RTTs that nobody measured are estimated from it. */
  readonly location?: Location;
}
