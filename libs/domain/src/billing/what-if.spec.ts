import { describe, expect, it } from '@jest/globals';
import { slaCredit } from './dues.ts';
import { unitEconomics } from './economics.ts';
import { POUND } from './testing/plans.ts';
import { whatIf, type FleetUsage } from './what-if.ts';

const HOUR_MS = 3_600_000;
/** 100 GPU hours at 2.00, on which 400 user-hours were had. */
const inRegion = (region: string, over: Partial<FleetUsage> = {}): FleetUsage => ({
  ...{ region, gpuType: 'h100', currency: 'GBP', upMs: 100 * HOUR_MS, billNano: 200n * POUND },
  ...{ activeMs: 400 * HOUR_MS, ...over },
});
const TWO = [inRegion('us-east'), inRegion('eu-west', { gpuType: 'h200', billNano: 300n * POUND })];
const answer = (scenario: Parameters<typeof whatIf>[1], usage: readonly FleetUsage[] = TWO) => {
  const answered = whatIf(usage, scenario);
  if (answered.kind !== 'answered') throw new Error(answered.kind);
  return answered;
};

describe('what if', () => {
  it('nothing changes: then nothing differs', () => {
    expect(answer({})).toEqual({
      kind: 'answered',
      baseline: {
        billNano: 500n * POUND,
        gpuMs: 200 * HOUR_MS,
        activeMs: 800 * HOUR_MS,
        nanoPerUserHour: 625_000_000n,
      },
      scenario: {
        billNano: 500n * POUND,
        gpuMs: 200 * HOUR_MS,
        activeMs: 800 * HOUR_MS,
        nanoPerUserHour: 625_000_000n,
      },
      differenceNano: 0n,
    });
  });

  it('a GPU type had another price', () => {
    expect(answer({ gpuNanoPerHour: { h200: POUND } }).differenceNano).toBe(-200n * POUND);
  });

  it('twice as many sessions shared a GPU', () => {
    const { scenario } = answer({ density: 8 });
    expect(scenario).toMatchObject({ billNano: 250n * POUND, gpuMs: 100 * HOUR_MS, activeMs: 800 * HOUR_MS });
  });

  it('a quarter of the GPUs were spot', () => {
    const spotShare = { share: 0.25, nanoPerGpuHour: POUND };
    expect(answer({ spotShare }).scenario.billNano).toBe(425n * POUND);
  });

  it('three in four users were in one region', () => {
    const { scenario } = answer({ regionMix: { 'us-east': 0.75, 'eu-west': 0.25 } });
    expect(scenario).toMatchObject({ billNano: 450n * POUND, activeMs: 800 * HOUR_MS });
    expect(answer({ regionMix: { 'us-east': 1 } }).scenario.billNano).toBe(400n * POUND);
  });

  it('users were where nobody knows the cost', () => {
    expect(whatIf(TWO, { regionMix: { mars: 1 } })).toEqual({ kind: 'unknown_region', region: 'mars' });
  });

  it('all at once, in that order', () => {
    const all = { regionMix: { 'us-east': 1 }, density: 8, gpuNanoPerHour: { h100: POUND } };
    expect(answer({ ...all, spotShare: { share: 0.5, nanoPerGpuHour: 0n } }).scenario.billNano).toBe(
      50n * POUND,
    );
  });

  it('nothing was used', () => {
    expect(answer({ density: 4 }, [])).toMatchObject({ scenario: { billNano: 0n, nanoPerUserHour: 0n } });
  });
});

describe('unit economics', () => {
  it('are cost against density, with idle and without', () => {
    const usage = {
      ...{
        pool: 'p',
        currency: 'GBP',
        activeMs: 400 * HOUR_MS,
        sessionGpuMs: 80 * HOUR_MS,
        upMs: 100 * HOUR_MS,
      },
      ...{ frames: 400 * 90_000, sessionNano: 160n * POUND, billNano: 200n * POUND },
    };
    expect(unitEconomics(usage)).toMatchObject({
      ...{ slotsPerGpu: 5, density: 4, userHours: 400, nanoPerUserHour: 400_000_000n },
      ...{ nanoPerUserHourLoaded: 500_000_000n, nanoPerFrame: 4_444n },
    });
  });

  it('of nothing are nothing', () => {
    const none = { activeMs: 0, sessionGpuMs: 0, upMs: 0, frames: 0, sessionNano: 0n, billNano: 0n };
    expect(unitEconomics({ pool: 'p', currency: 'GBP', ...none })).toMatchObject({
      ...{ slotsPerGpu: 0, density: 0, nanoPerUserHour: 0n, nanoPerFrame: 0n },
    });
  });
});

describe('a service credit', () => {
  const plan = { promise: { lateShareMax: 0.01, creditShare: 0.1 } };

  it('is a share of the price when more frames were late than promised', () => {
    expect(slaCredit(plan, { frames: 10_000, lateFrames: 101 }, 1_005n)).toBe(100n);
    expect(slaCredit(plan, { frames: 10_000, lateFrames: 100 }, 1_005n)).toBe(0n);
    expect(slaCredit({}, { frames: 10_000, lateFrames: 10_000 }, 1_005n)).toBe(0n);
    expect(slaCredit(plan, { frames: 0, lateFrames: 0 }, 1_005n)).toBe(0n);
  });
});
