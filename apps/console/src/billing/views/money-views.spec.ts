import { describe, expect, it } from '@jest/globals';
import type { Budget, GpuHoursRow, UsageRow, WhatIfAnswer } from '../api/shapes.ts';
import { burnDownOf } from './burn-down.ts';
import { isLate, openBreaches } from './conservation.ts';
import { beforeAfter, outcomeOf } from './what-if-outcome.ts';
import { baselineOf, sharesOf, UNTOUCHED, whatIfOf, type Baseline } from './what-if.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const FROM_MS = Date.parse('2026-11-01T00:00:00Z');
const pounds = (units: number): string => `${units}000000000`;

describe('a budget that burns down', () => {
  const budget: Budget = {
    id: 'b',
    limitNano: pounds(300),
    currency: 'GBP',
    alertsAt: [0.8],
    hardStop: true,
  };
  const spends = (perDay: number, days: number): UsageRow[] =>
    Array.from({ length: days }, (_unused, day) => ({
      ...{
        from: new Date(FROM_MS + day * DAY_MS).toISOString(),
        to: '',
        currency: 'GBP',
        priceNano: pounds(perDay),
      },
      ...{ userHours: 0, activeMs: 0, frames: 0, lateFrames: 0, sessionsStarted: 0, gpuMs: 0 },
      ...{ costNano: '0', idleNano: '0', perUserHour: null, perUserHourLoaded: null },
    }));
  const after = (days: number) => ({
    fromMs: FROM_MS,
    toMs: FROM_MS + 30 * DAY_MS,
    nowMs: FROM_MS + days * DAY_MS,
  });

  it('has so much left after each day, and ends where the pace of a week leads', () => {
    const burn = burnDownOf(budget, spends(20, 10), after(10));
    expect(burn.left.slice(0, 3)).toEqual([300, 280, 260]);
    expect(burn).toMatchObject({ spent: 200, days: 30, emptyAfterDays: 15, leftAtEnd: -300 });
  });

  it('counts a day that still runs as the part of it that is over', () => {
    const rows = [...spends(20, 10), ...spends(10, 11).slice(10)];
    expect(burnDownOf(budget, rows, after(10.5))).toMatchObject({ spent: 210, emptyAfterDays: 15 });
  });

  it('lasts the month when little is spent, and takes no other currency', () => {
    expect(burnDownOf(budget, spends(5, 10), after(10))).toMatchObject({
      emptyAfterDays: undefined,
      leftAtEnd: 150,
    });
    const dollars = spends(5, 10).map((row) => ({ ...row, currency: 'USD' }));
    expect(burnDownOf(budget, dollars, after(10)).spent).toBe(0);
  });
});

describe('what if', () => {
  const row = (region: string, gpuType: string, hours: number, bill: number): GpuHoursRow => ({
    ...{ from: '', to: '', region, gpuType, upMs: hours * HOUR_MS, billNano: pounds(bill) },
    ...{ sessionNano: '0', idle: {}, currency: 'GBP' },
  });
  const rows = [row('us', 'h100', 30, 60), row('eu', 'h100', 10, 30), row('eu', 'l40s', 10, 10)];
  const baseline = baselineOf(rows, 100 * HOUR_MS, 'GBP') as Baseline;
  const window = { from: 'a', to: 'b' };

  it('starts from what was', () => {
    expect(baseline).toEqual({
      ...{ currency: 'GBP', density: 2, regionMix: { us: 0.6, eu: 0.4 } },
      gpuNanoPerHour: { h100: 2_250_000_000n, l40s: 1_000_000_000n },
    });
    expect(baselineOf([], 0, 'GBP')).toBeUndefined();
    expect(outcomeOf(rows, 100 * HOUR_MS, 'GBP')).toMatchObject({
      costNano: pounds(100),
      gpuHours: 50,
      perUserHour: 1,
    });
  });

  it('asks of what was moved alone, and of nothing when nothing was', () => {
    expect(whatIfOf(UNTOUCHED, baseline, window)).toBeUndefined();
    expect(whatIfOf({ ...UNTOUCHED, density: 3 }, baseline, window)).toEqual({ ...window, density: 3 });
    const cheaper = { ...UNTOUCHED, gpuNanoPerHour: { h100: 1_000_000_000n }, spotShare: 0.5 };
    expect(whatIfOf(cheaper, baseline, window)).toEqual({
      ...{ ...window, gpuNanoPerHour: { h100: '1000000000' } },
      spotShare: { share: 0.5, nanoPerGpuHour: '400000000' },
    });
  });

  it('asks for shares that add up to 1', () => {
    const shares = Object.values(sharesOf({ a: 0.3, b: 0.3, c: 0.1 }));
    expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1)).toBeLessThan(1e-12);
    expect(sharesOf({ a: 0, b: 0 })).toEqual({ a: 0.5, b: 0.5 });
  });

  it('says how much less or more that is', () => {
    const was = outcomeOf(rows, 100 * HOUR_MS, 'GBP');
    expect(beforeAfter(was, undefined)).toMatchObject({ before: was, after: was, difference: 0 });
    const answer = {
      baseline: was,
      scenario: { ...was, costNano: pounds(80) },
      differenceNano: `-${pounds(20)}`,
    };
    expect(beforeAfter(was, answer as WhatIfAnswer)).toMatchObject({ difference: -20, share: -0.2 });
  });
});

describe('the record', () => {
  it('has the breaches that still stand, the newest hour first', () => {
    const breach = (hour: string, resolvedAt?: string) => ({
      ...{ hour, worker: 'w', incarnation: 'i', differenceNano: '-1', foundAt: hour },
      ...(resolvedAt !== undefined && { resolvedAt }),
    });
    const breaches = [
      breach('2026-11-01T00:00Z'),
      breach('2026-11-03T00:00Z'),
      breach('2026-11-02T00:00Z', 'x'),
    ];
    const answer = { from: '', to: '', checkedHours: 1, checkedGpuHours: 1, deferred: 0, breaches };
    expect(openBreaches(answer).map(({ hour }) => hour)).toEqual(['2026-11-03T00:00Z', '2026-11-01T00:00Z']);
  });

  it('calls a job late when it failed, missed two turns, or its work is old', () => {
    const job = { name: 'j', everyMs: 60_000, lagMs: 0, failed: 0 };
    expect(isLate(job)).toBe(false);
    expect(isLate({ ...job, lagMs: 100_000 })).toBe(false);
    expect(isLate({ ...job, lagMs: 200_000 })).toBe(true);
    expect(isLate({ ...job, failed: 1 })).toBe(true);
    expect(isLate({ ...job, backlogMs: 3_600_000 })).toBe(true);
  });
});
