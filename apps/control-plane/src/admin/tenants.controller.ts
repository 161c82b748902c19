import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { ApiKey, Tenant, Tenants } from '@meridian/application';
import type { ApiKeyId, TenantId } from '@meridian/domain';
import type { z } from 'zod';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { IdParam } from '../http/id-param.ts';
import { Problem } from '../http/problem.ts';
import { ApiKeyIdText, TenantIdText, defined, toIso } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { TENANTS } from '../tokens.ts';
import * as schemas from './admin.schemas.ts';
import { AuditInterceptor } from './audit.interceptor.ts';

const noTenant = () => new Problem('tenant_not_found', 'There is no tenant with this id.');
const noApiKey = () => new Problem('api_key_not_found', 'This tenant has no API key with this id.');
const TENANT_ID = new IdParam<TenantId>(/^ten_[a-z0-9]{1,64}$/, noTenant);
const API_KEY_ID = new IdParam<ApiKeyId>(/^key_[a-z0-9]{1,64}$/, noApiKey);

@Controller('admin/v1/tenants')
@UseGuards(AdminKeyGuard)
@UseInterceptors(AuditInterceptor)
export class TenantsController {
  constructor(@Inject(TENANTS) private readonly tenants: Tenants) {}

  @Post()
  @Endpoint({
    tag: 'tenants',
    summary: 'Create a tenant',
    auth: 'adminKey',
    body: schemas.CreateTenant,
    status: 201,
    answer: schemas.TenantView,
  })
  async createTenant(
    @Body(new Valid(schemas.CreateTenant)) body: z.output<typeof schemas.CreateTenant>,
  ): Promise<z.output<typeof schemas.TenantView>> {
    return viewTenant(await this.tenants.create(body.name, body.maxSessions, body.weight));
  }

  @Get()
  @Endpoint({ tag: 'tenants', summary: 'List tenants', auth: 'adminKey', answer: schemas.TenantList })
  async listTenants(): Promise<z.output<typeof schemas.TenantList>> {
    return { tenants: (await this.tenants.list()).map(viewTenant) };
  }

  @Get(':tenantId')
  @Endpoint({
    tag: 'tenants',
    summary: 'Read a tenant',
    auth: 'adminKey',
    params: { tenantId: TenantIdText },
    answer: schemas.TenantView,
    problems: ['tenant_not_found'],
  })
  async readTenant(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
  ): Promise<z.output<typeof schemas.TenantView>> {
    return viewTenant(foundTenant(await this.tenants.find(tenantId)));
  }

  @Patch(':tenantId')
  @Endpoint({
    tag: 'tenants',
    summary: 'Change a tenant',
    description: 'A lower `maxSessions` ends nothing; it only refuses new sessions.',
    auth: 'adminKey',
    params: { tenantId: TenantIdText },
    body: schemas.ChangeTenant,
    answer: schemas.TenantView,
    problems: ['tenant_not_found'],
  })
  async changeTenant(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
    @Body(new Valid(schemas.ChangeTenant)) body: z.output<typeof schemas.ChangeTenant>,
  ): Promise<z.output<typeof schemas.TenantView>> {
    return viewTenant(foundTenant(await this.tenants.update(tenantId, defined(body))));
  }

  @Post(':tenantId/api-keys')
  @Endpoint({
    tag: 'tenants',
    summary: 'Create an API key',
    description: 'The answer is the only place that ever shows `secret`.',
    auth: 'adminKey',
    params: { tenantId: TenantIdText },
    body: schemas.CreateApiKey,
    status: 201,
    answer: schemas.NewApiKey,
    problems: ['tenant_not_found'],
  })
  async createApiKey(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
    @Body(new Valid(schemas.CreateApiKey)) body: z.output<typeof schemas.CreateApiKey>,
  ): Promise<z.output<typeof schemas.NewApiKey>> {
    const { key, secret } = foundTenant(await this.tenants.issueKey(tenantId, body.name));
    return { ...viewApiKey(key), secret };
  }

  @Get(':tenantId/api-keys')
  @Endpoint({
    tag: 'tenants',
    summary: 'List API keys',
    auth: 'adminKey',
    params: { tenantId: TenantIdText },
    answer: schemas.ApiKeyList,
    problems: ['tenant_not_found'],
  })
  async listApiKeys(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
  ): Promise<z.output<typeof schemas.ApiKeyList>> {
    return { apiKeys: foundTenant(await this.tenants.listKeys(tenantId)).map(viewApiKey) };
  }

  @Delete(':tenantId/api-keys/:keyId')
  @HttpCode(204)
  @Endpoint({
    tag: 'tenants',
    summary: 'Revoke an API key',
    description: 'It stops working within 5 s on every replica. Sessions that it opened go on.',
    auth: 'adminKey',
    params: { tenantId: TenantIdText, keyId: ApiKeyIdText },
    status: 204,
    answerNote: 'Revoked',
    problems: ['api_key_not_found'],
  })
  async revokeApiKey(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
    @Param('keyId', API_KEY_ID) keyId: ApiKeyId,
  ): Promise<void> {
    if (await this.tenants.revokeKey(tenantId, keyId)) return;
    throw noApiKey();
  }
}

function foundTenant<T>(value: T | undefined): T {
  if (value === undefined) throw noTenant();
  return value;
}

const viewTenant = ({ tenantId, name, maxSessions, weight, createdAtMs }: Tenant) => ({
  id: tenantId,
  name,
  maxSessions,
  weight,
  createdAt: toIso(createdAtMs),
});

const viewApiKey = ({ apiKeyId, tenantId, name, prefix, createdAtMs, revokedAtMs }: ApiKey) => ({
  id: apiKeyId,
  tenantId,
  name,
  prefix,
  createdAt: toIso(createdAtMs),
  revokedAt: revokedAtMs === undefined ? undefined : toIso(revokedAtMs),
});
