import { periodEndMs, periodStartMs, type Period } from './period.ts';

/** What holds from an instant on, a month. */
export interface MonthlyAmount {
  readonly fromMs: number;
  readonly nano: bigint;
}

/** What amounts that replace one another come to in a period: each by its share of the month's time; floored once. */
export function timeWeighted(amounts: readonly MonthlyAmount[], period: Period): bigint {
  const [startMs, endMs] = [periodStartMs(period), periodEndMs(period)];
  const within = (atMs: number): number => Math.min(Math.max(atMs, startMs), endMs);
  const nanoMs = amounts.reduce((sum, { fromMs, nano }, i) => {
    const untilMs = amounts[i + 1]?.fromMs ?? endMs;
    return sum + nano * BigInt(within(untilMs) - within(fromMs));
  }, 0n);
  return nanoMs / BigInt(endMs - startMs);
}
