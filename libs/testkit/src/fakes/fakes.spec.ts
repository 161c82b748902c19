import { describe } from '@jest/globals';
import {
  auditLogContract,
  creditHoldsContract,
  demandHistoryContract,
  gpuHoursContract,
  jobRunsContract,
  leasesContract,
  ledgerContract,
  liveMetersContract,
  modelPoliciesContract,
  pairingsContract,
  pricePlansContract,
  queueRecordContract,
  sessionRepositoryContract,
  setAsideContract,
  tenantRepositoryContract,
  usageHoursContract,
  usageRepositoryContract,
  webhooksContract,
  workerRegistryContract,
  LATER_MS,
  type OpenRecord,
  type OpenRegion,
} from '../contracts/index.ts';
import { US_EAST } from '../builders.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { FakeAuditLog } from './fake-audit-log.ts';
import { FakeBilling } from './fake-billing.ts';
import { FakeCreditHolds } from './fake-credit-holds.ts';
import { FakeDemandHistory } from './fake-demand-history.ts';
import { FakeModelPolicies } from './fake-model-policies.ts';
import { FakePairings } from './fake-pairings.ts';
import { FakeQueueRecord } from './fake-queue-record.ts';
import { FakeRecord } from './fake-record.ts';
import { FakeRegions } from './fake-regions.ts';
import { FakeTenantRepository } from './fake-tenant-repository.ts';
import { FakeJobRuns } from './fake-job-runs.ts';
import { FakeModelCatalog } from './small-fakes.ts';
import { FakeWebhooks } from './fake-webhooks.ts';

const openRegion: OpenRegion = async (times) => {
  const clock = new VirtualClock();
  const { leases, registry, meters } = new FakeRegions(clock, { times });
  const elapse = async (ms: number) => clock.advance(ms);
  return { region: US_EAST, leases, registry, meters, elapse, close: async () => undefined };
};

const openRecord: OpenRecord = async () => {
  const record = new FakeRecord({ nowMs: () => LATER_MS });
  const { sessions, usage, gpuHours, usageHours, setAsideReadings: setAside } = record;
  const tenants = new FakeTenantRepository();
  const rest = {
    tenants,
    models: new FakeModelCatalog(),
    policies: new FakeModelPolicies(),
    queue: new FakeQueueRecord(record, tenants),
    audit: new FakeAuditLog(record),
    demand: new FakeDemandHistory(),
    pairings: new FakePairings(record),
    webhooks: new FakeWebhooks(record),
    jobRuns: new FakeJobRuns(record),
    credit: new FakeCreditHolds(record),
    billing: new FakeBilling(record),
  };
  return { sessions, usage, gpuHours, usageHours, setAside, ...rest, close: async () => undefined };
};

describe('fake leases', () => leasesContract(openRegion));
describe('fake worker registry', () => workerRegistryContract(openRegion));
describe('fake live meters', () => liveMetersContract(openRegion));
describe('fake sessions', () => sessionRepositoryContract(openRecord));
describe('fake usage', () => usageRepositoryContract(openRecord));
describe('fake usage hours', () => usageHoursContract(openRecord));
describe('fake set-aside readings', () => setAsideContract(openRecord));
describe('fake GPU hours', () => gpuHoursContract(openRecord));
describe('fake ledger', () => ledgerContract(openRecord));
describe('fake price plans', () => pricePlansContract(openRecord));
describe('fake tenants', () => tenantRepositoryContract(openRecord));
describe('fake audit log', () => auditLogContract(openRecord));
describe('fake model policies', () => modelPoliciesContract(openRecord));
describe('fake demand history', () => demandHistoryContract(openRecord));
describe('fake pairings', () => pairingsContract(openRecord));
describe('fake queue record', () => queueRecordContract(openRecord));
describe('fake credit holds', () => creditHoldsContract(openRecord));
describe('fake webhooks', () => webhooksContract(openRecord));
describe('fake job runs', () => jobRunsContract(openRecord));
