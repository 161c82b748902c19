import {
  roomOf,
  withSlotsTaken,
  type CapacitySnapshot,
  type Lease,
  type PoolSnapshot,
  type RegionId,
  type RegionSnapshot,
} from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { WorkerRegistry } from '../ports/worker-registry.ts';
import type { RegionConfig } from '../policy.ts';
import type { Outlook } from './outlook.ts';

export interface CapacityPorts {
  readonly registry: WorkerRegistry;
  readonly regions: readonly RegionConfig[];
  readonly clock: Clock;
  readonly incidents: Incidents;
  /** Undefined: nothing is expected, and placement goes by what is busy now. */
  readonly outlook?: Outlook;
}

/**
 * What placement reads: every region's capacity, `maxAgeMs` old or, while it is being asked for again, a second. Nobody
 * waits for the reply but who comes first, who comes after a pause, and who wants it fresh.
 */
export interface Capacity {
  /** `fresh`: asks every region's registry again. A region away comes back with `reachable: false`. */
  read(options?: { readonly fresh?: boolean }): Promise<CapacitySnapshot>;
  /** A slot was just taken: the kept snapshot counts it until the next refresh. */
  took(lease: Lease): void;
}

/** A region that has not answered for this long is passed over, and not waited for. */
const PATIENCE_MS = 1_000;
/** What is older is not shown, not even while it is being asked for again. */
const STAND_IN_MS = 1_000;

export function makeCapacity(ports: CapacityPorts, maxAgeMs = 250): Capacity {
  const views = ports.regions.map((config) => new RegionView(ports, config, maxAgeMs));
  return {
    async read({ fresh = false } = {}) {
      const regions = await Promise.all(views.map((view) => view.read(fresh)));
      return { takenAtMs: ports.clock.nowMs(), regions };
    },
    took(lease) {
      views.find((view) => view.region === lease.region)?.took(lease);
    },
  };
}

class RegionView {
  readonly region: RegionId;
  readonly #ports: CapacityPorts;
  readonly #away: RegionSnapshot;
  readonly #maxAgeMs: number;
  #kept: { readonly snapshot: RegionSnapshot; readonly atMs: number } | undefined;
  #asking: { readonly reply: Promise<RegionSnapshot>; readonly sinceMs: number } | undefined;

  constructor(ports: CapacityPorts, config: RegionConfig, maxAgeMs: number) {
    this.region = config.region;
    this.#ports = ports;
    this.#away = { ...config, reachable: false, pools: [] };
    this.#maxAgeMs = maxAgeMs;
  }

  read(fresh: boolean): Promise<RegionSnapshot> {
    const nowMs = this.#ports.clock.nowMs();
    const keptMs = this.#kept && !fresh ? nowMs - this.#kept.atMs : Infinity;
    if (this.#kept && keptMs <= this.#maxAgeMs) return Promise.resolve(this.#kept.snapshot);
    if (this.#asking && nowMs - this.#asking.sinceMs > PATIENCE_MS) return Promise.resolve(this.#away);
    const reply = this.#asking && !fresh ? this.#asking.reply : this.#ask(nowMs);
    if (!this.#kept || keptMs > STAND_IN_MS) return reply;
    // A failure is kept, not lost: `kept` does not get younger, and soon somebody waits for the reply.
    reply.catch(() => undefined);
    return Promise.resolve(this.#kept.snapshot);
  }

  /**
   * A placement that is not in the kept snapshot yet, so that the next one does not run after the same slot. A reply on
   * its way has it, where a store answers in order; one that has not costs a lost race, for the store decides.
   */
  took({ pool, workerId, width }: Lease): void {
    if (!this.#kept) return;
    const { snapshot, atMs } = this.#kept;
    const at = snapshot.pools.findIndex((kept) => kept.pool === pool);
    const kept = snapshot.pools[at];
    if (!kept) return;
    const pools = snapshot.pools.with(at, withSlotsTaken(kept, workerId, width));
    this.#kept = { snapshot: { ...snapshot, pools }, atMs };
  }

  #ask(nowMs: number): Promise<RegionSnapshot> {
    const asking = { reply: this.#answer(), sinceMs: nowMs };
    this.#asking = asking;
    return asking.reply.finally(() => {
      if (this.#asking === asking) this.#asking = undefined;
    });
  }

  async #answer(): Promise<RegionSnapshot> {
    const answer = await this.#ports.registry.snapshot(this.region).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#ports.incidents.note('registry does not answer', error, { region: this.region });
      return this.#away;
    });
    const { location } = this.#away;
    const pools = answer.pools.map((pool) => this.#withOutlook(pool));
    // Added up as each region's reply comes, so that no placement waits for the sums of all.
    for (const pool of pools) roomOf(pool);
    const snapshot = { ...answer, ...(location && { location }), pools };
    this.#kept = { snapshot, atMs: this.#ports.clock.nowMs() };
    return snapshot;
  }

  #withOutlook(pool: PoolSnapshot): PoolSnapshot {
    const expectedArrivals = this.#ports.outlook?.expectedArrivals(pool.pool);
    return expectedArrivals === undefined ? pool : { ...pool, expectedArrivals };
  }
}
