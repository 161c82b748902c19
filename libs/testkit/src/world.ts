// The whole control plane on virtual time: every use case over fakes, as the app wires them over real stores (D1).
import {
  DEFAULT_POLICY,
  makeAdmitToQueue,
  makeAdviseCapacity,
  makeAttemptLimit,
  makeCapacity,
  makeCreditLeases,
  makeClaimPairing,
  makeCutHours,
  makeDispatchQueue,
  makeDrainWorker,
  makeEndSession,
  makeExpireSessions,
  makeFlushMeters,
  makeIssueConnection,
  makeKeepPromises,
  makeLoseLeases,
  makeMeasureDemand,
  makeObserveHeartbeat,
  makeOfferPairing,
  makeOpenGroup,
  makeOpenSession,
  makeOutlook,
  makePoliciesInForce,
  makePrepareDays,
  makeQueueView,
  makeReadFleetCost,
  makeReadMeteringLag,
  makeReadQueuePlace,
  makeReadSessionUsage,
  makeRecomputeGpuHours,
  makeRecordUptime,
  makeRegisterWorker,
  makeReplaceSession,
  makeResolveSetAside,
  makeRollUpUsage,
  makeSampleDemand,
  makeSessionDevices,
  makeStoreWatch,
  makeTakeLostWorkers,
  makeTenants,
  StoreUnavailable,
  type BillingStores,
  type OpenSessionCommand,
  type RegionConfig,
  type SessionPolicy,
  type WorkerPace,
  type WorkerRegistration,
} from '@meridian/application';
import type { RegionId, Session } from '@meridian/domain';
import { aRate, aTenant, aWorker, EU_WEST, GALLERY, US_EAST } from './builders.ts';
import { FakeBilling } from './fakes/fake-billing.ts';
import { FakeCreditHolds } from './fakes/fake-credit-holds.ts';
import { FakeDemandHistory } from './fakes/fake-demand-history.ts';
import { FakeAuditLog } from './fakes/fake-audit-log.ts';
import { FakeModelPolicies } from './fakes/fake-model-policies.ts';
import { FakePairings } from './fakes/fake-pairings.ts';
import { FakeQueueRecord } from './fakes/fake-queue-record.ts';
import { FakeRecord } from './fakes/fake-record.ts';
import { FakeRegions } from './fakes/fake-regions.ts';
import { FakeTenantRepository } from './fakes/fake-tenant-repository.ts';
import {
  FakeModelCatalog,
  FakeSessionTokens,
  FakeWorkerControl,
  NotedIncidents,
} from './fakes/small-fakes.ts';
import type { RegionTimes } from './fakes/region-store.ts';
import { faulty, ScriptedFates, type Fates } from './faults.ts';
import { SeededDraw } from './seeded-draw.ts';
import { SimWorker } from './sim-worker.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface WorldOptions {
  readonly seed?: number;
  readonly policy?: Partial<SessionPolicy>;
  /** Fates of calls to the lease stores and to the session repository; scripted ones by default. */
  readonly leaseFates?: Fates;
  readonly sessionFates?: Fates;
  /** `us-east` and `eu-west` unless told. */
  readonly regions?: readonly RegionConfig[];
  /** Times of the regions' stores. */
  readonly times?: Partial<RegionTimes>;
  /** Virtual time at the start, Unix ms. */
  readonly startMs?: number;
}

const TWO_REGIONS: readonly RegionConfig[] = [
  { region: US_EAST, jurisdiction: 'us' },
  { region: EU_WEST, jurisdiction: 'eu' },
];

const WRONG_CODES_EACH = { burst: 10, perMinute: 10 };
const WRONG_CODES_ALL = { burst: 300, perMinute: 300 };

export const CREDIT_SLICE_MS = 120_000;

/** From the order of a worker until it takes sessions. */
const BOOT_MS = 300_000;

export function makeWorld(options: WorldOptions = {}) {
  const clock = new VirtualClock(options.startMs);
  const draw = new SeededDraw(options.seed ?? 1);
  const policy = { ...DEFAULT_POLICY, ...options.policy };
  const { regions = TWO_REGIONS } = options;
  const fakeRegions = new FakeRegions(clock, {
    regions: Object.fromEntries(regions.map(({ region, jurisdiction }) => [region, jurisdiction])),
    ...(options.times ? { times: options.times } : {}),
  });
  const record = new FakeRecord(clock);
  record.rates = [aRate()];
  const tenants = new FakeTenantRepository();
  const fates = { leases: new ScriptedFates(), sessions: new ScriptedFates() };
  const leases = faulty('leases', fakeRegions.leases, options.leaseFates ?? fates.leases.of);
  const sessions = faulty('postgres', record.sessions, options.sessionFates ?? fates.sessions.of);
  const billing: BillingStores = new FakeBilling(record);
  const holds = new FakeCreditHolds(record);
  const ports = {
    ...{
      clock,
      draw,
      policy,
      regions,
      leases,
      sessions,
      registry: fakeRegions.registry,
      meters: fakeRegions.meters,
    },
    ...{ usageHours: record.usageHours, setAside: record.setAsideReadings },
    ...{ usage: record.usage, gpuHours: record.gpuHours, tenants, models: new FakeModelCatalog() },
    ...{ queueRecord: new FakeQueueRecord(record, tenants), modelPolicies: new FakeModelPolicies() },
    demandHistory: new FakeDemandHistory(),
    ...{ audit: new FakeAuditLog(record), pairings: new FakePairings(record) },
    ...{ workers: new FakeWorkerControl(), tokens: new FakeSessionTokens(), incidents: new NotedIncidents() },
    watch: makeStoreWatch(policy.workerSilentMs),
    ...{
      ...billing,
      holds,
      credit: makeCreditLeases({ ...billing, holds, clock, creditSliceMs: CREDIT_SLICE_MS }),
    },
  };
  const capacity = makeCapacity({ ...ports, outlook: makeOutlook(ports) });
  const policies = makePoliciesInForce(ports);
  const queue = makeQueueView({ ...ports, capacity, policies });
  const admitToQueue = makeAdmitToQueue({ ...ports, queue, policies });
  const measureDemand = makeMeasureDemand({ ...ports, capacity, policies });
  const issueConnection = makeIssueConnection({ ...ports, policies });
  const endSession = makeEndSession(ports);
  const attempts = makeAttemptLimit(clock, WRONG_CODES_EACH, WRONG_CODES_ALL);
  const loseLeases = makeLoseLeases({ ...ports, capacity });
  const adviseCapacity = makeAdviseCapacity({ ...ports, measureDemand, supply: { bootMs: BOOT_MS } });
  const useCases = {
    ...{ capacity, policies, queue, measureDemand, issueConnection, endSession, loseLeases },
    sampleDemand: makeSampleDemand({ ...ports, measureDemand }),
    adviseCapacity,
    openSession: makeOpenSession({ ...ports, capacity, queue, policies, admitToQueue }),
    openGroup: makeOpenGroup({ ...ports, capacity, queue, policies, admitToQueue }),
    replaceSession: makeReplaceSession({ ...ports, capacity, issueConnection }),
    dispatchQueue: makeDispatchQueue({ ...ports, capacity, queue, policies }),
    expireSessions: makeExpireSessions({ ...ports, queue, policies, endSession, loseLeases }),
    readQueuePlace: makeReadQueuePlace({ queue }),
    registerWorker: makeRegisterWorker({ ...ports, loseLeases, keepPromises: makeKeepPromises(ports) }),
    observeHeartbeat: makeObserveHeartbeat(ports),
    takeLostWorkers: makeTakeLostWorkers({ ...ports, loseLeases }),
    drainWorker: makeDrainWorker(ports),
    flushMeters: makeFlushMeters(ports),
    cutHours: makeCutHours(ports),
    rollUpUsage: makeRollUpUsage(ports),
    prepareDays: makePrepareDays(ports),
    resolveSetAside: makeResolveSetAside(ports),
    readMeteringLag: makeReadMeteringLag(ports),
    recordUptime: makeRecordUptime({ ...ports, adviseCapacity }),
    recomputeGpuHours: makeRecomputeGpuHours(ports),
    readSessionUsage: makeReadSessionUsage(ports),
    readFleetCost: makeReadFleetCost(ports),
    tenantAdmin: makeTenants(ports),
    offerPairing: makeOfferPairing(ports),
    claimPairing: makeClaimPairing({ ...ports, issueConnection, attempts }),
    sessionDevices: makeSessionDevices(ports),
  };
  const fleet: SimWorker[] = [];
  const { takeLostWorkers, expireSessions, dispatchQueue, flushMeters, recordUptime } = useCases;
  const jobs = [takeLostWorkers, expireSessions, dispatchQueue, flushMeters, recordUptime];
  /** A job that finds a store away has another chance the next time. */
  const whileAway = (error: unknown): void => {
    if (!(error instanceof StoreUnavailable)) throw error;
  };

  return {
    ...ports,
    ...useCases,
    ...{ record, fates, fleet, store: (region: RegionId) => fakeRegions.store(region) },

    /** A worker that has registered and beaten: its slots are on offer. */
    async addWorker(over: Partial<WorkerRegistration> = {}, pace?: WorkerPace): Promise<SimWorker> {
      const number = fleet.length;
      // No two processes begin to count in the same microsecond, though virtual time stands still between its steps.
      const nowUs = (): number => clock.nowMs() * 1_000 + number;
      const worker = new SimWorker(aWorker(over), { ...ports, ...useCases, nowUs }, pace);
      fleet.push(worker);
      await worker.register();
      await worker.beat();
      return worker;
    },

    /** Opens for the tenant `acme`, near us-east, unless told. */
    open: (over: Partial<OpenSessionCommand> = {}) =>
      useCases.openSession({
        ...{ tenant: aTenant(), model: GALLERY.model, rttMs: { [US_EAST]: 10, [EU_WEST]: 90 }, metadata: {} },
        ...over,
      }),

    /** The client's stream reaches the worker that its token names. False: nobody there, or it refuses. */
    async connect(session: Session): Promise<boolean> {
      const connection = await issueConnection(session);
      if (!connection) return false;
      const claims = FakeSessionTokens.read(connection.token);
      const worker = fleet.find((w) => w.alive && w.registration.address === claims.workerAddress);
      return worker?.connect(claims) ?? false;
    },

    /** Time goes on in steps of at most a second: workers play and beat, the jobs run. */
    async pass(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 1_000) {
        const step = Math.min(left, 1_000);
        clock.advance(step);
        for (const worker of fleet) worker.play(step);
        for (const worker of fleet) await worker.beat();
        for (const job of jobs) await job().catch(whileAway);
      }
    },
  };
}

export type World = Awaited<ReturnType<typeof makeWorld>>;
