import type { ApiKeyId, TenantId } from '@meridian/domain';
import type { Clock, Draw } from '../ports/clock.ts';
import type { ApiKey, Tenant, TenantChange, TenantRepository } from '../ports/tenant-repository.ts';
import { drawId, sha256 } from '../ids.ts';

export interface TenantPorts {
  readonly tenants: TenantRepository;
  readonly clock: Clock;
  readonly draw: Draw;
}

export interface IssuedApiKey {
  readonly key: ApiKey;
  /** `mk_...`, shown this once: only its hash is stored. */
  readonly secret: string;
}

/** Tenants and their API keys, for operators; `authenticate` is for every request. */
export interface Tenants {
  /** @param weight 1 unless told */
  create(name: string, maxSessions: number, weight?: number): Promise<Tenant>;
  /** Undefined: no such tenant. */
  update(tenantId: TenantId, change: TenantChange): Promise<Tenant | undefined>;
  find(tenantId: TenantId): Promise<Tenant | undefined>;
  list(): Promise<readonly Tenant[]>;
  /** Undefined: no such tenant. */
  issueKey(tenantId: TenantId, name: string): Promise<IssuedApiKey | undefined>;
  /** Undefined: no such tenant. */
  listKeys(tenantId: TenantId): Promise<readonly ApiKey[] | undefined>;
  /** False: no such key of this tenant. Revoking twice is harmless. */
  revokeKey(tenantId: TenantId, apiKeyId: ApiKeyId): Promise<boolean>;
  /** The tenant of a key's text; undefined for anything that is not a live key. */
  authenticate(secret: string): Promise<{ readonly tenant: Tenant; readonly apiKeyId: ApiKeyId } | undefined>;
  /** Makes a tenant with a given key if the key is not known yet; for demo keys and first starts. Idempotent. */
  ensureKey(secret: string, tenantName: string, maxSessions: number): Promise<Tenant>;
}

const SECRET_BYTES = 32;
/** `mk_` and enough of the rest to tell two keys apart on a screen. */
const PREFIX_CHARS = 9;
const SECRET = /^mk_[a-z2-7]{20,120}$/;

export function makeTenants({ tenants, clock, draw }: TenantPorts): Tenants {
  const create = async (name: string, maxSessions: number, weight = 1): Promise<Tenant> => {
    const tenantId = drawId('ten', draw) as TenantId;
    const tenant = { tenantId, name, maxSessions, weight, createdAtMs: clock.nowMs() };
    await tenants.createTenant(tenant);
    return tenant;
  };
  const store = async (tenantId: TenantId, name: string, secret: string): Promise<IssuedApiKey> => {
    const apiKeyId = drawId('key', draw) as ApiKeyId;
    const key = {
      apiKeyId,
      tenantId,
      name,
      prefix: secret.slice(0, PREFIX_CHARS),
      createdAtMs: clock.nowMs(),
    };
    await tenants.createApiKey(key, hashOf(secret));
    return { key, secret };
  };
  return {
    create,
    find: (tenantId) => tenants.findTenant(tenantId),
    list: () => tenants.listTenants(),
    async update(tenantId, change) {
      return (await tenants.updateTenant(tenantId, change)) ? tenants.findTenant(tenantId) : undefined;
    },
    async issueKey(tenantId, name) {
      if (!(await tenants.findTenant(tenantId))) return undefined;
      return store(tenantId, name, `mk_${draw.token(SECRET_BYTES)}`);
    },
    async listKeys(tenantId) {
      return (await tenants.findTenant(tenantId)) ? tenants.listApiKeys(tenantId) : undefined;
    },
    revokeKey: (tenantId, apiKeyId) => tenants.revokeApiKey(tenantId, apiKeyId, clock.nowMs()),
    // What does not look like a key is refused before anything is asked of a store.
    authenticate: async (secret) => (SECRET.test(secret) ? tenants.findByKeyHash(hashOf(secret)) : undefined),
    async ensureKey(secret, tenantName, maxSessions) {
      const known = await tenants.findByKeyHash(hashOf(secret));
      if (known) return known.tenant;
      const tenant = await create(tenantName, maxSessions);
      await store(tenant.tenantId, tenantName, secret);
      return tenant;
    },
  };
}

const hashOf = (secret: string): string => sha256(secret).toString('hex');
