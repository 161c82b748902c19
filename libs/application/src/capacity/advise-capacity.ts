import {
  adviseStaffing,
  forecastsOf,
  historySpans,
  SCALE_DOWN_AFTER_MS,
  WAIT_PROBABILITY,
  type ConcurrencyForecast,
  type DemandSample,
  type PoolDemand,
  type StaffingAdvice,
} from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { DemandHistory } from '../ports/demand-history.ts';
import type { MeasureDemand } from './sample-demand.ts';

/** What a deployment says of its workers. */
export interface WorkerSupply {
  /** From the order of a worker until it takes sessions, ms. */
  readonly bootMs: number;
}

export interface AdviseCapacityPorts {
  readonly measureDemand: MeasureDemand;
  readonly demandHistory: DemandHistory;
  readonly clock: Clock;
  readonly supply: WorkerSupply;
}

export interface PoolAdvice extends StaffingAdvice, PoolDemand {
  readonly forecast: ConcurrencyForecast;
}

/** What every pool should have when a worker that is ordered now is ready, and why. Throws `StoreUnavailable`. */
export type AdviseCapacity = () => Promise<readonly PoolAdvice[]>;

/** Demand is noted by the minute: to forecast more often tells nobody more, ms. */
const KEPT_MS = 10_000;
/** A pool that is there keeps a warm worker; how many it may have is for the fleet to know. */
const BOUNDS = { minWorkers: 1, maxWorkers: Infinity };
const MINUTE_MS = 60_000;

export function makeAdviseCapacity(ports: AdviseCapacityPorts): AdviseCapacity {
  let kept: { readonly atMs: number; readonly advice: Promise<readonly PoolAdvice[]> } | undefined;
  return () => {
    const atMs = ports.clock.nowMs();
    if (!kept || atMs - kept.atMs >= KEPT_MS) {
      const next = { atMs, advice: advise(ports) };
      kept = next;
      // Who asks after a failure asks the stores again.
      next.advice.catch(() => {
        if (kept === next) kept = undefined;
      });
    }
    return kept.advice;
  };
}

async function advise({
  measureDemand,
  demandHistory,
  clock,
  supply: { bootMs },
}: AdviseCapacityPorts): Promise<readonly PoolAdvice[]> {
  const demands = await measureDemand();
  const pools = demands.map(({ pool }) => pool);
  const history = await demandHistory.read(pools, historySpans(clock.nowMs(), bootMs));
  return demands.map((demand) => {
    const samples = withNow(history.get(demand.pool) ?? [], demand);
    const forecasts = forecastsOf(samples, bootMs, SCALE_DOWN_AFTER_MS);
    const policy = { ...BOUNDS, slotsPerWorker: demand.slotsPerWorker, waitProbability: WAIT_PROBABILITY };
    const forecast = forecasts.at(-1) as ConcurrencyForecast;
    return { ...demand, ...adviseStaffing(forecasts, policy), forecast };
  });
}

/** What is so now stands for its minute. */
function withNow(history: readonly DemandSample[], now: PoolDemand): readonly DemandSample[] {
  const minuteMs = now.atMs - (now.atMs % MINUTE_MS);
  return [...history.filter(({ atMs }) => atMs < minuteMs), { ...now, atMs: minuteMs }];
}
