import { nextEpoch, poolPartsOf, rankPools, type LeaseRef, type Session } from '@meridian/domain';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { SessionPolicy } from '../policy.ts';
import { reserveBest, type Reservation, type ReservePorts } from './reserve-best.ts';

/**
 * Another slot for a session whose worker is lost, at the next epoch: in the same region, where its gateway is, and
 * of the same model version, which its checkpoint belongs to. It goes before the queue, since it was let in already.
 * Throws `StoreUnavailable` when the region does not answer.
 */
export async function relocate(
  ports: ReservePorts & { readonly policy: SessionPolicy },
  { request }: Session,
  lost: LeaseRef,
): Promise<Reservation> {
  const { sessionId } = request;
  const { takenAtMs, regions } = await ports.capacity.read({ fresh: true });
  const here = regions.filter(({ region }) => region === lost.region);
  const { maxRttMs: _already, ...rest } = request;
  const { modelVersion } = poolPartsOf(lost.pool);
  const pinned = { ...rest, modelVersion, priority: 'high' } as const;
  const exclude = [lost.workerId];
  const ranking = rankPools(pinned, { takenAtMs, regions: here }, { waitedMs: 0, exclude });
  const reservation = await reserveBest(ports, ranking, {
    ...{ sessionId, epoch: nextEpoch(lost.epoch), exclude, mayHold: [lost.region] },
    ...{ from: { sessionId, epoch: lost.epoch, workerId: lost.workerId }, ttlMs: leaseTtlMs(ports.policy) },
  });
  const away = reservation.considered.some(({ code }) => code === 'region_unreachable');
  if (!reservation.lease && away) throw new StoreUnavailable(`store of ${lost.region}`);
  return reservation;
}

/** A lease outlives the claim, so that one taken up in the last moment still has its slot when it is reported. */
export const leaseTtlMs = ({ claimTtlMs, workerSilentMs }: SessionPolicy): number =>
  claimTtlMs + 2 * workerSilentMs;
