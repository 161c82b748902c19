import type { SpentBudget, Standing } from '@meridian/application';
import type { Invoice, InvoiceLine, TenantId, Transfer } from '@meridian/domain';
import type { z } from 'zod';
import { toIso } from '../http/schemas.ts';
import type { InvoiceHeadView, InvoiceLineView, InvoiceView } from './invoice.schemas.ts';
import type { BudgetView, TransferView, WalletView } from './ledger.schemas.ts';

export const viewTransfer = (transfer: Transfer): z.output<typeof TransferView> => ({
  id: transfer.transferId,
  kind: transfer.kind,
  at: toIso(transfer.atMs),
  period: transfer.period,
  tenant: transfer.tenantId,
  debit: transfer.debit,
  credit: transfer.credit,
  amountNano: String(transfer.amountNano),
  currency: transfer.currency,
  ...(transfer.refersTo !== undefined && { refersTo: transfer.refersTo }),
  reason: transfer.reason,
  ...(transfer.corrects !== undefined && { corrects: transfer.corrects }),
  ...(transfer.hourMs !== undefined && { hour: toIso(transfer.hourMs) }),
  ...(transfer.traceId !== undefined && { traceId: transfer.traceId }),
});

export const viewInvoiceHead = (invoice: Invoice): z.output<typeof InvoiceHeadView> => ({
  id: invoice.invoiceId,
  ...(invoice.number !== undefined && { number: invoice.number }),
  tenant: invoice.tenantId,
  period: invoice.period,
  currency: invoice.currency,
  status: invoice.status,
  totalNano: String(invoice.totalNano),
  ...(invoice.issuedAtMs !== undefined && { issuedAt: toIso(invoice.issuedAtMs) }),
});

export const viewInvoice = (invoice: Invoice): z.output<typeof InvoiceView> => ({
  ...viewInvoiceHead(invoice),
  lines: invoice.lines.map(viewInvoiceLine),
});

const viewInvoiceLine = (line: InvoiceLine): z.output<typeof InvoiceLineView> => ({
  kind: line.kind,
  description: line.description,
  ...(line.model !== undefined && { model: line.model }),
  ...(line.modelVersion !== undefined && { modelVersion: line.modelVersion }),
  ...(line.region !== undefined && { region: line.region }),
  unit: line.unit,
  quantity: line.quantity,
  ...(line.unitPriceNano !== undefined && { unitPriceNano: String(line.unitPriceNano) }),
  amountNano: String(line.amountNano),
  currency: line.currency,
  ...(line.fxRate && {
    fxRate: {
      from: line.fxRate.from,
      numerator: String(line.fxRate.numerator),
      denominator: String(line.fxRate.denominator),
    },
  }),
  ...(line.transferIds && { transferIds: [...line.transferIds] }),
});

export const viewWallet = (
  tenant: TenantId,
  standings: readonly Standing[],
  transfers: readonly Transfer[],
): z.output<typeof WalletView> => ({
  tenant,
  balances: standings.map(({ currency, walletNano, owedNano }) => ({
    ...{ currency, balanceNano: String(walletNano), owedNano: String(owedNano) },
  })),
  transfers: transfers.map(viewTransfer),
});

export const viewBudget = ({ budget, spentNano }: SpentBudget): z.output<typeof BudgetView> => ({
  id: budget.budgetId,
  tenant: budget.tenantId,
  period: budget.period,
  limitNano: String(budget.limitNano),
  currency: budget.currency,
  alertsAt: [...budget.alertsAt],
  hardStop: budget.hardStop,
  ...(spentNano !== undefined && {
    spentNano: String(spentNano),
    spentShare: Number(spentNano) / Number(budget.limitNano),
  }),
});
