// Reserve at the best pool that still has room: the snapshot may be a moment old, and a store may be away.
import {
  explain,
  type Epoch,
  type Lease,
  type PlacementWhy,
  type PoolId,
  type Ranking,
  type RegionId,
  type Refusal,
  type RegionVerdict,
  type Session,
  type SessionId,
  type WorkerId,
  whyOf,
} from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable, type LeaseStore, type TransferFrom } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';

export interface ReservePorts {
  readonly leases: LeaseStore;
  readonly capacity: Capacity;
  readonly incidents: Incidents;
}

export interface ReserveFor {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly ttlMs: number;
  readonly exclude?: readonly WorkerId[];
  /** As in `ReserveSlot`. */
  readonly alsoLate?: boolean;
  /** Set when the session is moved: the place that it leaves, in the region of all candidates. */
  readonly from?: TransferFrom;
  /** Regions in which an earlier attempt may have reserved for the same session and epoch. */
  readonly mayHold?: readonly RegionId[];
}

export interface Reservation {
  /** Undefined: no candidate had room when it was asked. */
  readonly lease: Lease | undefined;
  readonly considered: readonly RegionVerdict[];
  readonly why: PlacementWhy;
}

/**
 * Asks the candidates one after the other. A store that did not answer may still have reserved; that slot is not
 * released here, since a retry has a right to it (L3), and expiry frees it (L1).
 */
export async function reserveBest(
  ports: ReservePorts,
  ranking: Ranking,
  wanted: ReserveFor,
): Promise<Reservation> {
  const { sessionId, mayHold = [] } = wanted;
  const refused = new Map<PoolId, Refusal>();
  const away = new Set<RegionId>();
  for (const { region, pool } of ranking.candidates) {
    const answer = away.has(region)
      ? AWAY
      : await orAway(ports, region, sessionId, reserveAt(ports.leases, ranking, region, pool, wanted));
    if (answer === AWAY) away.add(region);
    if (answer === undefined || answer === AWAY) {
      refused.set(pool, answer === AWAY ? IS_AWAY : IS_TAKEN);
      continue;
    }
    ports.capacity.took(answer);
    return { lease: answer, considered: explain(ranking, pool, refused), why: whyOf(ranking, refused) };
  }
  const why = whyOf(ranking, refused);
  const considered = explain(ranking, undefined, refused);
  const unheard = await unheardLease(ports, [...new Set([...mayHold, ...away])], wanted);
  return unheard
    ? { lease: unheard, considered: considered.map((verdict) => chosenEarlier(verdict, unheard)), why }
    : { lease: undefined, considered, why };
}

function reserveAt(
  leases: LeaseStore,
  { request: { gpus } }: Ranking,
  region: RegionId,
  pool: PoolId,
  { sessionId, epoch, ttlMs, exclude, alsoLate, from }: ReserveFor,
): Promise<Lease | undefined> {
  const slot = {
    ...{ region, pool, sessionId, epoch, ttlMs },
    ...(exclude && { exclude }),
    ...(alsoLate && { alsoLate }),
    ...(gpus !== undefined && { gpus }),
  };
  return from ? leases.transfer(region, from, slot) : leases.reserve(slot);
}

/** The region did not answer. */
const AWAY = Symbol('away');

const IS_AWAY: Refusal = {
  code: 'region_unreachable',
  forever: false,
  say: () => 'it does not answer at the moment',
};
const IS_TAKEN: Refusal = {
  code: 'no_free_slot',
  forever: false,
  say: () => 'its last free slot was just taken',
};

/**
 * The lease that the session holds at this epoch though nobody heard of it: the reply to its reservation was lost.
 * Its own slot makes a region look full, so it is asked for before anyone is told that there is no room (L3).
 */
async function unheardLease(
  ports: ReservePorts,
  regions: readonly RegionId[],
  { sessionId, epoch }: ReserveFor,
): Promise<Lease | undefined> {
  const find = (region: RegionId) => orAway(ports, region, sessionId, ports.leases.find(region, sessionId));
  const found = await Promise.all(regions.map(find));
  return found.filter((lease) => lease !== AWAY).find((lease) => lease?.epoch === epoch);
}

const chosenEarlier = (verdict: RegionVerdict, { region }: Lease): RegionVerdict => {
  if (verdict.region !== region) return verdict;
  const rttMs = verdict.rttMs === undefined ? {} : { rttMs: verdict.rttMs };
  return {
    region,
    ...rttMs,
    outcome: 'chosen',
    reason: 'an earlier attempt of this request had reserved here',
  };
};

const orAway = <T>(
  { incidents }: ReservePorts,
  region: RegionId,
  sessionId: SessionId,
  reply: Promise<T>,
): Promise<T | typeof AWAY> =>
  reply.catch((error: unknown) => {
    if (!(error instanceof StoreUnavailable)) throw error;
    incidents.note('store does not answer', error, { region, sessionId });
    return AWAY;
  });

/** Frees a slot that is not needed; if the store is away, expiry frees it (L1). */
export async function releaseQuietly(
  { leases, incidents }: Pick<ReservePorts, 'leases' | 'incidents'>,
  { region, sessionId, epoch }: Pick<Lease, 'region' | 'sessionId' | 'epoch'>,
): Promise<void> {
  try {
    await leases.release(region, sessionId, epoch);
  } catch (error) {
    incidents.note('slot not released; it lapses', error, { region, sessionId });
  }
}

/** Frees a slot unless it is the one that the session is recorded to hold. */
export async function releaseUnlessHeld(
  ports: Pick<ReservePorts, 'leases' | 'incidents'>,
  lease: Lease,
  session: Session | undefined,
): Promise<void> {
  const held = session?.state === 'ended' ? undefined : session?.lease;
  const isHeld =
    held?.region === lease.region && held.workerId === lease.workerId && held.epoch === lease.epoch;
  if (!isHeld) await releaseQuietly(ports, lease);
}

/**
 * Frees a slot whose session may not have been stored; answers with what is on record. Nobody knows while the record
 * cannot be read: then the slot is kept, for a retry of the same request has a right to it, and else it lapses (L1).
 * Freed, it could go to a second session while the first is on record with it.
 */
export async function releaseUnlessStored(
  ports: Pick<ReservePorts, 'leases' | 'incidents'> & { readonly sessions: SessionRepository },
  lease: Lease,
): Promise<Session | undefined> {
  const { region, sessionId } = lease;
  try {
    const stored = await ports.sessions.find(sessionId);
    await releaseUnlessHeld(ports, lease, stored);
    return stored;
  } catch (error) {
    ports.incidents.note('slot kept; nobody knows if its session was stored', error, { region, sessionId });
    return undefined;
  }
}
