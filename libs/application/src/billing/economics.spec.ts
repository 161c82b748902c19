import { describe, expect, it } from '@jest/globals';
import { HOUR_MS, IDLE_CAUSES, type IdleByCause, type PoolId, type RegionId } from '@meridian/domain';
import { tenantId } from '@meridian/testkit';
import type { GpuHourRow } from '../ports/gpu-hours.ts';
import type { UsageRow } from '../ports/usage-hours.ts';
import { makeEconomics, makeMargins, makeWhatIf, type EconomicsPorts } from './economics.ts';

const POUND = 1_000_000_000n;
const WINDOW = { fromMs: 0, toMs: 24 * HOUR_MS };
const NO_IDLE = Object.fromEntries(
  IDLE_CAUSES.map((cause) => [cause, { ms: 0, nano: 0n }]),
) as unknown as IdleByCause;
const POOL = 'us-east/h100/gallery@1' as PoolId;

/** Ten GPU hours at 2.00, four fifths of them used. */
const up = (over: Partial<GpuHourRow> = {}): GpuHourRow => ({
  ...{
    ...WINDOW,
    region: 'us-east' as RegionId,
    gpuType: 'h100',
    pool: POOL,
    currency: 'GBP',
    idle: NO_IDLE,
  },
  ...{ upMs: 10 * HOUR_MS, activeMs: 8 * HOUR_MS, billNano: 20n * POUND, sessionNano: 16n * POUND, ...over },
});
/** Forty user-hours on them. */
const used = (over: Partial<UsageRow> = {}): UsageRow => ({
  ...{ ...WINDOW, region: 'us-east' as RegionId, gpuType: 'h100', pool: POOL, currency: 'GBP' },
  ...{ activeMs: 40 * HOUR_MS, gpuMs: 8 * HOUR_MS, frames: 40 * 90_000, lateFrames: 0, sessionsStarted: 1 },
  ...{ startedMinutes: 2_400, costNano: 16n * POUND, ...over },
});
const DOLLARS = up({ currency: 'USD', billNano: POUND, sessionNano: 0n });

const portsWith = (gpuRows: readonly GpuHourRow[], usageRows: readonly UsageRow[]): EconomicsPorts =>
  ({
    gpuHours: { read: async () => gpuRows },
    usageHours: { read: async () => usageRows },
    ledger: {
      charged: async () => [
        { tenantId: tenantId('a'), currency: 'GBP', netNano: 30n * POUND },
        { tenantId: tenantId('a'), currency: 'EUR', netNano: 23n * POUND },
        { tenantId: tenantId('a'), currency: 'JPY', netNano: POUND },
        { tenantId: tenantId('c'), currency: 'GBP', netNano: POUND },
      ],
    },
    fxRates: {
      all: async () => [
        {
          ...{ from: 'GBP', to: 'EUR', rate: { numerator: 23n, denominator: 20n }, source: 'ECB' },
          ...{ effectiveFromMs: 0, recordedAtMs: 0 },
        },
      ],
    },
  }) as unknown as EconomicsPorts;

describe('what recorded usage would have cost', () => {
  it('is asked of the currency in which most was paid', async () => {
    const ask = makeWhatIf(portsWith([DOLLARS, up()], [used({ currency: 'USD', activeMs: 0 }), used()]));
    expect(await ask(WINDOW, { density: 8 })).toMatchObject({
      ...{ currency: 'GBP', differenceNano: -10n * POUND },
      baseline: { billNano: 20n * POUND, activeMs: 40 * HOUR_MS, nanoPerUserHour: POUND / 2n },
    });
  });

  it('counts all users of the GPUs, whatever their cost was in', async () => {
    const ask = makeWhatIf(portsWith([up()], [used(), used({ currency: 'USD', activeMs: 10 * HOUR_MS })]));
    expect(await ask(WINDOW, {})).toMatchObject({ baseline: { activeMs: 50 * HOUR_MS } });
  });

  it('of nothing is nothing', async () => {
    expect(await makeWhatIf(portsWith([], []))(WINDOW, {})).toMatchObject({
      currency: 'GBP',
      differenceNano: 0n,
    });
  });
});

describe('unit economics', () => {
  it('are a row for each pool', async () => {
    expect(
      await makeEconomics(portsWith([up()], [used(), used({ pool: 'other' as PoolId })]))(WINDOW),
    ).toMatchObject([
      {
        ...{ pool: POOL, currency: 'GBP', slotsPerGpu: 5, density: 4, userHours: 40 },
        ...{ nanoPerUserHour: 400_000_000n, nanoPerUserHourLoaded: 500_000_000n, nanoPerFrame: 4_444n },
      },
    ]);
  });
});

describe('margins', () => {
  const usage = [
    used({ tenantId: tenantId('a'), gpuMs: 6, costNano: 12n * POUND }),
    used({ tenantId: tenantId('b'), gpuMs: 2, costNano: 4n * POUND }),
  ];
  const marginsBy = async (rule: Parameters<ReturnType<typeof makeMargins>>[1]) =>
    (await makeMargins(portsWith([up(), DOLLARS], usage))(WINDOW, rule)).map(
      ({ tenantId: of, priceNano, costNano, idleNano, marginNano }) => [
        of,
        priceNano,
        costNano,
        idleNano,
        marginNano,
      ],
    );

  it('are price less cost, in the currency of the cost', async () => {
    expect(await marginsBy('own')).toEqual([
      [tenantId('a'), 50n * POUND, 12n * POUND, 0n, 38n * POUND],
      [tenantId('b'), 0n, 4n * POUND, 0n, -4n * POUND],
      [tenantId('c'), POUND, 0n, 0n, POUND],
    ]);
  });

  it('bear what stood idle by the rule', async () => {
    const idle = (rows: Awaited<ReturnType<typeof marginsBy>>) => rows.map((row) => row[3]);
    expect(idle(await marginsBy('by_cost'))).toEqual([3n * POUND, POUND, 0n]);
    expect(idle(await marginsBy('equal'))).toEqual([1_333_333_334n, 1_333_333_333n, 1_333_333_333n]);
  });
});
