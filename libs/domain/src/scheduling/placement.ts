import type { PoolId, RegionId, WorkerId } from '../ids.ts';
import type { RejectionCode } from '../session/session.ts';
import type { PoolRoom } from './pool-room.ts';
import type { Rtt } from './region-rtt.ts';
import type { PoolSnapshot, RegionSnapshot } from './snapshot.ts';

/** Predicted action-to-frame time that a placement should meet unless its model says otherwise, ms. */
export const TARGET_ACTION_TO_FRAME_MS = 80;

/** A client waits so long, and gets the cap that goes with it. */
export interface LatencyStep {
  /** From this much waiting on, ms. */
  readonly afterMs: number;
  /** Largest RTT accepted, ms; null: any allowed region. */
  readonly maxRttMs: number | null;
}

/** How sessions of one model are placed. */
export interface PlacementPolicy {
  /** Predicted action-to-frame time that a placement should meet, ms. */
  readonly targetActionToFrameMs: number;
  /** Ordered by `afterMs`; none: the model caps no RTT. */
  readonly latencySteps: readonly LatencyStep[];
  /** A session waits for a slot at most this long, ms. */
  readonly maxWaitMs: number;
}

export const DEFAULT_PLACEMENT_POLICY: PlacementPolicy = {
  targetActionToFrameMs: TARGET_ACTION_TO_FRAME_MS,
  latencySteps: [],
  maxWaitMs: 600_000,
};

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
  /** Of the model; undefined: `DEFAULT_PLACEMENT_POLICY`. */
  readonly policy?: PlacementPolicy;
  /** Whose it is; undefined: the default's. */
  readonly policySource?: 'model' | 'default';
  /** In [0, 1): which of equals goes first, so that replicas do not all run after one pool. */
  readonly draw?: number;
}

/** What filters look at. */
export interface Judging extends PlacementContext {
  /**
   * Pools that would be predicted below this keep nothing from who is beyond the target, for the rest are a detour, ms;
   * -Infinity: all keep.
   */
  readonly keptYieldsBelowMs: number;
  /** The client measured no region: it is not known to be far from anywhere. */
  readonly measuredNothing: boolean;
}

/** A region, as a filter sees it. */
export interface SeenRegion {
  readonly region: RegionSnapshot;
  readonly rtt: Rtt;
}

/** One pool in its region, as a filter sees it. */
export interface Place extends SeenRegion {
  readonly pool: PoolSnapshot;
  readonly room: PoolRoom;
  /** Of ready workers that may be used, without those that are spoken for. */
  readonly freeSlots: number;
  /** Slots that the session takes here; or it has no room now, or on none of its workers ever. */
  readonly width: number | 'not-now' | 'never';
  readonly predictedActionToFrameMs: number;
  /** The prediction meets the target. */
  readonly isWithinTarget: boolean;
  readonly served: ServedModel;
}

/** What the snapshot serves of the model that is asked for. */
export interface ServedModel {
  /** The version to place on; undefined: none of the model is served. */
  readonly modelVersion: string | undefined;
  /** Some region has a pool of that version. */
  readonly isServed: boolean;
}

/** Why a pool or region cannot take a session; `forever`: waiting would not help. */
export interface Refusal {
  readonly code: RejectionCode;
  readonly forever: boolean;
  /** For a person: what is in the way, and what would help. Told only when shown, since most never are. */
  readonly say: () => string;
}

/** A pool that could take the session now. */
export interface Candidate {
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly rttMs: number;
  readonly rttEstimated: boolean;
  /** RTT + step + encode + expected frame wait, ms. */
  readonly predictedActionToFrameMs: number;
  readonly congestionMs: number;
  /** The prediction plus the congestion price, ms; lower is better. */
  readonly scoreMs: number;
  readonly freeSlots: number;
  /** Slots that the session would take. */
  readonly width: number;
  /** The prediction meets the target. */
  readonly feasible: boolean;
  /** Orders equals; drawn for this placement. */
  readonly tie: number;
}
