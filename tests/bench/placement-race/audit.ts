// What is left when all is quiet: who holds slots in Redis, who is on record with one, and what workers run.
import {
  leaseRefOf,
  type LeaseRef,
  type RegionId,
  type SessionId,
  type TenantId,
  type WorkerId,
} from '@meridian/domain';
import { Database } from '@meridian/postgres';
import {
  connectRedis,
  RedisLeaseStore,
  RedisWorkerRegistry,
  RegionRedises,
  whenReady,
} from '@meridian/redis';

export interface Audit {
  /** Slots held in Redis by nobody who is on record with them. */
  readonly leaked: number;
  /** Slots with two holders: two leases in Redis, or more sessions on record with a worker than it has slots. */
  readonly double: number;
  /** Slots without a session on record. */
  readonly unused: number;
  readonly queued: number;
  /** Sessions on record with a place and no lease in Redis. */
  readonly unheld: number;
  /** Why sessions ended, and how many. */
  readonly ended: Readonly<Record<string, number>>;
}

export interface Stores {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly region: string;
  readonly tenantId: TenantId;
  readonly slots: number;
  readonly slotsPerWorker: number;
}

interface Held {
  readonly sessionId: SessionId;
  readonly state: string;
  readonly endReason?: string;
  readonly lease?: LeaseRef;
}

export async function audit(stores: Stores): Promise<Audit> {
  const region = stores.region as RegionId;
  const connection = connectRedis(stores.redisUrl);
  await whenReady(connection, 5_000);
  const redises = new RegionRedises([{ region, jurisdiction: 'us', connection }]);
  const database = new Database({ url: stores.databaseUrl });
  try {
    const sessions = await readSessions(database, stores.tenantId);
    const workers = await new RedisWorkerRegistry(redises).list(region);
    const leases = await new RedisLeaseStore(redises).findMany(
      region,
      sessions.map(({ sessionId }) => sessionId),
    );
    const holders = sessions.filter(({ state, lease }) => lease && state !== 'ended');
    const isHeld = ({ sessionId, lease }: Held): boolean => {
      const live = leases.get(sessionId);
      return live !== undefined && live.workerId === lease?.workerId && live.epoch === lease.epoch;
    };
    const usedSlots = workers.reduce((sum, worker) => sum + worker.usedSlots, 0);
    const places = [...leases.values()].map(({ workerId, slot }) => `${workerId} ${slot}`);
    return {
      leaked: usedSlots - holders.filter(isHeld).length,
      double: places.length - new Set(places).size + overfull(holders, stores.slotsPerWorker),
      unused: stores.slots - holders.length,
      queued: sessions.filter(({ state }) => state === 'queued').length,
      unheld: holders.filter((session) => !isHeld(session)).length,
      ended: countBy(sessions.filter(({ state }) => state === 'ended')),
    };
  } finally {
    redises.close();
    await database.close();
  }
}

async function readSessions(database: Database, tenantId: TenantId): Promise<readonly Held[]> {
  const { rows } = await database.query<{
    folded: Record<string, unknown>;
    session_id: SessionId;
    state: string;
  }>('SELECT session_id, state, folded FROM sessions WHERE tenant_id = $1', [tenantId]);
  return rows.map(({ session_id: sessionId, state, folded }) => ({
    sessionId,
    state,
    ...(typeof folded['endReason'] === 'string' && { endReason: folded['endReason'] }),
    ...(folded['lease'] !== undefined && { lease: leaseRefOf(folded['lease'] as LeaseRef) }),
  }));
}

/** Sessions on record with a worker beyond its slots. */
function overfull(holders: readonly Held[], slotsPerWorker: number): number {
  const byWorker = new Map<WorkerId | undefined, number>();
  for (const { lease } of holders) byWorker.set(lease?.workerId, (byWorker.get(lease?.workerId) ?? 0) + 1);
  return [...byWorker.values()].reduce((sum, held) => sum + Math.max(0, held - slotsPerWorker), 0);
}

function countBy(ended: readonly Held[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { endReason = 'unknown' } of ended) counts[endReason] = (counts[endReason] ?? 0) + 1;
  return counts;
}
