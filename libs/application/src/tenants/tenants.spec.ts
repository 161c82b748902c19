import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiKeyId } from '@meridian/domain';
import { makeWorld, tenantId, type World } from '@meridian/testkit';

let world: World;
beforeEach(() => {
  world = makeWorld();
});
const issued = async () => {
  const tenant = await world.tenantAdmin.create('Acme', 5);
  const key = await world.tenantAdmin.issueKey(tenant.tenantId, 'ci');
  if (!key) throw new Error('no key');
  return { tenant, ...key };
};

describe('an API key', () => {
  it('lets its tenant in', async () => {
    const { tenant, key, secret } = await issued();
    expect(tenant.tenantId).toMatch(/^ten_[a-z2-7]{26}$/);
    expect(secret).toMatch(/^mk_[a-z2-7]{52}$/);
    expect(secret.startsWith(key.prefix)).toBe(true);
    expect(await world.tenantAdmin.authenticate(secret)).toEqual({ tenant, apiKeyId: key.apiKeyId });
  });

  it('is nowhere stored or listed as it is', async () => {
    const { tenant, secret } = await issued();
    const listed = JSON.stringify(await world.tenantAdmin.listKeys(tenant.tenantId));
    expect(listed).not.toContain(secret.slice(12));
  });

  it('lets nobody in once it is revoked, or when it is none', async () => {
    const { tenant, key, secret } = await issued();
    expect(await world.tenantAdmin.revokeKey(tenantId('other'), key.apiKeyId)).toBe(false);
    expect(await world.tenantAdmin.revokeKey(tenant.tenantId, 'key_none' as ApiKeyId)).toBe(false);
    expect(await world.tenantAdmin.revokeKey(tenant.tenantId, key.apiKeyId)).toBe(true);
    for (const text of [secret, `${secret}a`, '', 'mk_', 'x'.repeat(100_000), `mk_${'A'.repeat(52)}`]) {
      expect(await world.tenantAdmin.authenticate(text)).toBeUndefined();
    }
  });

  it('given from outside is made once', async () => {
    const secret = `mk_${'a'.repeat(52)}`;
    const tenant = await world.tenantAdmin.ensureKey(secret, 'Play', 4);
    expect(await world.tenantAdmin.ensureKey(secret, 'Play', 4)).toEqual(tenant);
    expect(await world.tenantAdmin.list()).toHaveLength(1);
    expect((await world.tenantAdmin.authenticate(secret))?.tenant).toEqual(tenant);
  });
});

describe('a tenant', () => {
  it('is changed where it is told to be', async () => {
    const { tenant } = await issued();
    expect(await world.tenantAdmin.update(tenant.tenantId, { maxSessions: 9 })).toEqual({
      ...tenant,
      maxSessions: 9,
    });
    expect(await world.tenantAdmin.find(tenant.tenantId)).toMatchObject({ name: 'Acme', maxSessions: 9 });
  });

  it('that is not there has no keys', async () => {
    expect(await world.tenantAdmin.update(tenantId('none'), { name: 'x' })).toBeUndefined();
    expect(await world.tenantAdmin.issueKey(tenantId('none'), 'ci')).toBeUndefined();
    expect(await world.tenantAdmin.listKeys(tenantId('none'))).toBeUndefined();
  });
});
