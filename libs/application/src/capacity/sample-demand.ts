import { demandOf, DEFAULT_PLACEMENT_POLICY, type PlacementPolicy, type PoolDemand } from '@meridian/domain';
import type { PoliciesInForce } from '../policies/policies-in-force.ts';
import type { Clock } from '../ports/clock.ts';
import type { DemandHistory } from '../ports/demand-history.ts';
import type { QueueRecord } from '../ports/queue-record.ts';
import type { Capacity } from './snapshot-cache.ts';

export interface MeasureDemandPorts {
  readonly capacity: Capacity;
  readonly queueRecord: QueueRecord;
  readonly policies: PoliciesInForce;
}

/** What every pool has and is asked for now. */
export type MeasureDemand = () => Promise<readonly PoolDemand[]>;

/** More than this many waiting ask for no more workers than this many do. */
const MOST_WAITING = 2_000;

export const makeMeasureDemand =
  ({ capacity, queueRecord, policies }: MeasureDemandPorts): MeasureDemand =>
  async () => {
    const [snapshot, waiting] = await Promise.all([capacity.read(), queueRecord.waiting(MOST_WAITING)]);
    const known = new Map<string, PlacementPolicy>();
    for (const model of new Set(waiting.map(({ request }) => request.model))) {
      known.set(model, (await policies.of(model)).policy);
    }
    return demandOf(snapshot, waiting, (model) => known.get(model) ?? DEFAULT_PLACEMENT_POLICY);
  };

export interface SampleDemandPorts {
  readonly measureDemand: MeasureDemand;
  readonly demandHistory: DemandHistory;
}

/** Notes the demand of every pool. Two replicas may do it at once, and twice a minute is as good as once. */
export type SampleDemand = () => Promise<{ readonly pools: number }>;

export const makeSampleDemand =
  ({ measureDemand, demandHistory }: SampleDemandPorts): SampleDemand =>
  async () => {
    const demands = await measureDemand();
    await demandHistory.record(demands);
    return { pools: demands.length };
  };

/** Two weeks, so that this day of last week is known, and a day to spare. */
const KEPT_MS = 15 * 86_400_000;

export interface PruneDemandPorts {
  readonly demandHistory: DemandHistory;
  readonly clock: Clock;
}

/** Forgets demand that no forecast asks for any more. */
export type PruneDemand = () => Promise<void>;

export const makePruneDemand =
  ({ demandHistory, clock }: PruneDemandPorts): PruneDemand =>
  () =>
    demandHistory.prune(clock.nowMs() - KEPT_MS);
