import {
  nextEpoch,
  poolPartsOf,
  rankPools,
  type LeaseRef,
  type RegionSnapshot,
  type Session,
  type WorkerSnapshot,
} from '@meridian/domain';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { SessionPolicy } from '../policy.ts';
import { reserveBest, type Reservation, type ReservePorts } from './reserve-best.ts';

/**
 * Another slot for a session whose worker is lost, at the next epoch: in the same region, where its gateway is, and
 * of the same model version, which its checkpoint belongs to. It goes before the queue, since it was let in already.
 * With `orLate` a worker that is quarantined for its pace is better than none.
 * Throws `StoreUnavailable` when the region does not answer.
 */
export async function relocate(
  ports: ReservePorts & { readonly policy: SessionPolicy },
  { request }: Session,
  lost: LeaseRef,
  { orLate }: { readonly orLate: boolean },
): Promise<Reservation> {
  const { sessionId } = request;
  const { takenAtMs, regions } = await ports.capacity.read({ fresh: true });
  const here = regions.filter(({ region }) => region === lost.region);
  const { maxRttMs: _already, ...rest } = request;
  const { modelVersion } = poolPartsOf(lost.pool);
  const pinned = { ...rest, modelVersion, priority: 'high' } as const;
  const exclude = [lost.workerId];
  const reserve = (alsoLate: boolean): Promise<Reservation> => {
    const seen = { takenAtMs, regions: alsoLate ? here.map(withLateWorkers) : here };
    return reserveBest(ports, rankPools(pinned, seen, { waitedMs: 0, exclude }), {
      ...{ sessionId, epoch: nextEpoch(lost.epoch), exclude, alsoLate, mayHold: [lost.region] },
      ...{ from: { sessionId, epoch: lost.epoch, workerId: lost.workerId }, ttlMs: leaseTtlMs(ports.policy) },
    });
  };
  const reservation = await reserve(false);
  if (reservation.lease) return reservation;
  const away = reservation.considered.some(({ code }) => code === 'region_unreachable');
  if (away) throw new StoreUnavailable(`store of ${lost.region}`);
  if (!orLate) return reservation;
  const late = await reserve(true);
  return late.lease ? late : reservation;
}

const withLateWorkers = (region: RegionSnapshot): RegionSnapshot => ({
  ...region,
  pools: region.pools.map((pool) => ({ ...pool, workers: pool.workers.map(asReady) })),
});

const asReady = (worker: WorkerSnapshot): WorkerSnapshot =>
  worker.health === 'quarantined' ? { ...worker, health: 'ready' } : worker;

/** A lease outlives the claim, so that one taken up in the last moment still has its slot when it is reported. */
export const leaseTtlMs = ({ claimTtlMs, workerSilentMs }: SessionPolicy): number =>
  claimTtlMs + 2 * workerSilentMs;
