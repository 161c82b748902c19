// What both billing APIs answer of the ledger, each for whom it may (S1).
import type { StreamableFile } from '@nestjs/common';
import { periodAt, previousPeriod, type Period, type TenantId, type TransferKind } from '@meridian/domain';
import type { z } from 'zod';
import { answerTable, type Format } from './answer-table.ts';
import type { Billing } from './billing.ts';
import type { BudgetList, TransferList, WalletView } from './ledger.schemas.ts';
import { viewBudget, viewTransfer, viewWallet } from './money-view.ts';

interface PageQuery {
  readonly period?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly format?: Format;
}

const PAID: ReadonlySet<TransferKind> = new Set<TransferKind>(['top_up', 'grant', 'refund', 'sla_credit']);

export class LedgerService {
  readonly #billing: Billing;

  constructor(billing: Billing) {
    this.#billing = billing;
  }

  async page(
    tenantId: TenantId | undefined,
    { period, limit, cursor, format }: PageQuery,
    accept: string | undefined,
  ): Promise<z.output<typeof TransferList> | StreamableFile> {
    const page = await this.#billing.ledger.page({
      limit,
      ...(tenantId !== undefined && { tenantId }),
      ...(period !== undefined && { period: period as Period }),
      ...(cursor !== undefined && { after: cursor }),
    });
    const transfers = page.transfers.map(viewTransfer);
    const json = { transfers, ...(page.next !== undefined && { next: page.next }) };
    return answerTable({ format, accept }, 'ledger', json, transfers);
  }

  async wallet(tenantId: TenantId): Promise<z.output<typeof WalletView>> {
    const { ledger, readStandings, clock } = this.#billing;
    const now = periodAt(clock.nowMs());
    const [standings, before, current] = await Promise.all([
      readStandings(tenantId),
      ledger.ofPeriod(tenantId, previousPeriod(now)),
      ledger.ofPeriod(tenantId, now),
    ]);
    const paid = [...before, ...current].filter(({ kind }) => PAID.has(kind)).reverse();
    return viewWallet(tenantId, standings, paid);
  }

  async budgets(tenantId: TenantId): Promise<z.output<typeof BudgetList>> {
    return { budgets: (await this.#billing.readBudgets(tenantId)).map(viewBudget) };
  }
}
