import type { ApiKey, Tenant, TenantChange, TenantRepository } from '@meridian/application';
import type { ApiKeyId, TenantId } from '@meridian/domain';
import type { Database } from './database.ts';
import type { ApiKey as ApiKeyRow, Tenant as TenantRow } from './generated/client.ts';

export class PrismaTenantRepository implements TenantRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async createTenant({ tenantId, name, maxSessions, weight, createdAtMs }: Tenant): Promise<void> {
    const data = { tenantId, name, maxSessions, weight, createdAt: new Date(createdAtMs) };
    await this.#database.rows((prisma) => prisma.tenant.create({ data }));
  }

  async findTenant(tenantId: TenantId): Promise<Tenant | undefined> {
    const row = await this.#database.rows((prisma) => prisma.tenant.findUnique({ where: { tenantId } }));
    return row === null ? undefined : tenantFrom(row);
  }

  async listTenants(): Promise<readonly Tenant[]> {
    const orderBy = [{ createdAt: 'asc' as const }, { tenantId: 'asc' as const }];
    return (await this.#database.rows((prisma) => prisma.tenant.findMany({ orderBy }))).map(tenantFrom);
  }

  async updateTenant(tenantId: TenantId, { name, maxSessions, weight }: TenantChange): Promise<boolean> {
    const data = {
      ...(name === undefined ? {} : { name }),
      ...(maxSessions === undefined ? {} : { maxSessions }),
      ...(weight === undefined ? {} : { weight }),
    };
    const { count } = await this.#database.rows((prisma) =>
      prisma.tenant.updateMany({ where: { tenantId }, data }),
    );
    return count === 1;
  }

  async createApiKey(key: ApiKey, secretHash: string): Promise<void> {
    const { apiKeyId, tenantId, name, prefix, createdAtMs, revokedAtMs } = key;
    const createdAt = new Date(createdAtMs);
    const revokedAt = revokedAtMs === undefined ? null : new Date(revokedAtMs);
    const data = { apiKeyId, tenantId, name, prefix, secretHash, createdAt, revokedAt };
    await this.#database.rows((prisma) => prisma.apiKey.create({ data }));
  }

  async listApiKeys(tenantId: TenantId): Promise<readonly ApiKey[]> {
    const orderBy = [{ createdAt: 'asc' as const }, { apiKeyId: 'asc' as const }];
    const rows = await this.#database.rows((prisma) =>
      prisma.apiKey.findMany({ where: { tenantId }, orderBy }),
    );
    return rows.map(apiKeyFrom);
  }

  async revokeApiKey(tenantId: TenantId, apiKeyId: ApiKeyId, atMs: number): Promise<boolean> {
    return this.#database.rows(async (prisma) => {
      // The first time stays.
      await prisma.apiKey.updateMany({
        where: { tenantId, apiKeyId, revokedAt: null },
        data: { revokedAt: new Date(atMs) },
      });
      return (await prisma.apiKey.count({ where: { tenantId, apiKeyId } })) === 1;
    });
  }

  async findByKeyHash(
    secretHash: string,
  ): Promise<{ readonly tenant: Tenant; readonly apiKeyId: ApiKeyId } | undefined> {
    const row = await this.#database.rows((prisma) =>
      prisma.apiKey.findUnique({ where: { secretHash, revokedAt: null }, include: { tenant: true } }),
    );
    return row === null ? undefined : { tenant: tenantFrom(row.tenant), apiKeyId: row.apiKeyId as ApiKeyId };
  }
}

const tenantFrom = ({ tenantId, name, maxSessions, weight, createdAt }: TenantRow): Tenant => ({
  tenantId: tenantId as TenantId,
  name,
  maxSessions,
  weight,
  createdAtMs: createdAt.getTime(),
});

const apiKeyFrom = ({ apiKeyId, tenantId, name, prefix, createdAt, revokedAt }: ApiKeyRow): ApiKey => ({
  apiKeyId: apiKeyId as ApiKeyId,
  tenantId: tenantId as TenantId,
  name,
  prefix,
  createdAtMs: createdAt.getTime(),
  ...(revokedAt === null ? {} : { revokedAtMs: revokedAt.getTime() }),
});
