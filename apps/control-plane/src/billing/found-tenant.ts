import type { Tenant, Tenants } from '@meridian/application';
import type { TenantId } from '@meridian/domain';
import { IdParam } from '../http/id-param.ts';
import { Problem } from '../http/problem.ts';

const noTenant = () => new Problem('tenant_not_found', 'There is no tenant with this id.');

export const TENANT_ID = new IdParam<TenantId>(/^ten_[a-z0-9]{1,64}$/, noTenant);

export async function foundTenant(tenants: Tenants, tenantId: TenantId): Promise<Tenant> {
  const tenant = await tenants.find(tenantId);
  if (!tenant) throw noTenant();
  return tenant;
}
