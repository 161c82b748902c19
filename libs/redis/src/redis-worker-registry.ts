import { StoreUnavailable } from '@meridian/application';
import type {
  FencedSession,
  HeartbeatOutcome,
  LostWorker,
  RegisteredWorker,
  WorkerHeartbeat,
  WorkerRegistration,
  WorkerRegistry,
} from '@meridian/application';
import type {
  Cadence,
  Epoch,
  Incarnation,
  RegionId,
  RegionSnapshot,
  SessionId,
  WorkerId,
} from '@meridian/domain';
import { Gathering } from './gathering.ts';
import { poolsOf } from './pool-snapshots.ts';
import { lostWorkerFrom, workerFrom } from './records.ts';
import type { RegionRedises } from './regions.ts';
import { Script } from './scripts.ts';

const registerWorker = new Script('register-worker');
const heartbeat = new Script('heartbeat');
const listWorkers = new Script('list-workers');
const setDraining = new Script('set-draining');
const takeLost = new Script('take-lost');
const markLost = new Script('mark-lost');
const setCadence = new Script('set-cadence');

export interface RegistryTimes {
  /** How long a lease of a running session lives without a heartbeat. */
  readonly leaseTtlMs: number;
  /** A worker silent for longer is shown as lost. */
  readonly staleMs: number;
  /** How long counters are kept for Postgres to take them, should it be away. */
  readonly meterTtlMs: number;
  /** How long a lost worker stays in the list. */
  readonly forgetMs: number;
}

const DEFAULT_TIMES: RegistryTimes = {
  leaseTtlMs: 15_000,
  staleMs: 2500,
  meterTtlMs: 24 * 3_600_000,
  forgetMs: 600_000,
};
const LOST_PER_CALL = 100;
/** A heartbeat is so much later at most, where hundreds of workers beat. */
const BEATS_APART_MS = 20;

/** Workers of every region. Times are the clock of the region's Redis, so replicas need not agree on theirs. */
export class RedisWorkerRegistry implements WorkerRegistry {
  readonly #redises: RegionRedises;
  readonly #times: RegistryTimes;
  readonly #beats = new Gathering(BEATS_APART_MS);

  constructor(redises: RegionRedises, times: Partial<RegistryTimes> = {}) {
    this.#redises = redises;
    this.#times = { ...DEFAULT_TIMES, ...times };
  }

  async register(worker: WorkerRegistration): Promise<LostWorker | undefined> {
    const reply = await this.#redises.run(worker.region, registerWorker, JSON.stringify(worker));
    return reply === null ? undefined : lostWorkerFrom(worker.region, reply as string[]);
  }

  async heartbeat(beat: WorkerHeartbeat): Promise<HeartbeatOutcome> {
    const { leaseTtlMs, meterTtlMs } = this.#times;
    await this.#beats.turn();
    const reply = await this.#redises.run(
      beat.region,
      heartbeat,
      JSON.stringify(beat),
      leaseTtlMs,
      meterTtlMs,
    );
    if (reply === null) return { kind: 'unknown' };
    const [drain, cadence, ...fenced] = reply as [number, string, ...(string | number)[]];
    return {
      ...{ kind: 'applied', drain: drain === 1, fenced: fencedFrom(fenced) },
      ...(cadence !== '' && { cadence: JSON.parse(cadence) as Cadence }),
    };
  }

  /** A region whose Redis does not answer is a snapshot too: `reachable` is false and it has no pools. */
  async snapshot(region: RegionId): Promise<RegionSnapshot> {
    const { jurisdiction } = this.#redises.get(region);
    try {
      const pools = poolsOf(region, await this.list(region));
      return { region, jurisdiction, reachable: true, pools };
    } catch (error) {
      if (error instanceof StoreUnavailable) return { region, jurisdiction, reachable: false, pools: [] };
      throw error;
    }
  }

  async list(region: RegionId): Promise<readonly RegisteredWorker[]> {
    const [nowMs, ...records] = (await this.#redises.run(region, listWorkers)) as [number, ...string[]];
    const silentSinceMs = nowMs - this.#times.staleMs;
    return records
      .map((record) => workerFrom(region, record, silentSinceMs))
      .sort((a, b) => (a.workerId < b.workerId ? -1 : 1));
  }

  async setDraining(region: RegionId, workerId: WorkerId, draining: boolean): Promise<boolean> {
    return (await this.#redises.run(region, setDraining, workerId, draining ? 1 : 0)) === 1;
  }

  async setCadence(
    region: RegionId,
    workerId: WorkerId,
    incarnation: Incarnation,
    cadence: Cadence,
  ): Promise<void> {
    await this.#redises.run(region, setCadence, workerId, incarnation, JSON.stringify(cadence));
  }

  async takeLost(region: RegionId, silentMs: number): Promise<readonly LostWorker[]> {
    const { forgetMs } = this.#times;
    const told = (await this.#redises.run(region, takeLost, silentMs, LOST_PER_CALL, forgetMs)) as string[][];
    return told.map((entry) => lostWorkerFrom(region, entry));
  }

  async markLost(region: RegionId, workerId: WorkerId): Promise<void> {
    await this.#redises.run(region, markLost, workerId);
  }
}

/** `session, epoch, bound` for each. */
function fencedFrom(flat: readonly (string | number)[]): FencedSession[] {
  const found: FencedSession[] = [];
  for (let i = 0; i < flat.length; i += 3) {
    found.push({ sessionId: flat[i] as SessionId, epoch: flat[i + 1] as Epoch, isBound: flat[i + 2] === 1 });
  }
  return found;
}
