import type {
  Cadence,
  Epoch,
  Incarnation,
  Lease,
  MeterReading,
  PoolId,
  PurchaseKind,
  RegionId,
  RegionSnapshot,
  SessionId,
  WorkerHealth,
  WorkerId,
} from '@meridian/domain';

export interface WorkerRegistration {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly framesPerSecond: number;
  /** host:port at which gateways dial it. */
  readonly address: string;
  readonly slots: number;
  /** GPUs that the process spans. */
  readonly gpus: number;
  /** How those were bought. */
  readonly purchase: PurchaseKind;
  /** How long the process had run when it registered, ms: its GPUs are billed from its start. */
  readonly ageMs: number;
  /** Size of a session's state, and how long it takes to build up again from a checkpoint; 0: none, or not said. */
  readonly stateBytes: number;
  readonly rebuildMs: number;
}

/** One session in a heartbeat. Ended sessions carry their reason and keep being reported until acknowledged. */
export interface SessionReport {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  /** When its counters were 0, by the worker's clock, Unix us; 0: the worker does not say. */
  readonly startedUs: number;
  readonly seq: number;
  readonly activity: 'connecting' | 'active' | 'held' | 'ended';
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  /** Slots that it takes on the worker; undefined: 1. */
  readonly width?: number;
  /** What its active time may come to at this epoch; undefined: the worker knows of no limit. */
  readonly creditMs?: number;
  readonly endReason?: string;
}

/** How a worker keeps pace, over its last ten seconds. */
export interface WorkerPace {
  /** Time of one step, ms. */
  readonly stepMsP50: number;
  readonly stepMsP95: number;
  readonly stepMsP99: number;
  /** From the end of a frame's step until it was handed to the transport, ms. */
  readonly encodeMsP50: number;
  readonly encodeMsP95: number;
  /** Frames that missed their deadline, in [0, 1]. */
  readonly lateShare: number;
}

export const NOT_MEASURED: WorkerPace = {
  ...{ stepMsP50: 0, stepMsP95: 0, stepMsP99: 0 },
  ...{ encodeMsP50: 0, encodeMsP95: 0, lateShare: 0 },
};

export interface WorkerHeartbeat {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly region: RegionId;
  readonly seq: number;
  readonly draining: boolean;
  /** Sessions the worker can serve now; what it registered with is but the first word on it. */
  readonly slots: number;
  readonly pace: WorkerPace;
  readonly sessions: readonly SessionReport[];
}

/** A session at the epoch at which a worker reported it, when its lease is at a higher one. */
export interface FencedSession {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  /** The other worker serves it. Until then the move may yet come to nothing: whether it was made, the record says. */
  readonly isBound: boolean;
}

export type HeartbeatOutcome =
  /** The registry does not know this worker and incarnation: it must register again. */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'applied';
      /** An operator wants the worker drained. */
      readonly drain: boolean;
      /** Reported sessions that hold a lease at a higher epoch elsewhere (L2). */
      readonly fenced: readonly FencedSession[];
      /** As it was last set; undefined: it never was, or the store has lost it. */
      readonly cadence?: Cadence;
    };

export interface RegisteredWorker extends Omit<WorkerRegistration, 'ageMs'> {
  readonly health: WorkerHealth;
  /** Why it is draining or quarantined, for a person. */
  readonly healthReason?: string;
  readonly usedSlots: number;
  /** Sessions that hold its slots; told while it drains, to follow that. */
  readonly sessions?: number;
  /** It has not said yet what it runs, so it is given nothing. */
  readonly isBooting: boolean;
  /** When its process started. */
  readonly startedAtMs: number;
  readonly registeredAtMs: number;
  readonly lastHeartbeatAtMs: number;
  readonly pace: WorkerPace;
}

export interface LostWorker {
  readonly worker: RegisteredWorker;
  /** The live leases it held; they are kept until the session is re-placed or ended. */
  readonly leases: readonly Lease[];
}

/** Region-local registry of workers, rebuilt from heartbeats when its store loses it (L4). */
export interface WorkerRegistry {
  /** Adds the worker or replaces an older incarnation; answers with what the older one had, which is lost now. */
  register(worker: WorkerRegistration): Promise<LostWorker | undefined>;
  /**
   * In one atomic move: notes the time (the store's clock), renews the leases of the sessions reported or makes
   * them anew when the store has lost them, and keeps each session's newest counters (M1).
   */
  heartbeat(beat: WorkerHeartbeat): Promise<HeartbeatOutcome>;
  snapshot(region: RegionId): Promise<RegionSnapshot>;
  list(region: RegionId): Promise<readonly RegisteredWorker[]>;
  /** False: no such worker. */
  setDraining(region: RegionId, workerId: WorkerId, draining: boolean): Promise<boolean>;
  /** Keeps how steadily the worker's frames come; `takesSessions` of it says whether the worker is offered. */
  setCadence(region: RegionId, workerId: WorkerId, incarnation: Incarnation, cadence: Cadence): Promise<void>;
  /** Marks workers silent for longer than `silentMs` as lost, each told once, and answers with what they held. */
  takeLost(region: RegionId, silentMs: number): Promise<readonly LostWorker[]>;
  /** Marks one worker lost at once, after its address was seen to refuse connections. */
  markLost(region: RegionId, workerId: WorkerId): Promise<void>;
}

/** Live counters of running sessions, at most one heartbeat old. */
export interface LiveMeters {
  /** The newest of each process that counted at the session's highest epoch, in the order of their starts. */
  read(region: RegionId, sessionId: SessionId): Promise<readonly MeterReading[]>;
  /** Readings that rose since they were last taken, at most `limit`; taken again if `settle` is not called. */
  takeChanged(region: RegionId, limit: number): Promise<readonly MeterReading[]>;
  /** When the counters that wait longest first rose, Unix ms; undefined: none wait. */
  oldestChangedMs(region: RegionId): Promise<number | undefined>;
  /** These readings are stored durably; a reading that rose meanwhile stays changed. */
  settle(region: RegionId, readings: readonly MeterReading[]): Promise<void>;
}
