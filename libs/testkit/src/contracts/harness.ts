import type {
  AuditLog,
  BillingStores,
  CreditHolds,
  DemandHistory,
  GpuHours,
  JobRuns,
  LeaseStore,
  LiveMeters,
  ModelCatalog,
  ModelPolicies,
  Pairings,
  QueueRecord,
  SessionRepository,
  SetAside,
  TenantRepository,
  UsageHours,
  UsageRepository,
  Webhooks,
  WorkerRegistry,
} from '@meridian/application';
import type { RegionId } from '@meridian/domain';

/** One region's store, empty. */
export interface RegionHarness {
  readonly region: RegionId;
  readonly leases: LeaseStore;
  readonly registry: WorkerRegistry;
  readonly meters: LiveMeters;
  /** Lets the store's clock go on by this much: virtual for a fake, as long as it takes for a real one. */
  elapse(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface RegionHarnessTimes {
  /** What a heartbeat renews a lease to. */
  readonly leaseTtlMs: number;
  /** A worker silent for longer is not offered. */
  readonly staleMs: number;
}

export type OpenRegion = (times: RegionHarnessTimes) => Promise<RegionHarness>;

/** What time it is for the record in every contract, Unix ms: no reading is from after it, unless it means to be. */
export const LATER_MS = Date.UTC(2100, 0);

/** The durable record, empty: no tenant, session, rate. */
export interface RecordHarness {
  readonly tenants: TenantRepository;
  readonly sessions: SessionRepository;
  readonly usage: UsageRepository;
  readonly gpuHours: GpuHours;
  readonly usageHours: UsageHours;
  readonly setAside: SetAside;
  readonly models: ModelCatalog;
  readonly policies: ModelPolicies;
  readonly queue: QueueRecord;
  readonly audit: AuditLog;
  readonly demand: DemandHistory;
  readonly pairings: Pairings;
  readonly webhooks: Webhooks;
  readonly jobRuns: JobRuns;
  readonly credit: CreditHolds;
  readonly billing: BillingStores;
  close(): Promise<void>;
}

export type OpenRecord = () => Promise<RecordHarness>;

/** Nothing lapses and nobody falls silent within a test. */
export const PATIENT: RegionHarnessTimes = { leaseTtlMs: 3_600_000, staleMs: 3_600_000 };
