// Slots for every session of a group in one region, or none: one script of its store.
import {
  explainGroup,
  FIRST_EPOCH,
  whyOf,
  type GroupPlace,
  type GroupRanking,
  type Lease,
  type PlacementWhy,
  type RegionId,
  type RegionVerdict,
  type SessionId,
  type WorkerId,
} from '@meridian/domain';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { ReservePorts } from './reserve-best.ts';

export interface ReserveForGroup {
  /** Of all members. */
  readonly sessionIds: readonly SessionId[];
  readonly ttlMs: number;
  readonly exclude: readonly WorkerId[];
}

export interface GroupReservation {
  readonly leases: ReadonlyMap<SessionId, Lease>;
  readonly considered: readonly RegionVerdict[];
  /** Of those sessions whose place was decided here; those that an earlier attempt had reserved have none. */
  readonly whys: ReadonlyMap<SessionId, PlacementWhy>;
}

/**
 * Asks the regions one after the other. Undefined: none had room for all when it was asked, and no earlier attempt had
 * reserved for them (L3). As for one session, a store that did not answer may have reserved, and expiry frees it (L1).
 */
export async function reserveGroup(
  ports: ReservePorts,
  ranking: GroupRanking,
  wanted: ReserveForGroup,
): Promise<GroupReservation | undefined> {
  for (const place of ranking.places) {
    const leases = await orUndefined(ports, place.region, reserveAt(ports, place, wanted));
    if (!leases) continue;
    for (const lease of leases) ports.capacity.took(lease);
    const whys = place.members.map((member) => [member.sessionId, whyOf(member.ranking)] as const);
    return { leases: byId(leases), considered: explainGroup(ranking, place.region), whys: new Map(whys) };
  }
  return unheard(ports, ranking, wanted.sessionIds);
}

const reserveAt = (
  { leases }: ReservePorts,
  { region, members }: GroupPlace,
  { exclude, ttlMs }: ReserveForGroup,
): Promise<readonly Lease[] | undefined> =>
  leases.reserveGroup(
    region,
    members.map(({ sessionId, pool, ranking: { request } }) => {
      const gpus = request.gpus === undefined ? {} : { gpus: request.gpus };
      return { region, pool, sessionId, epoch: FIRST_EPOCH, ttlMs, exclude, ...gpus };
    }),
  );

/** The group's own slots make a region look full to its second attempt. */
async function unheard(
  ports: ReservePorts,
  ranking: GroupRanking,
  sessionIds: readonly SessionId[],
): Promise<GroupReservation | undefined> {
  for (const { region } of [...ranking.places, ...ranking.refusals]) {
    const found = await orUndefined(ports, region, ports.leases.findMany(region, sessionIds));
    const isTheirs = sessionIds.every((sessionId) => found?.get(sessionId)?.epoch === FIRST_EPOCH);
    if (found && isTheirs)
      return { leases: found, considered: explainGroup(ranking, region), whys: new Map() };
  }
  return undefined;
}

async function orUndefined<T>(
  { incidents }: ReservePorts,
  region: RegionId,
  reply: Promise<T>,
): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    incidents.note('store does not answer', error, { region });
    return undefined;
  }
}

const byId = (leases: readonly Lease[]): ReadonlyMap<SessionId, Lease> =>
  new Map(leases.map((lease) => [lease.sessionId, lease]));
