import { describe } from '@jest/globals';
import {
  leasesContract,
  liveMetersContract,
  sessionRepositoryContract,
  tenantRepositoryContract,
  usageRepositoryContract,
  workerRegistryContract,
  type OpenRecord,
  type OpenRegion,
} from '../contracts/index.ts';
import { US_EAST } from '../builders.ts';
import { VirtualClock } from '../virtual-clock.ts';
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
  const { sessions, usage } = new FakeRecord();
  const rest = { tenants: new FakeTenantRepository(), models: new FakeModelCatalog() };
  return { sessions, usage, ...rest, close: async () => undefined };
};

describe('fake leases', () => leasesContract(openRegion));
describe('fake worker registry', () => workerRegistryContract(openRegion));
describe('fake live meters', () => liveMetersContract(openRegion));
describe('fake sessions', () => sessionRepositoryContract(openRecord));
describe('fake usage', () => usageRepositoryContract(openRecord));
describe('fake tenants', () => tenantRepositoryContract(openRecord));
