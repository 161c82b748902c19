// One replica of the control plane: the use cases that an app wires, over its own connections to PostgreSQL and Redis.
// Calls to both stores fail now and then: they never arrive, or their reply is lost.
import {
  DEFAULT_POLICY,
  makeAdmitToQueue,
  makeCapacity,
  makeEndSession,
  makeOpenSession,
  makePoliciesInForce,
  makeQueueView,
  UNLIMITED,
  type WorkerControl,
} from '@meridian/application';
import type { RegionId } from '@meridian/domain';
import {
  Database,
  PostgresQueueRecord,
  PrismaModelCatalog,
  PrismaModelPolicies,
  PrismaSessionRepository,
  PrismaUsageRepository,
} from '@meridian/postgres';
import {
  connectRedis,
  RedisLeaseStore,
  RedisLiveMeters,
  RedisWorkerRegistry,
  RegionRedises,
  whenReady,
} from '@meridian/redis';
import { faulty, NotedIncidents, SeededDraw, type Fate } from '@meridian/testkit/world';
import type { ReplicaPlan } from './messages.ts';

const READY_MS = 5_000;
/** Of each replica; PostgreSQL takes 100 in all. */
const CONNECTIONS_MAX = 8;

export async function wireReplica(plan: ReplicaPlan, workers: WorkerControl) {
  const draw = new SeededDraw(plan.seed);
  const lost = { calls: 0 };
  const fate = (): Fate => {
    const chance = draw.next();
    if (chance < plan.refused + plan.replyLost) lost.calls += 1;
    if (chance < plan.refused) return 'refused';
    return chance < plan.refused + plan.replyLost ? 'reply-lost' : 'works';
  };
  const region = { region: plan.region as RegionId, jurisdiction: 'us' };
  const connection = connectRedis(plan.redisUrl);
  if (!(await whenReady(connection, READY_MS))) throw new Error('Redis does not answer');
  const redises = new RegionRedises([{ ...region, connection }]);
  const database = new Database({ url: plan.databaseUrl, connectionsMax: CONNECTIONS_MAX });
  const record = new PrismaSessionRepository(database);
  const { claimTtlMs, workerSilentMs } = plan;
  const policy = { ...DEFAULT_POLICY, claimTtlMs, workerSilentMs };
  const ports = {
    ...{ draw, policy, workers, regions: [region], clock: { nowMs: () => Date.now() } },
    sessions: faulty('postgres', record, fate),
    leases: faulty('redis', new RedisLeaseStore(redises, workerSilentMs), fate),
    registry: new RedisWorkerRegistry(redises, { staleMs: workerSilentMs }),
    meters: new RedisLiveMeters(redises),
    usage: new PrismaUsageRepository(database),
    models: new PrismaModelCatalog(database),
    modelPolicies: new PrismaModelPolicies(database),
    queueRecord: new PostgresQueueRecord(database),
    incidents: new NotedIncidents(),
    credit: UNLIMITED,
  };
  const capacity = makeCapacity(ports);
  const policies = makePoliciesInForce(ports);
  const queue = makeQueueView({ ...ports, capacity, policies });
  const admitToQueue = makeAdmitToQueue({ ...ports, queue, policies });
  return {
    draw,
    lost,
    /** Without faults, to look what became of a session. */
    record,
    openSession: makeOpenSession({ ...ports, capacity, queue, policies, admitToQueue }),
    endSession: makeEndSession(ports),
    close: async () => {
      redises.close();
      await database.close();
    },
  };
}

export type Replica = Awaited<ReturnType<typeof wireReplica>>;
