// The JSON of the public API, as /openapi.json describes it. Times are ISO 8601; money is integers in text.

export const END_REASONS = [
  'client_ended',
  'client_lost',
  'idle',
  'duration_limit',
  'claim_expired',
  'queue_expired',
  'budget_exhausted',
  'operator_ended',
  'worker_lost',
  'region_lost',
  'model_failed',
] as const;
export type EndReason = (typeof END_REASONS)[number];

export type SessionState = 'queued' | 'reserved' | 'connecting' | 'active' | 'held' | 'migrating' | 'ended';

export interface QueuePlace {
  /** 1 is next. */
  readonly position: number;
  /** Estimated wait until a slot is free, ms. */
  readonly etaMs: number;
}

/** What placement thought of one region. */
export interface RegionVerdict {
  readonly region: string;
  readonly outcome: 'chosen' | 'feasible' | 'rejected';
  /** A sentence for a person. */
  readonly reason: string;
  /** Why it was rejected, such as `no_free_slot`. */
  readonly code?: string;
  readonly rttMs?: number;
  /** Nobody measured this RTT, or too long ago. */
  readonly rttEstimated?: boolean;
  /** RTT + step + encode + wait, ms. */
  readonly predictedActionToFrameMs?: number;
  readonly scoreMs?: number;
  readonly freeSlots?: number;
}

export interface Placement {
  readonly region: string;
  readonly pool: string;
  readonly workerId: string;
  readonly slot: number;
  /** Slots that the session holds there. */
  readonly width: number;
  readonly considered: readonly RegionVerdict[];
}

/** One pool as a placement saw it; times in ms. */
export interface PlacementCandidate {
  readonly pool: string;
  readonly region: string;
  readonly rttMs: number;
  readonly rttEstimated: boolean;
  readonly predictedActionToFrameMs: number;
  readonly congestionMs: number;
  /** Prediction and price; lower is better. */
  readonly scoreMs: number;
  readonly freeSlots: number;
  /** Within the model's target. */
  readonly feasible: boolean;
}

/** All that a placement was decided on. */
export interface PlacementWhy {
  readonly decidedAt: string;
  /** Time in the queue until then, ms. */
  readonly waitedMs: number;
  readonly policy: 'model' | 'default';
  /** Best first, at most 8. */
  readonly candidates: readonly PlacementCandidate[];
  readonly refused: readonly {
    readonly region: string;
    readonly pool?: string;
    readonly code: string;
    readonly reason: string;
  }[];
  readonly refusedMore: number;
  /** In [0, 1): which of equals went first. */
  readonly draw: number;
}

/** One time that a session was queued, placed or moved. */
export interface PlacementRecord {
  readonly at: string;
  readonly what: 'queued' | 'reserved' | 'migrated';
  readonly epoch: number;
  readonly region?: string;
  readonly pool?: string;
  readonly workerId?: string;
  /** The wait that was told first, ms. */
  readonly etaMs?: number;
  readonly considered: readonly RegionVerdict[];
  readonly why?: PlacementWhy;
}

export interface GatewayAddress {
  /** ws or wss. */
  readonly streamUrl: string;
  readonly grpcAddress?: string;
}

/** What a stream is opened with. */
export interface Connection extends GatewayAddress {
  /** The other gateways of the region, in the order to ask them; any of them serves the session. */
  readonly alternatives: readonly GatewayAddress[];
  readonly token: string;
  /** The first stream must be open before this. */
  readonly claimBy?: string;
  readonly traceparent?: string;
}

export interface Session {
  readonly id: string;
  readonly state: SessionState;
  readonly model: string;
  readonly modelVersion?: string;
  readonly region?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly endedAt?: string;
  readonly endReason?: EndReason;
  readonly endDetail?: string;
  /** Rises at every re-placement; 0 before the first. */
  readonly epoch: number;
  readonly queue?: QueuePlace;
  readonly placement?: Placement;
  /** Present in the states reserved, connecting, active, held and migrating. */
  readonly connection?: Connection;
}

export type DeviceRole = 'owner' | 'controller' | 'spectator';

/** What a second device may be: a controller acts and sees, a spectator sees. */
export type PairedRole = Exclude<DeviceRole, 'owner'>;

/** A code with which one other device may join, once. */
export interface Pairing {
  /** Eight letters and digits with a dash, such as "K7QF-3MXN". */
  readonly code: string;
  readonly role: PairedRole;
  readonly expiresAt: string;
  /** The page that takes the code. */
  readonly joinUrl: string;
}

/** A device that was paired with a session; whether it is connected just now, the stream's events say. */
export interface PairedDevice {
  /** 1 and above; 0 is the session's owner. */
  readonly device: number;
  readonly role: PairedRole;
  readonly label?: string;
  readonly pairedAt: string;
  readonly removedAt?: string;
}

/** What a device gets for a code. */
export interface PairingClaim {
  readonly sessionId: string;
  readonly device: number;
  readonly role: PairedRole;
  readonly label?: string;
  readonly model: string;
  readonly connection: Connection;
}

export interface SessionPage {
  readonly sessions: readonly Session[];
  readonly nextCursor?: string;
}

export interface Usage {
  readonly sessionId: string;
  /** Time with a client attached, ms. */
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  /** Integer nano-units of `currency`, as text: 1 GBP is "1000000000". */
  readonly costNano: string;
  readonly currency: string;
  readonly poundsPerUserHour: number;
  /** True once the session has ended and nothing can be added. */
  readonly final: boolean;
  readonly asOf: string;
}

export interface Region {
  readonly id: string;
  readonly name: string;
  readonly jurisdiction: string;
  readonly pingUrl: string;
  /** False while the control plane cannot reserve there. */
  readonly reachable: boolean;
  readonly models: readonly string[];
}

export interface Model {
  readonly model: string;
  readonly modelVersion: string;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly framesPerSecond: number;
  /** Axes and buttons that the model reads. */
  readonly actions: readonly string[];
  readonly regions: readonly string[];
}
