import { describe, expect, it } from '@jest/globals';
import {
  IDLE_CAUSES,
  poolIdOf,
  type IdleByCause,
  type PoolId,
  type RegionId,
  type TenantId,
} from '@meridian/domain';
import { tenantId } from '@meridian/testkit';
import type { GpuHours, GpuHourRow } from '../ports/gpu-hours.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { UsageHours, UsageRow } from '../ports/usage-hours.ts';
import { makeReadUsageReport, type UsageReportQuery } from './read-usage-report.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 10, 2, 10);
const ACME = tenantId('acme');
const OTHER = tenantId('other');
const GALLERY = poolIdOf({
  region: 'us-east' as RegionId,
  gpuType: 'h100',
  model: 'gallery',
  modelVersion: '1',
});
const DREAM = poolIdOf({ region: 'eu-west' as RegionId, gpuType: 'l4', model: 'dream', modelVersion: '2' });

const used = (tenant: TenantId, pool: PoolId, gpuMs: number, costNano: bigint, hour = 0): UsageRow => ({
  ...{ fromMs: T0 + hour * HOUR_MS, toMs: T0 + (hour + 1) * HOUR_MS, currency: 'GBP', purchase: 'on_demand' },
  ...{ tenantId: tenant, pool, activeMs: gpuMs, gpuMs, frames: 10, lateFrames: 0, sessionsStarted: 1 },
  ...{ startedMinutes: 1, costNano },
});
const stood = (pool: PoolId, idleNano: bigint, sessionNano: bigint, hour = 0): GpuHourRow => ({
  ...{ fromMs: T0 + hour * HOUR_MS, toMs: T0 + (hour + 1) * HOUR_MS, currency: 'GBP', purchase: 'on_demand' },
  ...{ pool, upMs: HOUR_MS, activeMs: 0, billNano: idleNano + sessionNano, sessionNano },
  idle: Object.fromEntries(
    IDLE_CAUSES.map((cause, i) => [cause, { ms: 0, nano: i === 0 ? idleNano : 0n }]),
  ) as unknown as IdleByCause,
});

const USED = [used(ACME, GALLERY, 30, 300n), used(OTHER, GALLERY, 10, 700n), used(ACME, DREAM, 5, 50n)];
const STOOD = [stood(GALLERY, 41n, 1_000n), stood(DREAM, 9n, 50n), stood(DREAM, 60n, 0n, 1)];

/** Stores that answer as the real ones do for these rows: grouped by tenant, pool and purchase, or by less. */
const report = makeReadUsageReport({
  usageHours: {
    read: async ({ groupBy, tenantId: of }: UsageReportQuery) =>
      USED.filter(({ tenantId: user }) => of === undefined || user === of).map((row) => {
        const { tenantId: user, pool, purchase, ...rest } = row;
        return {
          ...rest,
          ...(groupBy.includes('tenant') && { tenantId: user }),
          ...(groupBy.includes('pool') && { pool }),
          ...(groupBy.includes('model') && { model: pool?.includes('gallery') ? 'gallery' : 'dream' }),
          ...(groupBy.includes('purchase') && { purchase }),
        } as UsageRow;
      }),
  } as unknown as UsageHours,
  gpuHours: { read: async () => STOOD } as unknown as GpuHours,
  ledger: {
    charged: async () => [
      { tenantId: ACME, currency: 'GBP', netNano: 900n },
      { tenantId: OTHER, currency: 'USD', netNano: 40n },
    ],
    postedHours: async (of: TenantId) =>
      of === ACME
        ? [{ hourMs: T0, currency: 'GBP', netNano: 900n, postings: 1, firstId: 'chg' }]
        : [{ hourMs: T0 + HOUR_MS, currency: 'USD', netNano: 40n, postings: 1, firstId: 'chg' }],
  } as unknown as Ledger,
});
const ask = (over: Partial<UsageReportQuery> = {}) =>
  report({
    ...{ fromMs: T0, toMs: T0 + 2 * HOUR_MS, groupBy: [], interval: 'hour', timeZone: 'UTC', idle: 'own' },
    ...over,
  });
const brief = (rows: Awaited<ReturnType<typeof ask>>) =>
  rows
    .filter(({ currency }) => currency === 'GBP')
    .map(({ tenantId: of, model, costNano, idleNano }) => [of ?? model ?? '-', costNano, idleNano]);

describe('readUsageReport', () => {
  it('adds up to the bill of the GPUs, however it is grouped and shared (M3)', async () => {
    const bill = STOOD.reduce((sum, { billNano }) => sum + billNano, 0n);
    for (const groupBy of [[], ['tenant'], ['model'], ['tenant', 'pool'], ['purchase', 'tenant']] as const) {
      for (const idle of ['own', 'by_usage', 'by_cost', 'equal'] as const) {
        const rows = await ask({ groupBy, idle });
        expect(rows.reduce((sum, row) => sum + row.costNano + row.idleNano, 0n)).toBe(bill);
      }
    }
  });

  it('tells what stood idle beside what was used, also where nothing was', async () => {
    expect(brief(await ask())).toEqual([
      ['-', 1_050n, 50n],
      ['-', 0n, 60n],
    ]);
    expect(brief(await ask({ groupBy: ['model'] }))).toEqual([
      ['dream', 50n, 9n],
      ['gallery', 1_000n, 41n],
      ['dream', 0n, 60n],
    ]);
  });

  it('shares each pool’s idle among those that used it then, and bears the rest', async () => {
    const by = async (idle: UsageReportQuery['idle']) => brief(await ask({ groupBy: ['tenant'], idle }));
    // By GPU time 41 splits 30 : 10, by cost 300 : 700; acme alone used dream.
    expect(await by('by_usage')).toEqual([
      [ACME, 350n, 40n],
      [OTHER, 700n, 10n],
      ['-', 0n, 60n],
    ]);
    expect(await by('by_cost')).toEqual([
      [ACME, 350n, 21n],
      [OTHER, 700n, 29n],
      ['-', 0n, 60n],
    ]);
    expect(await by('equal')).toEqual([
      [ACME, 350n, 30n],
      [OTHER, 700n, 20n],
      ['-', 0n, 60n],
    ]);
    expect(await by('own')).toEqual([
      [ACME, 350n, 0n],
      [OTHER, 700n, 0n],
      ['-', 0n, 50n],
      ['-', 0n, 60n],
    ]);
  });

  it('gives one tenant its share of what all used', async () => {
    const rows = await ask({ tenantId: OTHER, idle: 'by_usage' });
    expect(brief(rows)).toEqual([['-', 700n, 10n]]);
    expect(brief(await ask({ tenantId: OTHER }))[0]).toEqual(['-', 700n, 0n]);
  });

  it('tells prices of tenants and of all, in their own currency, never of models', async () => {
    const prices = (rows: Awaited<ReturnType<typeof ask>>) =>
      rows.flatMap(({ fromMs, tenantId: of, currency, priceNano }) =>
        priceNano === undefined ? [] : [[fromMs - T0, of, currency, priceNano]],
      );
    expect(prices(await ask({ groupBy: ['tenant'] }))).toEqual([
      [0, ACME, 'GBP', 900n],
      [HOUR_MS, OTHER, 'USD', 40n],
    ]);
    expect(prices(await ask({ interval: 'none' }))).toEqual([
      [0, undefined, 'GBP', 900n],
      [0, undefined, 'USD', 40n],
    ]);
    expect(prices(await ask({ groupBy: ['model'] }))).toEqual([]);
  });
});
