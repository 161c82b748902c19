import { describe, expect, it } from '@jest/globals';
import type { Band, GpuHoursRow, UsageRow } from '../api/shapes.ts';
import { csvOf } from './csv.ts';
import { gpuHourPrices, priceCurve } from './density.ts';
import { greatestIdle, idleShareOf, idleStackOf } from './idle-stack.ts';
import { marginBars } from './margins.ts';
import { lastFilled } from './series.ts';
import { stackOf, tickStep } from './stack.ts';
import { beyondTop, headlineOf, placeInBand, topOf, userHourSeries } from './user-hour.ts';

const BAND: Band = { low: 0.8, high: 1.6, currency: 'GBP' };
const DAYS = ['2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z', '2026-11-03T00:00:00.000Z'];
const HOUR_MS = 3_600_000;

const usage = (day: number, more: Partial<UsageRow> = {}): UsageRow => ({
  ...{ from: DAYS[day] ?? '', to: DAYS[day + 1] ?? '', currency: 'GBP', userHours: 1, activeMs: HOUR_MS },
  ...{
    frames: 90_000,
    lateFrames: 0,
    sessionsStarted: 1,
    gpuMs: 0,
    costNano: '600000000',
    idleNano: '400000000',
  },
  ...{ perUserHour: 0.6, perUserHourLoaded: 1 },
  ...more,
});

const gpuHours = (day: number, more: Partial<GpuHoursRow> = {}): GpuHoursRow => ({
  ...{ from: DAYS[day] ?? '', to: DAYS[day + 1] ?? '', upMs: HOUR_MS, currency: 'GBP' },
  ...{
    billNano: '10',
    sessionNano: '6',
    idle: { booting: { ms: 1, nano: '3' }, no_demand: { ms: 1, nano: '1' } },
  },
  ...more,
});

describe('the headline', () => {
  it('divides sums, in nano-units, and leaves another currency out', () => {
    const rows = [
      usage(0),
      usage(1, { activeMs: 3 * HOUR_MS, costNano: '600000001' }),
      usage(1, { currency: 'USD' }),
    ];
    const head = headlineOf(rows, 'GBP');
    expect(head.costNano).toBe(1_200_000_001n);
    expect(head.userHours).toBe(4);
    expect(head.perUserHour).toBeCloseTo(2.000000001 / 4, 12);
    expect(head.idleShare).toBeCloseTo(0.4, 8);
    expect(headlineOf([], 'GBP')).toMatchObject({ perUserHour: null, idleShare: null });
  });

  it('stands somewhere in the band', () => {
    expect([0.79, 0.8, 1.6, 1.61, null].map((price) => placeInBand(price, BAND))).toEqual([
      'below',
      'within',
      'within',
      'above',
      'unknown',
    ]);
  });
});

describe('user-hours over time', () => {
  const whole = [usage(0), usage(1)];
  const grouped = [
    usage(1, { region: 'eu-west', perUserHourLoaded: 3, activeMs: 5 }),
    usage(0, { region: 'us-east', perUserHourLoaded: 0.9 }),
    usage(1),
  ];

  it('has the whole first, then the most used, a gap where there is nothing, and no row of nobody', () => {
    const { startsMs, series } = userHourSeries(whole, grouped, 'region', true);
    expect(startsMs).toEqual([DAYS[0], DAYS[1]].map((day) => Date.parse(day ?? '')));
    expect(series.map(({ key, values }) => [key, values])).toEqual([
      ['all', [1, 1]],
      ['us-east', [0.9, null]],
      ['eu-west', [null, 3]],
    ]);
    expect(userHourSeries(whole, [], 'all', false).series).toMatchObject([{ values: [0.6, 0.6] }]);
  });

  it('is read where it was last used', () => {
    const of = (...values: (number | null)[]) => lastFilled({ key: 'a', label: 'a', values });
    expect([of(1, 2, null), of(null, null), of(1, 2)]).toEqual([1, 1, 1]);
  });

  it('is not pressed flat by a place that stood empty', () => {
    const { series } = userHourSeries(
      whole,
      [...grouped, usage(0, { region: 'x', perUserHourLoaded: 200 })],
      'region',
      true,
    );
    expect(topOf(BAND, series)).toBe(3.2);
    expect(beyondTop(3.2, series)).toEqual([{ label: 'x', most: 200 }]);
    expect(topOf(BAND, userHourSeries(whole, [], 'all', true).series)).toBe(2);
  });
});

describe('the stack of costs', () => {
  it('adds up to the bill, part by part', () => {
    const stack = idleStackOf(
      [gpuHours(1), gpuHours(0), gpuHours(0, { billNano: '5', sessionNano: '5', idle: {} })],
      'GBP',
    );
    expect(stack.billNano).toBe(25n);
    expect(Object.values(stack.totals).reduce((sum, nano) => sum + nano, 0n)).toBe(25n);
    expect(stack.series[0]?.values).toEqual([11e-9, 6e-9]);
    expect(greatestIdle(stack)).toBe('booting');
    expect(idleShareOf(stack)).toBeCloseTo(8 / 25, 9);
    expect(greatestIdle(idleStackOf([], 'GBP'))).toBeUndefined();
  });

  it('puts each piece on the one below', () => {
    const series = [
      { key: 'a', label: 'a', values: [1, 2] },
      { key: 'b', label: 'b', values: [3, null] },
    ];
    expect(stackOf(series)).toEqual([
      [
        [0, 1],
        [0, 2],
      ],
      [
        [1, 4],
        [2, 2],
      ],
    ]);
    expect(stackOf([])).toEqual([]);
  });

  it('labels no more buckets than have room', () => {
    expect([tickStep(30, 760, 76), tickStep(5, 760, 76), tickStep(0, 0, 76)]).toEqual([3, 1, 1]);
  });
});

describe('packing', () => {
  const point = (density: number, perUserHour: number, userHours: number) => ({
    ...{ pool: 'p', gpuType: 'h100', slotsPerGpu: 4, density, perUserHour, userHours },
  });

  it('finds the price of a GPU-hour that its pools lie on', () => {
    const price = gpuHourPrices([point(2, 1.2, 100), point(4, 0.6, 40)]).get('h100');
    expect(price).toBeCloseTo(2.4, 12);
    const curve = priceCurve(2.4, 1, 4);
    expect(curve[0]).toEqual([1, 2.4]);
    expect(curve.at(-1)).toEqual([4, 0.6]);
  });
});

describe('margins', () => {
  it('show who pays most first and what we bear ourselves last', () => {
    const row = (tenant: string | undefined, priceNano: string) => ({
      ...(tenant !== undefined && { tenant, name: tenant.toUpperCase() }),
      ...{
        currency: 'GBP',
        userHours: 1,
        priceNano,
        costNano: '1',
        idleNano: '1',
        marginNano: '-1',
        marginShare: null,
      },
    });
    const bars = marginBars(
      [row(undefined, '9000000000'), row('a', '1000000000'), row('b', '2000000000')],
      'GBP',
    );
    expect(bars.map(({ label }) => label)).toEqual(['B', 'A', 'Borne by ourselves']);
  });
});

describe('a file', () => {
  it('quotes what needs it, and gives no spreadsheet a formula', () => {
    const rows = [
      ['a,b', 1.5, null],
      ['say "hi"', -2, '=1+1'],
      ['-5', 0, '+x'],
    ];
    expect(csvOf(['x', 'y', 'z'], rows)).toBe(
      'x,y,z\r\n"a,b",1.5,\r\n"say ""hi""",-2,\'=1+1\r\n-5,0,\'+x\r\n',
    );
  });
});
