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
  SessionSignals,
  SetAside,
  TenantRepository,
  UsageHours,
  UsageRepository,
  Webhooks,
  WorkerRegistry,
} from '@meridian/application';
import type { RegionId } from '@meridian/domain';

/** Everything the control plane keeps, behind the application's ports; tests bring fakes of the same ports. */
export interface Stores extends BillingStores {
  readonly sessions: SessionRepository;
  readonly signals: SessionSignals;
  readonly tenants: TenantRepository;
  readonly usage: UsageRepository;
  readonly usageHours: UsageHours;
  readonly setAside: SetAside;
  readonly gpuHours: GpuHours;
  readonly models: ModelCatalog;
  readonly modelPolicies: ModelPolicies;
  readonly queueRecord: QueueRecord;
  readonly registry: WorkerRegistry;
  readonly leases: LeaseStore;
  readonly meters: LiveMeters;
  readonly audit: AuditLog;
  readonly demandHistory: DemandHistory;
  readonly pairings: Pairings;
  readonly webhooks: Webhooks;
  readonly creditHolds: CreditHolds;
  readonly jobRuns: JobRuns;
  /** True when PostgreSQL answers now. */
  recordAnswers(): Promise<boolean>;
  /** True when the region's Redis answers now. */
  regionAnswers(region: RegionId): Promise<boolean>;
  close(): Promise<void>;
}
