import type { LeaseStore, PromisedSlots, ReserveSlot, TransferFrom } from '@meridian/application';
import type { Epoch, Lease, RegionId, SessionId, WorkerId } from '@meridian/domain';
import type { FakeRegions } from './fake-regions.ts';

export class FakeLeaseStore implements LeaseStore {
  readonly #regions: FakeRegions;

  constructor(regions: FakeRegions) {
    this.#regions = regions;
  }

  reserve(request: ReserveSlot): Promise<Lease | undefined> {
    return this.#regions.at(request.region, (store, nowMs) => {
      const held = store.leases.get(request.sessionId)?.lease;
      if (held && held.epoch > request.epoch) return undefined;
      return held?.epoch === request.epoch ? held : store.place(request, nowMs);
    });
  }

  reserveGroup(region: RegionId, members: readonly ReserveSlot[]): Promise<readonly Lease[] | undefined> {
    return this.#regions.at(region, (store, nowMs) => {
      const held = members.map(({ sessionId }) => store.leases.get(sessionId)?.lease);
      if (members.some(({ epoch }, i) => held[i] && held[i].epoch !== epoch)) return undefined;
      const taken: SessionId[] = [];
      const leases: Lease[] = [];
      for (const [i, member] of members.entries()) {
        const lease = held[i] ?? store.place(member, nowMs);
        if (!lease) {
          for (const sessionId of taken) store.drop(sessionId);
          return undefined;
        }
        if (!held[i]) taken.push(member.sessionId);
        leases.push(lease);
      }
      return leases;
    });
  }

  transfer(region: RegionId, from: TransferFrom, to: ReserveSlot): Promise<Lease | undefined> {
    return this.#regions.at(region, (store, nowMs) => {
      const held = store.leases.get(from.sessionId)?.lease;
      if (held?.epoch === to.epoch) return held;
      if (held && held.epoch > from.epoch) return undefined;
      if (held?.epoch === from.epoch && held.workerId !== from.workerId) return undefined;
      return store.place({ ...to, exclude: [...(to.exclude ?? []), from.workerId] }, nowMs);
    });
  }

  restore(
    region: RegionId,
    workerId: WorkerId,
    promised: readonly PromisedSlots[],
    ttlMs: number,
  ): Promise<void> {
    return this.#regions.at(region, (store) => {
      const worker = store.workers.get(workerId);
      if (!worker || worker.beaten) return;
      for (const slots of promised) {
        const isFree = slots.width <= worker.slots - worker.taken.size;
        if (isFree && !store.leases.has(slots.sessionId)) store.take(worker, slots, ttlMs, false);
      }
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

  findMany(region: RegionId, sessionIds: readonly SessionId[]): Promise<ReadonlyMap<SessionId, Lease>> {
    return this.#regions.at(region, (store) => {
      const held = sessionIds.flatMap((sessionId) => store.leases.get(sessionId)?.lease ?? []);
      return new Map(held.map((lease) => [lease.sessionId, lease]));
    });
  }
}
