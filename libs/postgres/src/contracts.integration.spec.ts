import { afterAll, beforeAll, describe } from '@jest/globals';
import {
  auditLogContract,
  jobRunsContract,
  creditHoldsContract,
  demandHistoryContract,
  gpuHoursContract,
  modelPoliciesContract,
  ledgerContract,
  pairingsContract,
  pricePlansContract,
  queueRecordContract,
  sessionRepositoryContract,
  setAsideContract,
  tenantRepositoryContract,
  usageHoursContract,
  usageRepositoryContract,
  webhooksContract,
} from '@meridian/testkit';
import type { OpenRecord } from '@meridian/testkit';
import { openRecord } from './testing/fixture.ts';
import type { RecordFixture } from './testing/fixture.ts';

let fixture: RecordFixture;
beforeAll(async () => {
  fixture = await openRecord();
});
afterAll(() => fixture.drop());

const open: OpenRecord = async () => {
  await fixture.clear();
  return { ...fixture, close: async () => undefined };
};

describe('Postgres sessions', () => sessionRepositoryContract(open));
describe('Postgres usage', () => usageRepositoryContract(open));
describe('Postgres GPU hours', () => gpuHoursContract(open));
describe('Postgres usage hours', () => usageHoursContract(open));
describe('Postgres set-aside readings', () => setAsideContract(open));
describe('Postgres ledger', () => ledgerContract(open));
describe('Postgres price plans', () => pricePlansContract(open));
describe('Postgres tenants', () => tenantRepositoryContract(open));
describe('Postgres audit log', () => auditLogContract(open));
describe('Postgres demand history', () => demandHistoryContract(open));
describe('Postgres model policies', () => modelPoliciesContract(open));
describe('Postgres pairings', () => pairingsContract(open));
describe('Postgres queue record', () => queueRecordContract(open));
describe('Postgres credit holds', () => creditHoldsContract(open));
describe('Postgres webhooks', () => webhooksContract(open));
describe('Postgres job runs', () => jobRunsContract(open));
