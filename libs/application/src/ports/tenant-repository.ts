import type { ApiKeyId, TenantId } from '@meridian/domain';

export interface Tenant {
  readonly tenantId: TenantId;
  readonly name: string;
  /** Most sessions open at once, queued ones included. */
  readonly maxSessions: number;
  /** Share of the queue, against other tenants' weights; 1 or more. */
  readonly weight: number;
  readonly createdAtMs: number;
}

export interface ApiKey {
  readonly apiKeyId: ApiKeyId;
  readonly tenantId: TenantId;
  readonly name: string;
  /** First characters of the key, to recognise it by. */
  readonly prefix: string;
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
}

/** What an operator may change; what is absent stays. */
export interface TenantChange {
  readonly name?: string;
  readonly maxSessions?: number;
  readonly weight?: number;
}

/** Keys are stored as SHA-256 of 32 random bytes: high entropy needs no slow hash. */
export interface TenantRepository {
  createTenant(tenant: Tenant): Promise<void>;
  findTenant(tenantId: TenantId): Promise<Tenant | undefined>;
  listTenants(): Promise<readonly Tenant[]>;
  /** False: no such tenant. */
  updateTenant(tenantId: TenantId, change: TenantChange): Promise<boolean>;
  createApiKey(key: ApiKey, secretHash: string): Promise<void>;
  listApiKeys(tenantId: TenantId): Promise<readonly ApiKey[]>;
  /** False: no such key of this tenant. */
  revokeApiKey(tenantId: TenantId, apiKeyId: ApiKeyId, atMs: number): Promise<boolean>;
  /** The tenant of a key that is not revoked. */
  findByKeyHash(
    secretHash: string,
  ): Promise<{ readonly tenant: Tenant; readonly apiKeyId: ApiKeyId } | undefined>;
}
