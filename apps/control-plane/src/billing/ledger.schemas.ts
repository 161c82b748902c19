import { z } from 'zod';
import { Currency, IsoTime, Name, Nano, TenantIdText } from '../http/schemas.ts';
import * as words from './money.schemas.ts';
import { Format } from './window.schemas.ts';

const Page = {
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
  cursor: z.string().max(200).optional().meta({ description: '`next` of the page before' }),
};

export const TransferView = z
  .object({
    id: z.string(),
    kind: z.enum([
      'charge',
      'minimum',
      'commitment',
      'top_up',
      'grant',
      'sla_credit',
      'refund',
      'correction',
    ]),
    at: IsoTime,
    period: words.PeriodText,
    tenant: TenantIdText,
    debit: z.string().meta({ example: 'tenant/ten_b7dtc4hz/receivable:GBP' }),
    credit: z.string().meta({ example: 'revenue:GBP' }),
    amountNano: Nano,
    currency: Currency,
    refersTo: z.string().optional().meta({ description: 'The transfer that it corrects or gives back' }),
    reason: z.string(),
    corrects: words.PeriodText.optional().meta({ description: 'The closed month whose price it corrects' }),
    hour: IsoTime.optional().meta({ description: 'The hour of usage that it charges' }),
    traceId: words.TraceIdText.optional(),
  })
  .meta({ id: 'Transfer', description: 'A double entry: never changed, never deleted' });

export const TransferList = z
  .object({ transfers: z.array(TransferView), next: z.string().optional() })
  .meta({ id: 'TransferList' });

export const LedgerQuery = z.strictObject({
  tenant: TenantIdText.optional(),
  period: words.PeriodText.optional(),
  ...Page,
  format: Format,
});
export const TenantLedgerQuery = LedgerQuery.omit({ tenant: true });

const Amount = { amountNano: words.PositiveNano, currency: Currency };

export const TopUp = z
  .strictObject({ ...Amount, reason: Name.default('top-up') })
  .meta({ id: 'TopUp', description: 'Money that the tenant paid in' });

export const Grant = z
  .strictObject({ ...Amount, reason: Name })
  .meta({ id: 'Grant', description: 'Credit that we give' });

export const Refund = z
  .strictObject({ transferId: z.string().min(1).max(200), amountNano: words.PositiveNano, reason: Name })
  .meta({ id: 'Refund', description: 'At most what is left of the transfer' });

export const WalletView = z
  .object({
    tenant: TenantIdText,
    balances: z.array(
      z.object({
        currency: Currency,
        balanceNano: Nano.meta({ description: 'What is in the wallet; below 0 when more was used' }),
        owedNano: Nano.meta({ description: 'What a postpaid tenant owes' }),
      }),
    ),
    transfers: z
      .array(TransferView)
      .meta({ description: 'What was paid in, granted or given back this month and last, newest first' }),
  })
  .meta({ id: 'Wallet' });

export const MoneyAnswer = z.object({ transfer: TransferView, repeated: z.boolean() }).meta({
  id: 'MoneyAnswer',
  description: '`repeated`: the key had done this already, and nothing was done',
});

export const BudgetFields = {
  limitNano: words.PositiveNano,
  currency: Currency,
  alertsAt: z
    .array(z.number().gt(0).max(1))
    .min(1)
    .max(10)
    .default([0.5, 0.8, 1])
    .meta({ description: 'Shares of the limit at which budget.alert is sent, once a month each' }),
  hardStop: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether sessions end (`budget_exhausted`) when it is spent' }),
};

export const PutBudget = z.strictObject(BudgetFields).meta({ id: 'PutBudget' });
export const PutBudgets = z
  .strictObject({ budgets: z.array(PutBudget).max(10) })
  .refine(({ budgets }) => new Set(budgets.map(({ currency }) => currency)).size === budgets.length, {
    path: ['budgets'],
    message: 'must have one budget for a currency',
  })
  .meta({ id: 'PutBudgets', description: 'The whole list: what is not in it goes' });

export const BudgetView = z
  .object({
    id: z.string(),
    tenant: TenantIdText,
    period: z.literal('month'),
    ...BudgetFields,
    spentNano: Nano.optional().meta({
      description: 'Charged so far this month; absent while a rate of exchange is missing',
    }),
    spentShare: z.number().optional(),
  })
  .meta({ id: 'Budget' });

export const BudgetList = z.object({ budgets: z.array(BudgetView) }).meta({ id: 'BudgetList' });
