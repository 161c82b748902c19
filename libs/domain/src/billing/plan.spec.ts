import { describe, expect, it } from '@jest/globals';
import type { PlanId, TenantId } from '../ids.ts';
import { convertNano, fxAt, type FxRate } from './fx.ts';
import { parsePeriod, periodAt, periodEndMs, periodStartMs, previousPeriod, type Period } from './period.ts';
import { planProblems } from './plan-problems.ts';
import { planAt } from './plan.ts';
import { ACME, aLine, aPlan, aTier } from './testing/plans.ts';

const plan = (planId: string, over: Parameters<typeof aPlan>[0] = {}) =>
  aPlan({ planId: planId as PlanId, ...over });

describe('the plan in force', () => {
  it('is the tenant’s own before the default, then the later, then the later recorded', () => {
    const plans = [
      plan('own-old', { tenantId: ACME, effectiveFromMs: 10 }),
      plan('own', { tenantId: ACME, effectiveFromMs: 20, recordedAtMs: 1 }),
      plan('own-corrected', { tenantId: ACME, effectiveFromMs: 20, recordedAtMs: 2 }),
      plan('default', { effectiveFromMs: 5 }),
      plan('default-new', { effectiveFromMs: 30 }),
    ];
    const inForce = (atMs: number, tenantId: TenantId = ACME, of = plans) =>
      planAt(of, tenantId, atMs)?.planId;
    expect([4, 5, 10, 19, 20, 99].map((atMs) => inForce(atMs))).toEqual([
      ...[undefined, 'default', 'own-old', 'own-old', 'own-corrected', 'own-corrected'],
    ]);
    expect(inForce(99, 'ten_other' as TenantId)).toBe('default-new');
    expect(inForce(20, ACME, plans.toReversed())).toBe('own-corrected');
  });
});

describe('a plan that cannot be', () => {
  const problemsOf = (over: Parameters<typeof aPlan>[0]) => planProblems(aPlan(over)).length;

  it('is told why', () => {
    expect(problemsOf({})).toBe(0);
    expect(problemsOf({ lines: [aLine({ model: 'gallery' })] })).toBe(1);
    expect(problemsOf({ lines: [aLine(), aLine()] })).toBe(1);
    expect(problemsOf({ includedMs: -1 })).toBe(1);
    expect(problemsOf({ includedMs: 0.5 })).toBe(1);
    expect(problemsOf({ minimumNano: -1n })).toBe(1);
    expect(problemsOf({ commitment: { nanoPerHour: -1n, untilMs: 0 } })).toBe(1);
    expect(problemsOf({ promise: { lateShareMax: 1.1, creditShare: 0 } })).toBe(1);
  });

  it('may have a line that cannot be', () => {
    const problemsOfLine = (over: Parameters<typeof aLine>[0]) =>
      problemsOf({ lines: [aLine(), aLine({ model: 'gallery', ...over })] });
    expect(problemsOfLine({})).toBe(0);
    expect(problemsOfLine({ tiers: [] })).toBe(1);
    expect(problemsOfLine({ tiers: [aTier(1n, { upTo: 5 })] })).toBe(1);
    expect(problemsOfLine({ tiers: [aTier(1n, { upTo: 5 }), aTier(1n, { upTo: 5 }), aTier(1n)] })).toBe(1);
    expect(problemsOfLine({ tiers: [aTier(-1n)] })).toBe(1);
    expect(problemsOfLine({ mode: 'package' })).toBe(1);
    expect(problemsOfLine({ mode: 'package', packageSize: 0 })).toBe(1);
    expect(problemsOfLine({ packageSize: 10 })).toBe(1);
    const nowhere = { tiers: [aTier(1n)], unit: 'active_second', mode: 'graduated' } as const;
    expect(problemsOf({ lines: [aLine(), { ...nowhere, modelVersion: '1' }] })).toBe(1);
  });
});

describe('a period', () => {
  it('is a UTC month', () => {
    const december = '2026-12' as Period;
    expect(periodAt(Date.UTC(2026, 11, 31, 23, 59))).toBe(december);
    expect([periodStartMs(december), periodEndMs(december)]).toEqual([
      Date.UTC(2026, 11, 1),
      Date.UTC(2027, 0, 1),
    ]);
    expect(previousPeriod('2026-01' as Period)).toBe('2025-12');
    expect(['2026-12', '2026-13', '2026-1', ''].map(parsePeriod)).toEqual([
      december,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a rate of exchange', () => {
  const rate = (
    from: string,
    to: string,
    numerator: bigint,
    effectiveFromMs: number,
    recordedAtMs = 0,
  ): FxRate => ({
    ...{ from, to, rate: { numerator, denominator: 100n }, effectiveFromMs, recordedAtMs, source: 'ECB' },
  });
  const rates = [rate('GBP', 'EUR', 115n, 0), rate('GBP', 'EUR', 120n, 10), rate('GBP', 'EUR', 121n, 10, 5)];

  it('is the newest in force, or the inverse’s', () => {
    const at = (atMs: number, from = 'GBP', to = 'EUR') => fxAt(rates, from, to, atMs);
    expect(at(-1)).toBeUndefined();
    expect([at(0)?.numerator, at(10)?.numerator]).toEqual([115n, 121n]);
    expect(at(0, 'EUR', 'GBP')).toEqual({ numerator: 100n, denominator: 115n });
    expect(at(0, 'EUR', 'EUR')).toEqual({ numerator: 1n, denominator: 1n });
    expect(at(0, 'EUR', 'JPY')).toBeUndefined();
  });

  it('converts to the nearest nano, and a reversal to the reversal', () => {
    const half = { numerator: 1n, denominator: 2n };
    expect([3n, -3n, 2n, 0n].map((nano) => convertNano(nano, half))).toEqual([2n, -2n, 1n, 0n]);
  });
});
