import { cutSegments, hourOf, HOUR_MS } from '@meridian/domain';
import type {
  BilledWorker,
  Incarnation,
  PoolId,
  PurchaseKind,
  Rate,
  RegionId,
  UsedPart,
  WorkerHour,
  WorkerId,
  WorkerMoment,
  WorkerStateName,
} from '@meridian/domain';
import type { Runner } from '../database.ts';
import { meterFrom } from '../metering/usage-rows.ts';
import type { MeterRow } from '../metering/usage-rows.ts';
import { timestamp } from '../session-rows.ts';

export interface HourParts {
  /** Those of which anything is known in the hour. */
  readonly workers: readonly WorkerId[];
  readonly hourParts: (workerId: WorkerId) => Pick<WorkerHour, 'processes' | 'timelineOf' | 'used'>;
}

/** What the GPU hours of these workers are made of in one hour; what is still open in it is priced as if it were cut. */
export async function readHourParts(
  runner: Runner,
  hourMs: number,
  workerIds: readonly WorkerId[],
  rates: readonly Rate[],
): Promise<HourParts> {
  const [from, to] = [timestamp(hourMs), timestamp(hourMs + HOUR_MS)];
  const window = [from, to, workerIds];
  const uptimes = (await runner.query<UptimeRow>(UPTIMES, [to, workerIds])).rows.map(workerFrom);
  const states = (await runner.query<StateRow>(STATES, window)).rows;
  const cut = (await runner.query<PartRow>(SEGMENTS, window)).rows.map(partFrom);
  const open = (await runner.query<MeterRow>(METERS, window)).rows.flatMap(
    (row) => cutSegments(meterFrom(row), undefined, { rates, close: true }).segments,
  );
  const used = [...cut, ...open.filter(({ startsAtMs }) => hourOf(startsAtMs) === hourMs)];
  const processesOf = Map.groupBy(uptimes, ({ workerId }) => workerId);
  const usedOf = Map.groupBy(used, ({ workerId }) => workerId);
  const momentsOf = Map.groupBy(states, (row) => `${row.worker_id} ${row.incarnation}`);
  return {
    workers: [...new Set([...processesOf.keys(), ...usedOf.keys()])],
    hourParts: (workerId) => ({
      processes: processesOf.get(workerId) ?? [],
      used: usedOf.get(workerId) ?? [],
      timelineOf: (incarnation) => (momentsOf.get(`${workerId} ${incarnation}`) ?? []).map(momentFrom),
    }),
  };
}

/** Also those that were gone by then: a segment belongs to the process that was started last before it. */
const UPTIMES = 'SELECT * FROM worker_uptime WHERE started_at < $1 AND worker_id = ANY ($2)';

/** From the state in which each process came into the hour. */
const STATES = `
  SELECT s.* FROM worker_states s
  WHERE s.worker_id = ANY ($3) AND s.at < $2 AND s.at >= coalesce((
    SELECT max(o.at) FROM worker_states o
    WHERE o.worker_id = s.worker_id AND o.incarnation = s.incarnation AND o.at <= $1
  ), '-infinity')
  ORDER BY s.at`;

const SEGMENTS = `
  SELECT starts_at, active_ms, width, slots, gpus, currency, cost_nano, worker_id, region, pool, gpu_type, purchase
  FROM usage_segments WHERE worker_id = ANY ($3) AND starts_at >= $1 AND starts_at < $2`;

const METERS = `
  SELECT * FROM meters
  WHERE NOT closed AND worker_id = ANY ($3) AND last_at >= $1 AND cut_at < $2 AND last_active_ms > cut_active_ms`;

interface UptimeRow {
  readonly worker_id: WorkerId;
  readonly incarnation: Incarnation;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpu_type: string;
  readonly purchase: PurchaseKind;
  readonly gpus: number;
  readonly started_at: Date;
  readonly last_seen_at: Date;
}

const workerFrom = (row: UptimeRow): BilledWorker => ({
  ...{ workerId: row.worker_id, incarnation: row.incarnation, region: row.region, pool: row.pool },
  ...{ gpuType: row.gpu_type, purchase: row.purchase, gpus: row.gpus },
  startedAtMs: row.started_at.getTime(),
  lastSeenAtMs: row.last_seen_at.getTime(),
});

interface StateRow {
  readonly worker_id: WorkerId;
  readonly incarnation: Incarnation;
  readonly at: Date;
  readonly state: WorkerStateName;
  readonly used_slots: number;
  readonly slots: number;
  readonly wanted: boolean;
}

const momentFrom = (row: StateRow): WorkerMoment => ({
  ...{ atMs: row.at.getTime(), state: row.state, usedSlots: row.used_slots, slots: row.slots },
  isWanted: row.wanted,
});

interface PartRow extends Pick<
  UptimeRow,
  'worker_id' | 'region' | 'pool' | 'gpu_type' | 'purchase' | 'gpus'
> {
  readonly starts_at: Date;
  readonly active_ms: string;
  readonly width: number;
  readonly slots: number;
  readonly currency: string;
  readonly cost_nano: string;
}

const partFrom = (row: PartRow): UsedPart => ({
  ...{
    startsAtMs: row.starts_at.getTime(),
    activeMs: Number(row.active_ms),
    costNano: BigInt(row.cost_nano),
  },
  ...{ width: row.width, slots: row.slots, gpus: row.gpus, currency: row.currency },
  ...{ workerId: row.worker_id, region: row.region, pool: row.pool },
  ...{ gpuType: row.gpu_type, purchase: row.purchase },
});
