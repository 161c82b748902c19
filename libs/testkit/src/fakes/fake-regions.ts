import type { Clock } from '@meridian/application';
import type { RegionId } from '@meridian/domain';
import { FakeLeaseStore } from './fake-lease-store.ts';
import { FakeLiveMeters } from './fake-live-meters.ts';
import { FakeWorkerRegistry } from './fake-worker-registry.ts';
import { RegionStore, type RegionTimes } from './region-store.ts';

export interface FakeRegionsOptions {
  /** Region -> jurisdiction. */
  readonly regions?: Readonly<Record<string, string>>;
  readonly times?: Partial<RegionTimes>;
}

const DEFAULT_REGIONS = { 'us-east': 'us', 'eu-west': 'eu' };
const DEFAULT_TIMES: RegionTimes = { leaseTtlMs: 15_000, staleMs: 2_500 };

/** All regions' stores in memory, and the ports over them. */
export class FakeRegions {
  readonly leases = new FakeLeaseStore(this);
  readonly registry = new FakeWorkerRegistry(this);
  readonly meters = new FakeLiveMeters(this);
  readonly #stores: ReadonlyMap<RegionId, RegionStore>;

  constructor(clock: Clock, { regions = DEFAULT_REGIONS, times = {} }: FakeRegionsOptions = {}) {
    const stores = Object.entries(regions).map(([name, jurisdiction]) => {
      const region = name as RegionId;
      return [region, new RegionStore(region, jurisdiction, clock, { ...DEFAULT_TIMES, ...times })] as const;
    });
    this.#stores = new Map(stores);
  }

  /** For tests that look inside, or take the store away. */
  store(region: RegionId): RegionStore {
    const store = this.#stores.get(region);
    if (!store) throw new Error(`no region ${region}`);
    return store;
  }

  get all(): readonly RegionStore[] {
    return [...this.#stores.values()];
  }

  /** One atomic move in a region's store. */
  async at<T>(region: RegionId, move: (store: RegionStore, nowMs: number) => T): Promise<T> {
    const store = this.store(region);
    return move(store, store.enter());
  }
}
