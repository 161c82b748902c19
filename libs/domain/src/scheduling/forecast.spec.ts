import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { forecastConcurrency, forecastsOf, historySpans, type DemandSample } from './forecast.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const BOOT_MS = 5 * MINUTE_MS;
const T0 = Date.UTC(2026, 10, 2, 10);

/** A sample a minute, the last one at `endMs`. */
const minutes = (demands: readonly number[], endMs = T0): readonly DemandSample[] =>
  demands.map((busySlots, i) => ({
    ...{ atMs: endMs - (demands.length - 1 - i) * MINUTE_MS, busySlots, queued: 0 },
  }));
const constant = (demand: number, length = 120): readonly number[] => Array<number>(length).fill(demand);
const mean = (history: readonly DemandSample[]): number => forecastConcurrency(history, BOOT_MS)?.mean ?? NaN;

/** Demand that goes up or down by chance, the same for the same seed: what M/G/infinity looks like over some hours. */
const walks = (length: number) =>
  fc.tuple(fc.integer({ min: 200, max: 400 }), fc.integer()).map(([from, seed]) => {
    let [demand, state] = [from, seed >>> 0];
    return Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (demand += Math.floor((5 * state) / 2 ** 32) - 2);
    });
  });

describe('a forecast of a pool’s demand', () => {
  it('says nothing of a pool of which nothing is known', () => {
    expect(forecastConcurrency([], BOOT_MS)).toBeUndefined();
    expect(forecastsOf([], BOOT_MS, DAY_MS)).toEqual([]);
  });

  it('takes one sample for what will be, and trusts it as far as a Poisson count', () => {
    const [sample] = minutes([25]);
    const forecast = forecastConcurrency(sample ? [{ ...sample, queued: 11 }] : [], BOOT_MS);
    expect(forecast).toMatchObject({ atMs: T0, busySlots: 25, queued: 11, mean: 36, error: 6 });
  });

  it('expects what never changed to stay, and grows sure of it', () => {
    const forecast = forecastConcurrency(minutes(constant(40, 240)), BOOT_MS);
    expect(forecast?.mean).toBeCloseTo(40, 6);
    expect(forecast?.error).toBeLessThan(2);
  });

  it('goes on with a trend, a little flatter', () => {
    const ramp = Array.from({ length: 120 }, (_, i) => 50 + 2 * i);
    const last = ramp.at(-1) ?? NaN;
    expect(mean(minutes(ramp))).toBeGreaterThan(last + 6);
    expect(mean(minutes(ramp))).toBeLessThan(last + 10);
    const over = [...ramp, ...constant(last, 60)];
    expect(Math.abs(mean(minutes(over)) - last)).toBeLessThan(3);
  });

  it('is not moved by one sample that nothing confirms', () => {
    const quiet = constant(40);
    for (const spike of [400, 0]) {
      expect(mean(minutes([...quiet, spike]))).toBeCloseTo(40, 0);
      expect(mean(minutes([...quiet, spike, 40, 40]))).toBeCloseTo(40, 0);
    }
  });

  it('believes a jump once the next sample confirms it', () => {
    expect(mean(minutes([...constant(40), 90, 91]))).toBeCloseTo(91, 0);
  });

  it('starts anew after a gap, without a trend across it', () => {
    const before = minutes(constant(10), T0 - 3 * 60 * MINUTE_MS);
    expect(mean([...before, ...minutes([200])])).toBeCloseTo(200, 6);
  });

  it('bridges a gap of a few minutes', () => {
    const ramp = minutes(Array.from({ length: 120 }, (_, i) => 50 + i));
    const whole = mean(ramp);
    const gappy = ramp.filter((_, i) => i < 100 || i >= 110);
    expect(Math.abs(mean(gappy) - whole)).toBeLessThan(1);
  });

  describe('with seasons', () => {
    /** Every day the demand doubles within ten minutes from 10:00 on. */
    const doubled = (atMs: number): number =>
      50 + 5 * Math.min(10, Math.max(0, ((atMs % DAY_MS) - (T0 % DAY_MS)) / MINUTE_MS));
    const day = (startMs: number, toMs: number): readonly DemandSample[] => {
      const length = Math.floor((toMs - startMs) / MINUTE_MS);
      return minutes(
        Array.from({ length }, (_, i) => doubled(toMs - (length - 1 - i) * MINUTE_MS)),
        toMs,
      );
    };
    const today = day(T0 - 4 * 3_600_000, T0);

    it('expects of today what happened yesterday, before today shows it', () => {
      const yesterday = day(T0 - DAY_MS - 4 * 3_600_000, T0 - DAY_MS + 30 * MINUTE_MS);
      const forecast = forecastConcurrency([...yesterday, ...today], 10 * MINUTE_MS);
      expect(forecast?.seasonShare).toBeGreaterThan(0.3);
      expect(forecast?.mean).toBeGreaterThan(56);
      expect(forecastConcurrency(today, 10 * MINUTE_MS)?.mean).toBeCloseTo(50, 0);
    });

    it('reads no more of the past than it says', () => {
      const spans = historySpans(T0 + 1, 10 * MINUTE_MS);
      const past = day(T0 - 8 * DAY_MS, T0);
      const within = past.filter(({ atMs }) =>
        spans.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs),
      );
      const forecast = forecastConcurrency(within, 10 * MINUTE_MS);
      expect(forecast?.seasonShare).toBeGreaterThan(0.5);
      expect(forecast?.mean).toBeGreaterThan(56);
      expect(within.length).toBeLessThan(900);
    });

    it('turns away from seasons that were wrong all along', () => {
      const noise = (i: number) => 50 + 30 * Math.sin(i / 7);
      const odd = Array.from({ length: 300 }, (_, i) => Math.round(noise(i)));
      const yesterday = minutes(odd, T0 - DAY_MS + 30 * MINUTE_MS);
      const forecast = forecastConcurrency([...yesterday, ...minutes(constant(50, 240))], BOOT_MS);
      expect(forecast?.seasonShare).toBeLessThan(0.1);
      expect(forecast?.mean).toBeCloseTo(50, 0);
    });
  });

  // Of many days together: neighbouring forecasts err alike, so one day alone may have half, or nine tenths. On a walk
  // that is calmer than Poisson's arrivals, which is what it guesses first, the error stays a little too large.
  it('knows its own error: at least two thirds of what came lay within it, and not nearly all', () => {
    const [seed] = fc.sample(fc.integer(), 1);
    const hits = fc
      .sample(walks(600), { numRuns: 25, ...(seed !== undefined && { seed }) })
      .flatMap((demands) => {
        const history = minutes(demands);
        const known = new Map(history.map((sample) => [sample.atMs, sample.busySlots]));
        return forecastsOf(history, BOOT_MS, 360 * MINUTE_MS).flatMap((forecast) => {
          const came = known.get(forecast.atMs + BOOT_MS);
          return came === undefined ? [] : [Math.abs(came - forecast.mean) <= forecast.error];
        });
      });
    const share = hits.filter(Boolean).length / hits.length;
    expect({ seed, share, isRight: share > 0.68 && share < 0.88 }).toEqual({ seed, share, isRight: true });
  });

  it('is never below nothing, never not a number, and the same for the same past', () => {
    const samples = fc.array(
      fc.record({
        gapMs: fc.integer({ min: 1, max: 5 * 3_600_000 }),
        busySlots: fc.nat(500),
        queued: fc.nat(50),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(samples, (gaps) => {
        let atMs = T0;
        const history = gaps.map(({ gapMs, ...demand }) => ({ ...demand, atMs: (atMs += gapMs) }));
        const forecasts = forecastsOf(history, BOOT_MS, Infinity);
        expect(forecasts).toHaveLength(history.length);
        for (const { mean: expected, error, seasonShare } of forecasts) {
          expect(expected).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(expected) && Number.isFinite(error)).toBe(true);
          expect(error).toBeGreaterThan(0);
          expect(seasonShare >= 0 && seasonShare <= 1).toBe(true);
        }
        expect(forecastsOf(history, BOOT_MS, Infinity)).toEqual(forecasts);
      }),
    );
  });

  it('has seen nothing later than its moment', () => {
    fc.assert(
      fc.property(walks(90), fc.integer({ min: 1, max: 89 }), (demands, cut) => {
        const history = minutes(demands);
        const early = forecastConcurrency(history.slice(0, cut), BOOT_MS);
        expect(forecastsOf(history, BOOT_MS, Infinity)[cut - 1]).toEqual(early);
      }),
    );
  });
});
