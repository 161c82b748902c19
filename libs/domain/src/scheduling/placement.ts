import type { PoolId, RegionId, WorkerId } from '../ids.ts';
import type { RejectionCode } from '../session/session.ts';
import type { CapacitySnapshot, PoolSnapshot, RegionSnapshot } from './snapshot.ts';

/** Taken for a region that the client did not measure: slow enough that any measured region goes before it, ms. */
export const UNMEASURED_RTT_MS = 200;

/** Predicted action-to-frame time that a placement should meet, ms; pools within it go before all others. */
export const TARGET_ACTION_TO_FRAME_MS = 80;

/** What one placement looks at besides the request and the snapshot. */
export interface PlacementContext {
  /** How long the session has waited for a slot, ms; latency caps relax with it. */
  readonly waitedMs: number;
  /** Workers not to use, such as the one the session was just lost on. */
  readonly exclude?: readonly WorkerId[];
  /** Free slots of a pool that are spoken for by sessions that waited longer. */
  readonly spokenFor?: ReadonlyMap<PoolId, number>;
  /** The tenant's open sessions, this one not counted, and its most. */
  readonly quota?: { readonly open: number; readonly max: number };
}

/** One pool in its region, as a filter sees it. */
export interface Place {
  readonly region: RegionSnapshot;
  readonly pool: PoolSnapshot;
  readonly rttMs: number;
  readonly freeSlots: number;
  readonly snapshot: CapacitySnapshot;
}

/** Why a pool or region cannot take a session; `forever`: waiting would not help. */
export interface Refusal {
  readonly code: RejectionCode;
  readonly reason: string;
  readonly forever: boolean;
}

/** A pool that could take the session now. */
export interface Candidate {
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly rttMs: number;
  /** RTT + step + encode + expected frame wait, ms. */
  readonly predictedActionToFrameMs: number;
  /** The prediction plus the congestion price, ms; lower is better. */
  readonly scoreMs: number;
  readonly freeSlots: number;
  /** The prediction meets the target. */
  readonly feasible: boolean;
}
