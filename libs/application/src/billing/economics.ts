import {
  convertNano,
  DEFAULT_CURRENCY,
  fxAt,
  shareIdle,
  unitEconomics,
  whatIf,
  type FleetUsage,
  type IdleRule,
  type Scenario,
  type TenantId,
  type UnitEconomics,
  type WhatIf,
} from '@meridian/domain';
import type { FxRates } from '../ports/fx-rates.ts';
import type { GpuHourRow, GpuHours } from '../ports/gpu-hours.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { UsageHours, UsageRow } from '../ports/usage-hours.ts';

export interface EconomicsPorts {
  readonly usageHours: UsageHours;
  readonly gpuHours: GpuHours;
  readonly ledger: Ledger;
  readonly fxRates: FxRates;
}

/** Hours that start in [fromMs, toMs). */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

const WHOLE = { interval: 'none', timeZone: 'UTC' } as const;

/** What recorded usage would have cost otherwise, in the currency that most of it was paid in. */
export type AskWhatIf = (
  window: Window,
  scenario: Scenario,
) => Promise<WhatIf & { readonly currency: string }>;

export const makeWhatIf =
  (ports: Pick<EconomicsPorts, 'usageHours' | 'gpuHours'>): AskWhatIf =>
  async (window, scenario) => {
    const groupBy = ['region', 'gpuType'] as const;
    const up = await ports.gpuHours.read({ ...window, ...WHOLE, groupBy });
    const used = await ports.usageHours.read({ ...window, ...WHOLE, groupBy });
    const currency = mainCurrency(up);
    const rows = up.filter((row) => row.currency === currency).map((row) => fleetUsage(row, used));
    return { ...whatIf(rows, scenario), currency };
  };

/** Which most of the GPUs' bill is in. */
function mainCurrency(rows: readonly GpuHourRow[]): string {
  const bills = Map.groupBy(rows, ({ currency }) => currency);
  const sums = [...bills].map(([currency, own]) => ({
    currency,
    nano: own.reduce((sum, { billNano }) => sum + billNano, 0n),
  }));
  return sums.toSorted((a, b) => (a.nano > b.nano ? -1 : 1))[0]?.currency ?? DEFAULT_CURRENCY;
}

function fleetUsage(row: GpuHourRow, used: readonly UsageRow[]): FleetUsage {
  const { region = '', gpuType = '', currency, upMs, billNano } = row;
  const activeMs = used
    .filter((use) => use.region === region && use.gpuType === gpuType)
    .reduce((sum, use) => sum + use.activeMs, 0);
  return { region, gpuType, currency, upMs, billNano, activeMs };
}

/** What a user-hour and a frame cost in each pool, against how many users share a GPU. */
export type ReadEconomics = (window: Window) => Promise<readonly UnitEconomics[]>;

export const makeEconomics =
  (ports: Pick<EconomicsPorts, 'usageHours' | 'gpuHours'>): ReadEconomics =>
  async (window) => {
    const groupBy = ['pool'] as const;
    const up = await ports.gpuHours.read({ ...window, ...WHOLE, groupBy });
    const used = await ports.usageHours.read({ ...window, ...WHOLE, groupBy });
    return up.map((row) => {
      const own = used.filter((use) => use.pool === row.pool && use.currency === row.currency);
      const sum = (of: 'activeMs' | 'gpuMs' | 'frames'): number =>
        own.reduce((total, use) => total + use[of], 0);
      const { pool = '', currency, upMs, sessionNano, billNano } = row;
      return unitEconomics({
        ...{ pool, currency, upMs, sessionNano, billNano },
        ...{ activeMs: sum('activeMs'), sessionGpuMs: sum('gpuMs'), frames: sum('frames') },
      });
    });
  };

/** What a tenant paid for its usage and what that cost us, in the currency of the cost. */
export interface Margin {
  readonly tenantId: TenantId;
  readonly currency: string;
  readonly priceNano: bigint;
  readonly costNano: bigint;
  /** Its share of what stood idle. */
  readonly idleNano: bigint;
  /** `priceNano - costNano - idleNano`. */
  readonly marginNano: bigint;
}

export type ReadMargins = (window: Window, rule: IdleRule) => Promise<readonly Margin[]>;

/** Tenants by their ids. Prices in another currency count as far as a rate is known at the window's end. */
export const makeMargins =
  (ports: EconomicsPorts): ReadMargins =>
  async (window, rule) => {
    const up = await ports.gpuHours.read({ ...window, ...WHOLE, groupBy: [] });
    const currency = mainCurrency(up);
    const used = await ports.usageHours.read({ ...window, ...WHOLE, groupBy: ['tenant'] });
    const own = used.filter((row) => row.currency === currency);
    const prices = await pricesIn(ports, window, currency);
    const tenants = [...new Set([...own.flatMap(({ tenantId = [] }) => tenantId), ...prices.keys()])].sort();
    const bearers = tenants.map((tenantId) => bearerOf(tenantId, own));
    const idle = shareIdle(rule, idleNanoOf(up, currency), bearers).parts;
    return bearers.map(({ tenantId, costNano }, i) => {
      const [priceNano, idleNano] = [prices.get(tenantId) ?? 0n, idle[i] ?? 0n];
      const marginNano = priceNano - costNano - idleNano;
      return { tenantId, currency, priceNano, costNano, idleNano, marginNano };
    });
  };

function bearerOf(tenantId: TenantId, used: readonly UsageRow[]) {
  const row = used.find((candidate) => candidate.tenantId === tenantId);
  return { tenantId, gpuMs: row?.gpuMs ?? 0, costNano: row?.costNano ?? 0n };
}

const idleNanoOf = (rows: readonly GpuHourRow[], currency: string): bigint =>
  rows
    .filter((row) => row.currency === currency)
    .reduce((sum, { billNano, sessionNano }) => sum + billNano - sessionNano, 0n);

async function pricesIn(
  { ledger, fxRates }: EconomicsPorts,
  { fromMs, toMs }: Window,
  currency: string,
): Promise<ReadonlyMap<TenantId, bigint>> {
  const rates = await fxRates.all();
  const prices = new Map<TenantId, bigint>();
  for (const { tenantId, currency: from, netNano } of await ledger.charged(fromMs, toMs)) {
    const rate = fxAt(rates, from, currency, toMs - 1);
    if (rate) prices.set(tenantId, (prices.get(tenantId) ?? 0n) + convertNano(netNano, rate));
  }
  return prices;
}
