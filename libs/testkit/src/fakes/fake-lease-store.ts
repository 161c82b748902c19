import type { LeaseStore, ReserveSlot } from '@meridian/application';
import type { Epoch, Lease, RegionId, SessionId } from '@meridian/domain';
import type { FakeRegions } from './fake-regions.ts';

export class FakeLeaseStore implements LeaseStore {
  readonly #regions: FakeRegions;

  constructor(regions: FakeRegions) {
    this.#regions = regions;
  }

  reserve({ region, pool, sessionId, epoch, ttlMs, exclude = [] }: ReserveSlot): Promise<Lease | undefined> {
    return this.#regions.at(region, (store, nowMs) => {
      const held = store.leases.get(sessionId)?.lease;
      if (held && held.epoch > epoch) return undefined;
      if (held && held.epoch === epoch) return held;
      const worker = store.fullestWithRoom(pool, exclude, nowMs);
      return worker && store.take(worker, sessionId, epoch, ttlMs, false);
    });
  }

  release(region: RegionId, sessionId: SessionId, epoch: Epoch): Promise<boolean> {
    return this.#regions.at(region, (store) => {
      if (store.leases.get(sessionId)?.lease.epoch !== epoch) return false;
      store.drop(sessionId);
      return true;
    });
  }

  find(region: RegionId, sessionId: SessionId): Promise<Lease | undefined> {
    return this.#regions.at(region, (store) => store.leases.get(sessionId)?.lease);
  }
}
