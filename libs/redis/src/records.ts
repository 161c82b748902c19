// The JSON that the scripts keep and answer with; see lua/common.lua.
import { NOT_MEASURED, type LostWorker, type RegisteredWorker, type WorkerPace } from '@meridian/application';
import {
  DEFAULT_PURCHASE,
  workerHealth,
  type Cadence,
  type Incarnation,
  type Lease,
  type PoolId,
  type PurchaseKind,
  type RegionId,
  type SessionId,
  type WorkerId,
} from '@meridian/domain';

interface WorkerRecord {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly framesPerSecond: number;
  readonly address: string;
  readonly capacity: number;
  /** Absent in what was stored before workers could span several: 1. */
  readonly gpus?: number;
  readonly slots?: Readonly<Record<string, SessionId>>;
  /** In its place where workers are listed. */
  readonly usedSlots?: number;
  /** Listed while it drains. */
  readonly sessions?: number;
  /** Absent in what was stored before workers described them: 0. */
  readonly stateBytes?: number;
  readonly rebuildMs?: number;
  /** Absent in what was stored before workers said it: on demand. */
  readonly purchase?: PurchaseKind;
  /** Absent in what was stored before workers said how long they had run: when they registered. */
  readonly startedAtMs?: number;
  readonly beaten: boolean;
  readonly lost?: boolean;
  readonly drain: boolean;
  readonly draining: boolean;
  readonly registeredAtMs: number;
  readonly beatAtMs: number;
  /** Absent before the first heartbeat. */
  readonly pace?: WorkerPace;
  /** Absent until it is first judged. */
  readonly cadence?: Cadence;
}

export function leaseFrom(region: RegionId, json: string): Lease {
  const lease = JSON.parse(json) as Omit<Lease, 'region' | 'width' | 'gpus' | 'purchase'>;
  // None of these was stored by earlier versions.
  return { region, width: 1, gpus: 1, purchase: DEFAULT_PURCHASE, ...lease };
}

/** Silent since before `silentSinceMs` means lost, whether it was told already or not. */
export function workerFrom(region: RegionId, json: string, silentSinceMs: number): RegisteredWorker {
  const record = JSON.parse(json) as WorkerRecord;
  const holders = Object.values(record.slots ?? {});
  const usedSlots = record.usedSlots ?? holders.length;
  const sessions = record.drain || record.draining ? (record.sessions ?? new Set(holders).size) : undefined;
  return {
    workerId: record.workerId,
    incarnation: record.incarnation,
    region,
    pool: record.pool,
    gpuType: record.gpuType,
    model: record.model,
    modelVersion: record.modelVersion,
    framesPerSecond: record.framesPerSecond,
    address: record.address,
    slots: record.capacity,
    gpus: record.gpus ?? 1,
    purchase: record.purchase ?? DEFAULT_PURCHASE,
    stateBytes: record.stateBytes ?? 0,
    rebuildMs: record.rebuildMs ?? 0,
    ...workerHealth({
      ...{ isLost: record.lost === true || record.beatAtMs < silentSinceMs, hasBeaten: record.beaten },
      ...{ drain: record.drain, draining: record.draining, usedSlots, cadence: record.cadence },
    }),
    usedSlots,
    ...(sessions !== undefined && { sessions }),
    isBooting: !record.beaten,
    startedAtMs: record.startedAtMs ?? record.registeredAtMs,
    registeredAtMs: record.registeredAtMs,
    lastHeartbeatAtMs: record.beatAtMs,
    pace: record.pace ?? NOT_MEASURED,
  };
}

/** `entry` is a worker record and the leases it held. */
export function lostWorkerFrom(region: RegionId, entry: readonly string[]): LostWorker {
  const [worker, ...leases] = entry;
  if (worker === undefined) throw new TypeError('a lost worker without its record');
  return {
    worker: workerFrom(region, worker, Number.POSITIVE_INFINITY),
    leases: leases.map((lease) => leaseFrom(region, lease)).sort((a, b) => a.slot - b.slot),
  };
}
