import { afterAll, beforeAll, describe } from '@jest/globals';
import {
  auditLogContract,
  demandHistoryContract,
  modelPoliciesContract,
  pairingsContract,
  queueRecordContract,
  sessionRepositoryContract,
  tenantRepositoryContract,
  usageRepositoryContract,
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
  const { sessions, usage, tenants, models, policies, queue, audit, demand, pairings } = fixture;
  const stores = { sessions, usage, tenants, models, policies, queue, audit, demand, pairings };
  return { ...stores, close: async () => undefined };
};

describe('Postgres sessions', () => sessionRepositoryContract(open));
describe('Postgres usage', () => usageRepositoryContract(open));
describe('Postgres tenants', () => tenantRepositoryContract(open));
describe('Postgres audit log', () => auditLogContract(open));
describe('Postgres demand history', () => demandHistoryContract(open));
describe('Postgres model policies', () => modelPoliciesContract(open));
describe('Postgres pairings', () => pairingsContract(open));
describe('Postgres queue record', () => queueRecordContract(open));
