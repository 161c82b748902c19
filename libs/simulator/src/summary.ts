import type { ArrivalResult, RunResult } from './contender.ts';
import type { Scenario } from './scenario.ts';
import type { Arrival, Traffic } from './traffic/traffic.ts';

/** The figures of one run. Shares are in [0, 1]; NaN where there is nothing to count. */
export interface Summary {
  readonly arrivals: number;
  /** Arrivals placed at an RTT within the SLO, of all arrivals. */
  readonly sloAttainment: number;
  /** Of the arrivals that were placed, ms. */
  readonly rttMsP50: number;
  readonly rttMsP95: number;
  readonly rttMsP99: number;
  /** Refused at once, of all arrivals. */
  readonly rejected: number;
  /** Left the queue without a slot, of all arrivals. */
  readonly abandoned: number;
  /** Of those that were placed, those that did not wait included, s. */
  readonly queueWaitSP50: number;
  readonly queueWaitSP95: number;
  /** Placed after a wait: median of |wait - the wait they were told|, s. */
  readonly etaErrorSP50: number;
  readonly sessionsPerGpu: number;
  readonly paidGpuHours: number;
  readonly busyGpuHours: number;
  readonly gbpPerUserHour: number;
  readonly migrations: number;
  /** Ended by an outage before their time, of all arrivals. */
  readonly lost: number;
  /** SLO attainment in the worst tenth of the cities. */
  readonly worstDecileCity: number;
  /** Jain's index of the cities' attainment: 1 when all have the same, 1/n when one has it all. */
  readonly jainIndex: number;
}

/** Wall time of one decision; the only figures that a seed does not repeat. */
export interface DecisionTime {
  readonly decisionMsP50: number;
  readonly decisionMsP99: number;
}

interface Counted {
  readonly arrival: Arrival;
  readonly result: ArrivalResult;
  readonly meetsSlo: boolean;
}

/** Figures over the arrivals that came after the warm-up. */
export function summarize(scenario: Scenario, traffic: Traffic, run: RunResult): Summary {
  const all = countedOf(scenario, traffic, run);
  const placed = all.filter(({ result }) => result.outcome === 'placed');
  const rtts = sorted(placed.map(({ result }) => result.rttMs ?? NaN));
  const waits = sorted(placed.map(waitMsOf));
  const told = placed.filter((one) => one.result.etaMs !== undefined);
  const etaErrors = sorted(told.map((one) => Math.abs(waitMsOf(one) - (one.result.etaMs ?? 0))));
  const { paidGpuMs, busyGpuMs, sessionMs, costGbp } = run.bill;
  return {
    arrivals: all.length,
    sloAttainment: shareOf(all, ({ meetsSlo }) => meetsSlo),
    rttMsP50: quantile(rtts, 0.5),
    rttMsP95: quantile(rtts, 0.95),
    rttMsP99: quantile(rtts, 0.99),
    rejected: shareOf(all, ({ result }) => result.outcome === 'rejected'),
    abandoned: shareOf(all, ({ result }) => result.outcome === 'abandoned' || result.outcome === 'waiting'),
    queueWaitSP50: quantile(waits, 0.5) / 1_000,
    queueWaitSP95: quantile(waits, 0.95) / 1_000,
    etaErrorSP50: quantile(etaErrors, 0.5) / 1_000,
    sessionsPerGpu: sessionMs / paidGpuMs,
    paidGpuHours: paidGpuMs / HOUR_MS,
    busyGpuHours: busyGpuMs / HOUR_MS,
    gbpPerUserHour: costGbp / (sessionMs / HOUR_MS),
    migrations: run.migrations,
    lost: shareOf(all, ({ result }) => result.lost === true),
    ...fairness(all),
  };
}

export function decisionTime({ decisionNs }: RunResult): DecisionTime {
  const times = sorted(decisionNs);
  return { decisionMsP50: quantile(times, 0.5) / 1e6, decisionMsP99: quantile(times, 0.99) / 1e6 };
}

/** RTTs of the arrivals that were placed after the warm-up, ms, ascending. */
export const placedRttMs = (scenario: Scenario, traffic: Traffic, run: RunResult): readonly number[] =>
  sorted(
    countedOf(scenario, traffic, run).flatMap(({ result }) =>
      result.outcome === 'placed' && result.rttMs !== undefined ? [result.rttMs] : [],
    ),
  );

const HOUR_MS = 3_600_000;

const countedOf = (
  { slo }: Scenario,
  { arrivals, countFromMs }: Traffic,
  run: RunResult,
): readonly Counted[] =>
  arrivals.flatMap((arrival, i) => {
    const result = run.arrivals[i];
    if (!result || arrival.atMs < countFromMs) return [];
    const meetsSlo = result.outcome === 'placed' && (result.rttMs ?? Infinity) <= slo.rttMs;
    return [{ arrival, result, meetsSlo }];
  });

const waitMsOf = ({ arrival, result }: Counted): number => (result.placedAtMs ?? arrival.atMs) - arrival.atMs;

function fairness(all: readonly Counted[]): Pick<Summary, 'worstDecileCity' | 'jainIndex'> {
  const cities = [...Map.groupBy(all, ({ arrival }) => arrival.city).values()]
    .map((members) => ({ members, share: shareOf(members, ({ meetsSlo }) => meetsSlo) }))
    .sort((a, b) => a.share - b.share);
  const worst = cities.slice(0, Math.ceil(cities.length / 10)).flatMap(({ members }) => members);
  const shares = cities.map(({ share }) => share);
  const squares = sum(shares.map((share) => share * share));
  return {
    worstDecileCity: shareOf(worst, ({ meetsSlo }) => meetsSlo),
    jainIndex: squares === 0 ? NaN : sum(shares) ** 2 / (shares.length * squares),
  };
}

const shareOf = <T>(items: readonly T[], has: (item: T) => boolean): number =>
  items.filter(has).length / items.length;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);

/** Nearest rank of ascending values; NaN of none. */
const quantile = (ascending: readonly number[], share: number): number =>
  ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? NaN;
