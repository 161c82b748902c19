import { describe, expect, it } from '@jest/globals';
import type { RateId, RegionId } from '../ids.ts';
import type { PurchaseKind } from './purchase.ts';
import { rateAt, rateChanges, type RatedGpu } from './rates.ts';
import type { Rate } from './usage.ts';

const US = 'us-east' as RegionId;
const EU = 'eu-west' as RegionId;
const rate = (rateId: string, over: Partial<Rate> = {}): Rate => ({
  ...{ rateId: rateId as RateId, gpuType: 'h100', currency: 'GBP', nanoPerGpuHour: 1n },
  ...{ purchase: 'on_demand', source: 'test', effectiveFromMs: 0, recordedAtMs: 0, ...over },
});
const gpu = (over: Partial<RatedGpu> = {}): RatedGpu => ({
  ...{ gpuType: 'h100', region: US, purchase: 'on_demand', ...over },
});
const at = (rates: readonly Rate[], atMs: number, region = US, purchase: PurchaseKind = 'on_demand') =>
  rateAt(rates, gpu({ region, purchase }), atMs)?.rateId;

describe('the rate in force', () => {
  it('is the latest that is effective', () => {
    const rates = [rate('new', { effectiveFromMs: 100 }), rate('old')];
    expect([at(rates, 99), at(rates, 100)]).toEqual(['old', 'new']);
  });

  it('is the later recorded of two with one date', () => {
    const rates = [
      rate('wrong', { effectiveFromMs: 100 }),
      rate('right', { effectiveFromMs: 100, recordedAtMs: 50 }),
    ];
    expect(at(rates, 100)).toBe('right');
  });

  it('is never one that was recorded afterwards: what was shown stays', () => {
    const rates = [rate('old'), rate('backdated', { effectiveFromMs: 100, recordedAtMs: 500 })];
    expect([at(rates, 499), at(rates, 500)]).toEqual(['old', 'backdated']);
  });

  it("is the region's own where it has one", () => {
    const rates = [rate('eu', { region: EU }), rate('all', { effectiveFromMs: 100 })];
    expect([at(rates, 200, EU), at(rates, 200, US)]).toEqual(['eu', 'all']);
  });

  it("is that of the GPU's purchase kind where there is one, before any region's, and else that of on demand", () => {
    const rates = [rate('us', { region: US }), rate('spot', { purchase: 'spot' }), rate('all')];
    expect([at(rates, 5, US, 'spot'), at(rates, 5, US), at(rates, 5, US, 'reserved')]).toEqual([
      'spot',
      'us',
      'us',
    ]);
    expect(at([rate('spot', { purchase: 'spot' })], 5)).toBeUndefined();
  });

  it('is the first recorded before any holds, and none for another GPU type', () => {
    expect(at([rate('late', { recordedAtMs: 500 }), rate('later', { recordedAtMs: 600 })], 100)).toBe('late');
    expect(rateAt([rate('h100')], gpu({ gpuType: 'b200' }), 100)).toBeUndefined();
  });

  it('does not depend on the order in which rates are listed', () => {
    const rates = [rate('a'), rate('b'), rate('c', { region: US })];
    expect(at(rates.toReversed(), 5)).toBe(at(rates, 5));
  });

  it('changes only where another begins', () => {
    const rates = [
      rate('old'),
      rate('new', { effectiveFromMs: 100 }),
      rate('b200', { gpuType: 'b200', effectiveFromMs: 50 }),
    ];
    expect(rateChanges(rates, gpu(), 0, 1_000)).toEqual([100]);
    expect(rateChanges(rates, gpu(), 100, 1_000)).toEqual([]);
    expect(rateChanges(rates, gpu(), 0, 100)).toEqual([]);
  });
});
