import { describe } from '@jest/globals';
import {
  auditLogContract,
  demandHistoryContract,
  leasesContract,
  liveMetersContract,
  modelPoliciesContract,
  pairingsContract,
  queueRecordContract,
  sessionRepositoryContract,
  tenantRepositoryContract,
  usageRepositoryContract,
  workerRegistryContract,
  type OpenRecord,
  type OpenRegion,
} from '../contracts/index.ts';
import { US_EAST } from '../builders.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { FakeAuditLog } from './fake-audit-log.ts';
import { FakeDemandHistory } from './fake-demand-history.ts';
import { FakeModelPolicies } from './fake-model-policies.ts';
import { FakePairings } from './fake-pairings.ts';
import { FakeQueueRecord } from './fake-queue-record.ts';
import { FakeRecord } from './fake-record.ts';
import { FakeRegions } from './fake-regions.ts';
import { FakeTenantRepository } from './fake-tenant-repository.ts';
import { FakeModelCatalog } from './small-fakes.ts';

const openRegion: OpenRegion = async (times) => {
  const clock = new VirtualClock();
  const { leases, registry, meters } = new FakeRegions(clock, { times });
  const elapse = async (ms: number) => clock.advance(ms);
  return { region: US_EAST, leases, registry, meters, elapse, close: async () => undefined };
};

const openRecord: OpenRecord = async () => {
  const record = new FakeRecord();
  const { sessions, usage } = record;
  const tenants = new FakeTenantRepository();
  const rest = {
    tenants,
    models: new FakeModelCatalog(),
    policies: new FakeModelPolicies(),
    queue: new FakeQueueRecord(record, tenants),
    audit: new FakeAuditLog(record),
    demand: new FakeDemandHistory(),
    pairings: new FakePairings(record),
  };
  return { sessions, usage, ...rest, close: async () => undefined };
};

describe('fake leases', () => leasesContract(openRegion));
describe('fake worker registry', () => workerRegistryContract(openRegion));
describe('fake live meters', () => liveMetersContract(openRegion));
describe('fake sessions', () => sessionRepositoryContract(openRecord));
describe('fake usage', () => usageRepositoryContract(openRecord));
describe('fake tenants', () => tenantRepositoryContract(openRecord));
describe('fake audit log', () => auditLogContract(openRecord));
describe('fake model policies', () => modelPoliciesContract(openRecord));
describe('fake demand history', () => demandHistoryContract(openRecord));
describe('fake pairings', () => pairingsContract(openRecord));
describe('fake queue record', () => queueRecordContract(openRecord));
