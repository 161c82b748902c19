import {
  Body,
  Controller,
  Get,
  Headers,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Req,
  Res,
  UseGuards,
  UseInterceptors,
  type StreamableFile,
} from '@nestjs/common';
import type { MoneyCommand, MoneyOutcome, RefundOutcome } from '@meridian/application';
import type { TenantId, TransferId } from '@meridian/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { AuditInterceptor } from '../admin/audit.interceptor.ts';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { TenantIdText } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { IDEMPOTENCY_KEY } from '../sessions/idempotency-key.ts';
import { BILLING } from '../tokens.ts';
import type { Billing } from './billing.ts';
import { TENANT_ID, foundTenant } from './found-tenant.ts';
import { requiredKey } from './idempotency.ts';
import { LedgerService } from './ledger-service.ts';
import * as schemas from './ledger.schemas.ts';
import { postedOrProblem } from './money-outcome.ts';

const TAG = { tag: 'billing', auth: 'adminKey', params: { tenantId: TenantIdText } } as const;
const MONEY = {
  ...TAG,
  status: 201,
  headers: [IDEMPOTENCY_KEY],
  answer: schemas.MoneyAnswer,
  also: { 200: 'What this idempotency key did before' },
} as const;

/** Money that moved, moves in, or may be spent. */
@Controller('admin/v1/billing')
@UseGuards(AdminKeyGuard)
@UseInterceptors(AuditInterceptor)
export class LedgerController {
  readonly #ledger: LedgerService;

  constructor(@Inject(BILLING) private readonly billing: Billing) {
    this.#ledger = new LedgerService(billing);
  }

  @Get('ledger')
  @Endpoint({
    tag: TAG.tag,
    auth: TAG.auth,
    csv: true,
    summary: 'Read the ledger, oldest first',
    description: 'Double-entry and append-only: a correction is a new transfer that refers to the first.',
    query: schemas.LedgerQuery,
    answer: schemas.TransferList,
  })
  async readLedger(
    @Query(new Valid(schemas.LedgerQuery, 'query'))
    { tenant, ...query }: z.output<typeof schemas.LedgerQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.TransferList> | StreamableFile> {
    return this.#ledger.page(tenant as TenantId | undefined, query, accept);
  }

  @Get('tenants/:tenantId/wallet')
  @Endpoint({
    ...TAG,
    summary: 'What a tenant has and owes',
    answer: schemas.WalletView,
    problems: ['tenant_not_found'],
  })
  async readWallet(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
  ): Promise<z.output<typeof schemas.WalletView>> {
    await foundTenant(this.billing.tenants, tenantId);
    return this.#ledger.wallet(tenantId);
  }

  @Post('tenants/:tenantId/wallet/top-ups')
  @Endpoint({
    ...MONEY,
    summary: 'Record money that a tenant paid in',
    description:
      'Into its wallet when it is prepaid, else against what it owes. `Idempotency-Key` is required.',
    body: schemas.TopUp,
    problems: ['tenant_not_found', 'wrong_currency', 'idempotency_key_reused'],
  })
  async topUpWallet(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
    @Body(new Valid(schemas.TopUp)) { amountNano, ...body }: z.output<typeof schemas.TopUp>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof schemas.MoneyAnswer>> {
    const command = { ...body, amountNano: BigInt(amountNano) };
    return this.#post(tenantId, key, request, reply, (more) => this.billing.topUp({ ...command, ...more }));
  }

  @Post('tenants/:tenantId/wallet/grants')
  @Endpoint({
    ...MONEY,
    summary: 'Give a tenant credit',
    description: '`Idempotency-Key` is required.',
    body: schemas.Grant,
    problems: ['tenant_not_found', 'wrong_currency', 'idempotency_key_reused'],
  })
  async grantCredit(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
    @Body(new Valid(schemas.Grant)) { amountNano, ...body }: z.output<typeof schemas.Grant>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof schemas.MoneyAnswer>> {
    const command = { ...body, amountNano: BigInt(amountNano) };
    return this.#post(tenantId, key, request, reply, (more) =>
      this.billing.grantCredit({ ...command, ...more }),
    );
  }

  @Post('tenants/:tenantId/refunds')
  @Endpoint({
    ...MONEY,
    summary: 'Give back what a transfer took, or a part of it',
    description: 'A new transfer that refers to it. `Idempotency-Key` is required.',
    body: schemas.Refund,
    problems: ['tenant_not_found', 'transfer_not_found', 'refund_too_large', 'idempotency_key_reused'],
  })
  async refundTransfer(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
    @Body(new Valid(schemas.Refund)) { transferId, amountNano, reason }: z.output<typeof schemas.Refund>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof schemas.MoneyAnswer>> {
    const command = { reason, amountNano: BigInt(amountNano), transferId: transferId as TransferId };
    return this.#post(tenantId, key, request, reply, (more) => this.billing.refund({ ...command, ...more }));
  }

  @Get('tenants/:tenantId/budgets')
  @Endpoint({
    ...TAG,
    summary: 'Budgets of a tenant, and what is spent of them',
    answer: schemas.BudgetList,
    problems: ['tenant_not_found'],
  })
  async readBudgets(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
  ): Promise<z.output<typeof schemas.BudgetList>> {
    await foundTenant(this.billing.tenants, tenantId);
    return this.#ledger.budgets(tenantId);
  }

  @Put('tenants/:tenantId/budgets')
  @Endpoint({
    ...TAG,
    summary: 'Put the budgets of a tenant',
    description:
      'The whole list, one for a currency. `budget.alert` is sent once a month for each share; with `hardStop` its ' +
      'sessions end when it is spent.',
    body: schemas.PutBudgets,
    answer: schemas.BudgetList,
    problems: ['tenant_not_found'],
  })
  async putBudgets(
    @Param('tenantId', TENANT_ID) tenantId: TenantId,
    @Body(new Valid(schemas.PutBudgets)) { budgets }: z.output<typeof schemas.PutBudgets>,
  ): Promise<z.output<typeof schemas.BudgetList>> {
    await foundTenant(this.billing.tenants, tenantId);
    await this.billing.replaceBudgets(
      tenantId,
      budgets.map(({ limitNano, ...budget }) => ({ ...budget, limitNano: BigInt(limitNano) })),
    );
    return this.#ledger.budgets(tenantId);
  }

  async #post(
    tenantId: TenantId,
    key: string | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
    post: (
      more: Pick<MoneyCommand, 'tenantId' | 'idempotencyKey' | 'traceId'>,
    ) => Promise<MoneyOutcome | RefundOutcome>,
  ): Promise<z.output<typeof schemas.MoneyAnswer>> {
    const idempotencyKey = requiredKey(key);
    await foundTenant(this.billing.tenants, tenantId);
    const answer = postedOrProblem(await post({ tenantId, idempotencyKey, traceId: request.trace.traceId }));
    if (answer.repeated) void reply.status(200).header('idempotency-replayed', 'true');
    return answer;
  }
}
