// The rules of FOCUS 1.2 that a reader's tool checks first (specification/columns of the FOCUS repository).
import { describe, expect, it } from '@jest/globals';
import type { GpuHours, Ledger, Tenant, UsageHours } from '@meridian/application';
import { IDLE_CAUSES, type IdleByCause, type Period, type TransferKind } from '@meridian/domain';
import { aTenant, aTransfer, poolIn, tenantId, US_EAST } from '@meridian/testkit';
import { csvLines } from './csv.ts';
import { focusCostRows } from './focus-cost.ts';
import { focusPriceRows } from './focus-price.ts';
import { FOCUS_COLUMNS, FOCUS_OWN_COLUMNS, type FocusRow } from './focus.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 10, 2, 8);
const WINDOW = { fromMs: T0, toMs: T0 + HOUR_MS };

/** Columns of feature level `Mandatory`, and those among them that may not be null. */
const NOT_NULL = [
  ...['BilledCost', 'BillingAccountId', 'BillingCurrency', 'BillingPeriodEnd', 'BillingPeriodStart'],
  ...['ChargeCategory', 'ChargePeriodEnd', 'ChargePeriodStart', 'ContractedCost', 'EffectiveCost'],
  ...['InvoiceIssuerName', 'ListCost', 'ProviderName', 'PublisherName', 'ServiceCategory', 'ServiceName'],
  'ServiceSubcategory',
];
const MANDATORY = [
  ...NOT_NULL,
  ...['BillingAccountName', 'BillingAccountType', 'ChargeClass', 'ChargeDescription'],
  ...['PricingQuantity', 'PricingUnit'],
];

const idle = Object.fromEntries(
  IDLE_CAUSES.map((cause, i) => [cause, { ms: i * 60_000, nano: BigInt(i) * 1_000_001n }]),
) as unknown as IdleByCause;
const bucket = { fromMs: T0, toMs: T0 + HOUR_MS, currency: 'GBP', pool: poolIn(US_EAST) };
const usage = {
  ...{ ...bucket, tenantId: tenantId('acme'), purchase: 'spot', activeMs: 1_800_000, gpuMs: 900_000 },
  ...{ frames: 45_000, lateFrames: 2, sessionsStarted: 1, startedMinutes: 30, costNano: 600_000_001n },
};
const stood = {
  ...bucket,
  purchase: 'reserved',
  upMs: HOUR_MS,
  activeMs: 0,
  billNano: 0n,
  sessionNano: 0n,
  idle,
};

const collect = async (rows: AsyncIterable<FocusRow>) => {
  const all: FocusRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
};
const costRows = () =>
  collect(
    focusCostRows(
      {
        usageHours: { read: async () => [usage] } as unknown as UsageHours,
        gpuHours: { read: async () => [stood] } as unknown as GpuHours,
        tenants: new Map([['ten_acme', 'Acme']]),
        regions: new Map([['us-east', 'US East']]),
      },
      WINDOW,
    ),
  );
const tenant: Tenant = aTenant();
const priceRows = (kinds: readonly TransferKind[], closed: readonly string[] = []) =>
  collect(
    focusPriceRows(
      {
        usageHours: { read: async () => [usage] } as unknown as UsageHours,
        invoices: { closedPeriods: async () => new Set(closed as Period[]) },
        ledger: {
          ofPeriod: async () =>
            kinds.map((kind, i) => {
              const { hourMs: _hour, ...transfer } = aTransfer({ hourMs: T0, atMs: T0 + i });
              const isUsage = kind === 'charge' || kind === 'correction';
              return {
                ...{ ...transfer, kind },
                ...(isUsage && { hourMs: T0 }),
                ...(kind === 'correction' && { corrects: '2026-10' as Period }),
              };
            }),
        } as unknown as Ledger,
      },
      tenant,
      WINDOW,
    ),
  );
const KINDS: readonly TransferKind[] = [
  ...(['charge', 'correction', 'minimum', 'commitment', 'grant', 'sla_credit', 'refund'] as const),
];

it('has every mandatory column, ours after FOCUS’s and led by x_', () => {
  expect(FOCUS_COLUMNS).toEqual(expect.arrayContaining(MANDATORY));
  expect(FOCUS_COLUMNS).toEqual([...FOCUS_COLUMNS].sort());
  for (const column of FOCUS_COLUMNS) expect(column).toMatch(/^([A-Z][a-z]+)+$/);
  for (const column of FOCUS_OWN_COLUMNS) expect(column).toMatch(/^x_([A-Z][a-z]+)+$/);
});

describe.each([
  ['cost', costRows],
  ['price', () => priceRows(KINDS)],
])('rows of %s', (_what, rowsOf) => {
  it('leave no column empty that may not be, and have no column that is not in the header', async () => {
    const header = new Set<string>([...FOCUS_COLUMNS, ...FOCUS_OWN_COLUMNS]);
    for (const row of await rowsOf()) {
      for (const column of NOT_NULL) expect([column, row[column]]).toEqual([column, expect.anything()]);
      for (const column of Object.keys(row)) expect(header).toContain(column);
    }
  });

  it('keep to the allowed values and formats', async () => {
    for (const row of await rowsOf()) {
      expect(['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment']).toContain(row['ChargeCategory']);
      expect([undefined, 'Correction']).toContain(row['ChargeClass']);
      expect([undefined, 'Standard', 'Dynamic', 'Committed', 'Other']).toContain(row['PricingCategory']);
      expect(['Usage-Based', 'Recurring', 'One-Time']).toContain(row['ChargeFrequency']);
      for (const column of ['BillingPeriodStart', 'BillingPeriodEnd', 'ChargePeriodStart', 'ChargePeriodEnd'])
        expect(row[column]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      for (const column of ['BilledCost', 'ContractedCost', 'EffectiveCost', 'ListCost'])
        expect(row[column]).toMatch(/^-?\d+(\.\d+)?$/);
      if (row['ChargeCategory'] === 'Usage') expect(row['PricingQuantity']).toBeDefined();
      expect(() => JSON.parse(String(row['Tags'] ?? '{}'))).not.toThrow();
    }
  });
});

it('splits a pool’s idle by cause, and leaves out causes that cost nothing', async () => {
  const [used, ...idles] = await costRows();
  expect(used).toMatchObject({ BilledCost: '0.600000001', PricingCategory: 'Dynamic', x_Purchase: 'spot' });
  expect(idles.map((row) => row['x_IdleCause'])).toEqual(IDLE_CAUSES.slice(1));
  expect(idles[0]).toMatchObject({ BilledCost: '0.001000001', PricingCategory: 'Standard' });
  expect(idles[0]).not.toHaveProperty('SubAccountId');
});

it('gives a correction its class, a credit its sign, and leaves out payments', async () => {
  const rows = await priceRows([...KINDS, 'top_up']);
  expect(rows.map((row) => row['x_TransferKind'])).toEqual(KINDS);
  expect(rows.map((row) => row['ChargeClass'])).toEqual([
    ...[undefined, 'Correction', undefined, undefined, undefined, undefined, undefined],
  ]);
  expect(rows[2]).toMatchObject({
    ChargePeriodStart: '2026-11-01T00:00:00Z',
    ChargePeriodEnd: '2026-12-01T00:00:00Z',
  });
});

it('names the invoice once there is one', async () => {
  const invoiceOf = async (closed: readonly string[]) =>
    (await priceRows(['charge'], closed))[0]?.['InvoiceId'];
  expect(await invoiceOf([])).toBeUndefined();
  expect(await invoiceOf(['2026-11'])).toBe('inv_ten_acme_2026-11');
});

it('is written as it is read', async () => {
  const lines = csvLines(FOCUS_COLUMNS, await costRows());
  expect((await lines.next()).value).toContain('BilledCost,BillingAccountId');
});
