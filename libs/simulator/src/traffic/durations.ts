import type { SeededDraw } from '@meridian/testkit/world';

/** A lognormal distribution by two of its percentiles, in any unit. */
export interface Lognormal {
  readonly median: number;
  readonly p90: number;
}

/** Durations of sessions: what one lasts, and how many last longer. */
export interface Durations {
  /** ms */
  draw(draw: SeededDraw): number;
  /** Share of sessions that last longer than this. */
  survival(ms: number): number;
}

/** 90th percentile of the standard normal distribution. */
const Z90 = 1.2815515655446004;
export const lognormal = ({ median, p90 }: Lognormal, draw: SeededDraw): number =>
  median * Math.exp((Math.log(p90 / median) / Z90) * normal(draw));

/** Cut at `longestMs`. */
export function lognormalDurations(minutes: Lognormal, longestMs: number): Durations {
  const sigma = Math.log(minutes.p90 / minutes.median) / Z90;
  return {
    draw: (draw) => Math.min(longestMs, lognormal(minutes, draw) * 60_000),
    survival: (ms) => {
      if (ms >= longestMs) return 0;
      return ms <= 0 ? 1 : 1 - normalCdf(Math.log(ms / 60_000 / minutes.median) / sigma);
    },
  };
}

/** Drawn from what was given, minutes; cut at `longestMs`. */
export function givenDurations(minutes: readonly number[], longestMs: number): Durations {
  const sorted = minutes.map((each) => Math.min(longestMs, each * 60_000)).sort((a, b) => a - b);
  return {
    draw: (draw) => sorted[draw.below(sorted.length)] ?? 0,
    survival: (ms) => sorted.filter((each) => each > ms).length / sorted.length,
  };
}

/** Standard normal (Box and Muller, 1958). */
function normal(draw: SeededDraw): number {
  const radius = Math.sqrt(-2 * Math.log(1 - draw.next()));
  return radius * Math.cos(2 * Math.PI * draw.next());
}

/** Abramowitz and Stegun 26.2.17; error below 7.5e-8. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - density * series : density * series;
}
