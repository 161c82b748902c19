import { afterAll, beforeAll, describe } from '@jest/globals';
import {
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
  const { sessions, usage, tenants, models } = fixture;
  return { sessions, usage, tenants, models, close: async () => undefined };
};

describe('Postgres sessions', () => sessionRepositoryContract(open));
describe('Postgres usage', () => usageRepositoryContract(open));
describe('Postgres tenants', () => tenantRepositoryContract(open));
