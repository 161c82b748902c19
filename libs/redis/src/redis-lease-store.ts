import type { LeaseStore, PromisedSlots, ReserveSlot, TransferFrom } from '@meridian/application';
import type { Epoch, Lease, RegionId, SessionId, WorkerId } from '@meridian/domain';
import { leaseFrom } from './records.ts';
import type { RegionRedises } from './regions.ts';
import { Script } from './scripts.ts';

const reserveSlot = new Script('reserve-slot', 'placing');
const reserveGroup = new Script('reserve-group', 'placing');
const transferLease = new Script('transfer-lease', 'placing');
const restoreLeases = new Script('restore-leases');
const releaseSlot = new Script('release-slot');
const findLeases = new Script('find-leases');

/** L1, L3. Every method is one script in the region's Redis and throws `StoreUnavailable` when that does not answer. */
export class RedisLeaseStore implements LeaseStore {
  readonly #redises: RegionRedises;
  readonly #staleMs: number;

  /** A worker silent for longer than `staleMs` is not offered. */
  constructor(redises: RegionRedises, staleMs = 2500) {
    this.#redises = redises;
    this.#staleMs = staleMs;
  }

  async reserve({ region, ...wanted }: ReserveSlot): Promise<Lease | undefined> {
    return leaseOf(
      region,
      await this.#redises.run(region, reserveSlot, JSON.stringify(wanted), this.#staleMs),
    );
  }

  async reserveGroup(
    region: RegionId,
    members: readonly ReserveSlot[],
  ): Promise<readonly Lease[] | undefined> {
    const reply = await this.#redises.run(region, reserveGroup, JSON.stringify(members), this.#staleMs);
    return reply === null ? undefined : leasesOf(region, reply);
  }

  async transfer(region: RegionId, from: TransferFrom, to: ReserveSlot): Promise<Lease | undefined> {
    const [leaves, wanted] = [JSON.stringify(from), JSON.stringify(to)];
    return leaseOf(region, await this.#redises.run(region, transferLease, leaves, wanted, this.#staleMs));
  }

  async restore(
    region: RegionId,
    workerId: WorkerId,
    promised: readonly PromisedSlots[],
    ttlMs: number,
  ): Promise<void> {
    await this.#redises.run(region, restoreLeases, workerId, JSON.stringify(promised), ttlMs);
  }

  async release(region: RegionId, sessionId: SessionId, epoch: Epoch): Promise<boolean> {
    return (await this.#redises.run(region, releaseSlot, sessionId, epoch)) === 1;
  }

  async find(region: RegionId, sessionId: SessionId): Promise<Lease | undefined> {
    return leasesOf(region, await this.#redises.run(region, findLeases, sessionId))[0];
  }

  async findMany(region: RegionId, sessionIds: readonly SessionId[]): Promise<ReadonlyMap<SessionId, Lease>> {
    const found = leasesOf(region, await this.#redises.run(region, findLeases, ...sessionIds));
    return new Map(found.map((lease) => [lease.sessionId, lease]));
  }
}

const leaseOf = (region: RegionId, reply: unknown): Lease | undefined =>
  typeof reply === 'string' ? leaseFrom(region, reply) : undefined;

const leasesOf = (region: RegionId, reply: unknown): readonly Lease[] =>
  (reply as readonly string[]).map((json) => leaseFrom(region, json));
