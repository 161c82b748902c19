import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ApiKey } from '@meridian/application';
import type { ApiKeyId } from '@meridian/domain';
import { aTenant, tenantId } from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const aKey = (over: Partial<ApiKey> = {}): ApiKey => ({
  ...{ apiKeyId: 'key_1' as ApiKeyId, tenantId: tenantId('acme'), name: 'ci', prefix: 'mk_abcde' },
  createdAtMs: 1_000,
  ...over,
});

/** What every tenant repository and model catalog does. Call it in a `describe`; `open` gives an empty record. */
export function tenantRepositoryContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
  });
  afterEach(() => record.close());

  it('keeps tenants', async () => {
    await record.tenants.createTenant(aTenant({ tenantId: tenantId('b'), name: 'B', createdAtMs: 5 }));
    expect(await record.tenants.findTenant(tenantId('acme'))).toEqual(aTenant());
    expect(await record.tenants.findTenant(tenantId('nobody'))).toBeUndefined();
    expect(await record.tenants.listTenants()).toHaveLength(2);
  });

  it('changes what it is told to, and no more', async () => {
    expect(await record.tenants.updateTenant(tenantId('acme'), { maxSessions: 3 })).toBe(true);
    expect(await record.tenants.findTenant(tenantId('acme'))).toEqual(aTenant({ maxSessions: 3 }));
    expect(await record.tenants.updateTenant(tenantId('acme'), { weight: 4 })).toBe(true);
    expect(await record.tenants.findTenant(tenantId('acme'))).toEqual(aTenant({ maxSessions: 3, weight: 4 }));
    expect(await record.tenants.updateTenant(tenantId('nobody'), { name: 'x' })).toBe(false);
  });

  it('finds a tenant by the hash of a live key', async () => {
    await record.tenants.createApiKey(aKey(), 'h'.repeat(64));
    expect(await record.tenants.findByKeyHash('h'.repeat(64))).toEqual({
      tenant: aTenant(),
      apiKeyId: 'key_1',
    });
    expect(await record.tenants.findByKeyHash('i'.repeat(64))).toBeUndefined();
    expect(await record.tenants.listApiKeys(tenantId('acme'))).toEqual([aKey()]);
  });

  it('revokes a key of its tenant only, and keeps the first time', async () => {
    await record.tenants.createApiKey(aKey(), 'h'.repeat(64));
    const revoke = (tenant: string, atMs: number) =>
      record.tenants.revokeApiKey(tenantId(tenant), 'key_1' as ApiKeyId, atMs);
    expect(await revoke('other', 9)).toBe(false);
    expect(await revoke('acme', 10)).toBe(true);
    expect(await revoke('acme', 20)).toBe(true);
    expect(await record.tenants.findByKeyHash('h'.repeat(64))).toBeUndefined();
    expect(await record.tenants.listApiKeys(tenantId('acme'))).toEqual([aKey({ revokedAtMs: 10 })]);
  });

  it('keeps a model version once, since when it was first seen', async () => {
    const version = {
      ...{ model: 'gallery', modelVersion: '1.0.0', frameWidth: 128, frameHeight: 72, framesPerSecond: 25 },
      ...{ actions: ['w', 'mouse'], stateBytes: 4_096, firstSeenAtMs: 1_000 },
    };
    await record.models.record(version);
    await record.models.record({ ...version, firstSeenAtMs: 2_000 });
    expect(await record.models.list()).toEqual([version]);
  });
}
