// M3. What a GPU is billed for is its time up, from the start of the process until it was last seen.
import { HOUR_MS, hourOf } from '../metering/usage-hour.ts';
import { DEFAULT_CURRENCY } from '../metering/usage-sum.ts';
import { rateAt, rateChanges, type RatedGpu } from '../metering/rates.ts';
import type { Rate } from '../metering/usage.ts';
import type { Span } from './worker-timeline.ts';

/** A worker's time up, as it was seen, on one GPU or on several. */
export interface GpuUptime extends RatedGpu {
  readonly gpus: number;
  readonly startedAtMs: number;
  readonly lastSeenAtMs: number;
}

/** A part of one UTC hour for which we pay in one currency. */
export interface GpuBill {
  readonly currency: string;
  readonly spans: readonly Span[];
  readonly billNano: bigint;
}

/** Uptime within one UTC hour (or a part of it) x the rates in force, floored once for each currency. */
export function billsWithin(uptime: GpuUptime, rates: readonly Rate[], window: Span): readonly GpuBill[] {
  const start = Math.max(uptime.startedAtMs, window.fromMs);
  const end = Math.min(uptime.lastSeenAtMs, window.toMs);
  if (end <= start) return [];
  const bounds = [start, ...rateChanges(rates, uptime, start, end), end];
  const pieces = bounds.slice(1).map((toMs, i) => {
    const fromMs = bounds[i] ?? start;
    return { fromMs, toMs, rate: rateAt(rates, uptime, fromMs) };
  });
  const byCurrency = Map.groupBy(pieces, ({ rate }) => rate?.currency ?? DEFAULT_CURRENCY);
  return [...byCurrency].map(([currency, spans]) => {
    const nanoMs = spans.reduce(
      (sum, { fromMs, toMs, rate }) => sum + BigInt(toMs - fromMs) * (rate?.nanoPerGpuHour ?? 0n),
      0n,
    );
    return { currency, spans, billNano: (nanoMs * BigInt(uptime.gpus)) / BigInt(HOUR_MS) };
  });
}

/** What a worker's GPUs cost in the window [fromMs, toMs): the sum of its hours'. */
export function gpuBillNano(uptime: GpuUptime, rates: readonly Rate[], fromMs: number, toMs: number): bigint {
  const start = Math.max(uptime.startedAtMs, fromMs);
  const end = Math.min(uptime.lastSeenAtMs, toMs);
  let total = 0n;
  for (let from = start; from < end;) {
    const to = Math.min(end, hourOf(from) + HOUR_MS);
    for (const { billNano } of billsWithin(uptime, rates, { fromMs: from, toMs: to })) total += billNano;
    from = to;
  }
  return total;
}
