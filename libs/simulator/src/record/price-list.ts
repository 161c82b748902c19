// What the GPUs of the month cost, and what its tenants pay.
import type { Tenant } from '@meridian/application';
import type {
  Budget,
  BudgetId,
  PlanId,
  PricePlan,
  PurchaseKind,
  Rate,
  RateId,
  TenantId,
} from '@meridian/domain';
import { TENANTS } from './month-scenario.ts';

const CURRENCY = 'GBP';
const NANO_PER_PENNY = 10_000_000n;
const SECONDS_PER_HOUR = 3_600n;

const rate = (
  gpuType: string,
  purchase: PurchaseKind,
  pencePerHour: bigint,
  fromMs: number,
  source: string,
): Rate => ({
  ...{ rateId: `rat_month_${gpuType}_${purchase}_${fromMs}` as RateId, gpuType, purchase, source },
  ...{ currency: CURRENCY, nanoPerGpuHour: pencePerHour * NANO_PER_PENNY },
  ...{ effectiveFromMs: fromMs, recordedAtMs: fromMs },
});

/** One price falls after two thirds of the month. */
export const ratesOf = (fromMs: number, laterMs: number): readonly Rate[] => [
  rate('h100', 'on_demand', 245n, fromMs, 'price list'),
  rate('h100', 'reserved', 190n, fromMs, 'contract of one year'),
  rate('l40s', 'on_demand', 112n, fromMs, 'price list'),
  rate('l40s', 'spot', 68n, fromMs, 'mean of the month before'),
  rate('h100', 'on_demand', 225n, laterMs, 'price list'),
];

export const tenantsOf = (fromMs: number): readonly Tenant[] =>
  TENANTS.map(({ tenantId, name }) => ({
    tenantId,
    name,
    maxSessions: 1_000,
    weight: 1,
    createdAtMs: fromMs,
  }));

interface Terms {
  readonly pencePerHour: bigint;
  readonly dreamPencePerHour: bigint;
  readonly limitPounds: bigint;
  readonly hardStop: boolean;
}

/** One of them pays less than it costs, one is about to have spent its budget. */
const TERMS: Readonly<Record<string, Terms>> = {
  Acme: { pencePerHour: 145n, dreamPencePerHour: 260n, limitPounds: 14_000n, hardStop: true },
  Borealis: { pencePerHour: 150n, dreamPencePerHour: 270n, limitPounds: 10_500n, hardStop: false },
  Citadel: { pencePerHour: 82n, dreamPencePerHour: 150n, limitPounds: 2_600n, hardStop: true },
  Dune: { pencePerHour: 160n, dreamPencePerHour: 310n, limitPounds: 6_500n, hardStop: false },
};

export const plansOf = (fromMs: number): readonly PricePlan[] =>
  TENANTS.flatMap(({ tenantId, name }) => {
    const terms = TERMS[name];
    return terms ? [planOf(tenantId, name, terms, fromMs)] : [];
  });

const perSecond = (pencePerHour: bigint): bigint => (pencePerHour * NANO_PER_PENNY) / SECONDS_PER_HOUR;

const planOf = (tenantId: TenantId, name: string, terms: Terms, fromMs: number): PricePlan => ({
  ...{ planId: `pln_month_${tenantId}` as PlanId, tenantId, name: `${name}, by the second` },
  ...{ currency: CURRENCY, effectiveFromMs: fromMs, recordedAtMs: fromMs },
  lines: [
    { ...BY_SECOND, model: 'dream', tiers: [{ nanoPerUnit: perSecond(terms.dreamPencePerHour) }] },
    { ...BY_SECOND, tiers: [{ nanoPerUnit: perSecond(terms.pencePerHour) }] },
  ],
  ...{
    includedMs: 0,
    minimumNano: 0n,
    promise: { lateShareMax: 0.01, creditShare: 0.1 },
    billing: 'postpaid',
  },
});

const BY_SECOND = { unit: 'active_second', mode: 'graduated' } as const;

export const budgetsOf = (): readonly Budget[] =>
  TENANTS.flatMap(({ tenantId, name }) => {
    const terms = TERMS[name];
    if (!terms) return [];
    const { limitPounds, hardStop } = terms;
    return [
      {
        ...{
          budgetId: `bud_month_${tenantId}` as BudgetId,
          tenantId,
          period: 'month',
          currency: CURRENCY,
          hardStop,
        },
        ...{ limitNano: limitPounds * 100n * NANO_PER_PENNY, alertsAt: [0.5, 0.8, 1] },
      },
    ];
  });
