import type { LeaseStore, ReserveSlot } from '@meridian/application';
import type { Epoch, Lease, RegionId, SessionId } from '@meridian/domain';
import { leaseFrom } from './records.ts';
import type { RegionRedises } from './regions.ts';
import { Script } from './scripts.ts';

const reserveSlot = new Script('reserve-slot');
const releaseSlot = new Script('release-slot');
const findLease = new Script('find-lease');

/** L1, L3. Every method is one script in the region's Redis and throws `StoreUnavailable` when that does not answer. */
export class RedisLeaseStore implements LeaseStore {
  readonly #redises: RegionRedises;
  readonly #staleMs: number;

  /** A worker silent for longer than `staleMs` is not offered. */
  constructor(redises: RegionRedises, staleMs = 2500) {
    this.#redises = redises;
    this.#staleMs = staleMs;
  }

  async reserve(request: ReserveSlot): Promise<Lease | undefined> {
    const { region, pool, sessionId, epoch, ttlMs, exclude = [] } = request;
    const args = [pool, sessionId, epoch, ttlMs, this.#staleMs, ...exclude];
    return leaseOf(region, await this.#redises.run(region, reserveSlot, ...args));
  }

  async release(region: RegionId, sessionId: SessionId, epoch: Epoch): Promise<boolean> {
    return (await this.#redises.run(region, releaseSlot, sessionId, epoch)) === 1;
  }

  async find(region: RegionId, sessionId: SessionId): Promise<Lease | undefined> {
    return leaseOf(region, await this.#redises.run(region, findLease, sessionId));
  }
}

const leaseOf = (region: RegionId, reply: unknown): Lease | undefined =>
  typeof reply === 'string' ? leaseFrom(region, reply) : undefined;
