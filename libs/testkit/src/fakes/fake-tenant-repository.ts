import type { ApiKey, Tenant, TenantChange, TenantRepository } from '@meridian/application';
import type { ApiKeyId, TenantId } from '@meridian/domain';

export class FakeTenantRepository implements TenantRepository {
  readonly #tenants = new Map<TenantId, Tenant>();
  readonly #keys = new Map<string, ApiKey>();

  async createTenant(tenant: Tenant): Promise<void> {
    this.#tenants.set(tenant.tenantId, tenant);
  }

  async findTenant(tenantId: TenantId): Promise<Tenant | undefined> {
    return this.#tenants.get(tenantId);
  }

  async listTenants(): Promise<readonly Tenant[]> {
    return [...this.#tenants.values()];
  }

  async updateTenant(tenantId: TenantId, change: TenantChange): Promise<boolean> {
    const tenant = this.#tenants.get(tenantId);
    if (tenant) this.#tenants.set(tenantId, { ...tenant, ...change });
    return tenant !== undefined;
  }

  async createApiKey(key: ApiKey, secretHash: string): Promise<void> {
    this.#keys.set(secretHash, key);
  }

  async listApiKeys(tenantId: TenantId): Promise<readonly ApiKey[]> {
    return [...this.#keys.values()].filter((key) => key.tenantId === tenantId);
  }

  async revokeApiKey(tenantId: TenantId, apiKeyId: ApiKeyId, atMs: number): Promise<boolean> {
    const found = [...this.#keys].find(([, key]) => key.apiKeyId === apiKeyId && key.tenantId === tenantId);
    if (!found) return false;
    const [hash, key] = found;
    this.#keys.set(hash, { ...key, revokedAtMs: key.revokedAtMs ?? atMs });
    return true;
  }

  async findByKeyHash(
    secretHash: string,
  ): Promise<{ readonly tenant: Tenant; readonly apiKeyId: ApiKeyId } | undefined> {
    const key = this.#keys.get(secretHash);
    const tenant = key && this.#tenants.get(key.tenantId);
    return key && tenant && key.revokedAtMs === undefined ? { tenant, apiKeyId: key.apiKeyId } : undefined;
  }
}
