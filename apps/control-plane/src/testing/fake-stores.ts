import {
  FakeAuditLog,
  FakeBilling,
  FakeCreditHolds,
  FakeDemandHistory,
  FakeJobRuns,
  FakeModelCatalog,
  FakeModelPolicies,
  FakePairings,
  FakeQueueRecord,
  FakeRecord,
  FakeRegions,
  FakeTenantRepository,
  FakeWebhooks,
  type VirtualClock,
} from '@meridian/testkit';
import type { RegionId, SessionId } from '@meridian/domain';
import { LocalSignals, announceSessions } from './local-signals.ts';
import type { Stores } from '../stores.ts';

export interface FakeStores extends Stores {
  readonly record: FakeRecord;
  readonly regions: FakeRegions;
  /** How many follow the session's events now. */
  listening(sessionId: string): number;
  /** Resolves when nobody follows the session's events any more. */
  heardNobody(sessionId: string): Promise<void>;
}

/** Every store in memory, with handles to take one away. */
export function fakeStores(clock: VirtualClock): FakeStores {
  const record = new FakeRecord();
  const regions = new FakeRegions(clock);
  const signals = new LocalSignals();
  const tenants = new FakeTenantRepository();
  const { plans, fxRates, ledger, invoices, budgets, chargeMarks } = new FakeBilling(record);
  return {
    ...{ record, regions, signals, plans, fxRates, ledger, invoices, budgets, chargeMarks },
    sessions: announceSessions(record.sessions, (sessionId) => signals.announce(sessionId)),
    tenants,
    queueRecord: new FakeQueueRecord(record, tenants),
    modelPolicies: new FakeModelPolicies(),
    usage: record.usage,
    usageHours: record.usageHours,
    setAside: record.setAsideReadings,
    gpuHours: record.gpuHours,
    models: new FakeModelCatalog(),
    audit: new FakeAuditLog(record),
    demandHistory: new FakeDemandHistory(),
    pairings: new FakePairings(record),
    webhooks: new FakeWebhooks(record),
    creditHolds: new FakeCreditHolds(record),
    jobRuns: new FakeJobRuns(record),
    registry: regions.registry,
    leases: regions.leases,
    meters: regions.meters,
    recordAnswers: async () => !record.away,
    regionAnswers: async (region: RegionId) => !regions.store(region).away,
    close: async () => undefined,
    listening: (sessionId) => signals.listening(sessionId as SessionId),
    heardNobody: async (sessionId) => {
      while (signals.listening(sessionId as SessionId) > 0) await new Promise(setImmediate);
    },
  };
}
