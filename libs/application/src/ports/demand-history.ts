import type { DemandSample, PoolDemand, PoolId } from '@meridian/domain';

/** From `fromMs` on, up to but without `toMs`; Unix ms. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One pool in one minute. */
export type DemandRow = Omit<PoolDemand, 'readyWorkers' | 'slotsPerWorker'>;

/** How busy each pool was, a row a pool and minute. Throws `StoreUnavailable`. */
export interface DemandHistory {
  /** The last word on a minute stands, whichever replica says it. */
  record(demands: readonly DemandRow[]): Promise<void>;
  /**
   * What is known of these pools within any of the spans, oldest first; `atMs` is the beginning of the minute. A pool of
   * which nothing is known may be absent.
   */
  read(
    pools: readonly PoolId[],
    spans: readonly TimeSpan[],
  ): Promise<ReadonlyMap<PoolId, readonly DemandSample[]>>;
  /** Forgets what was before. */
  prune(beforeMs: number): Promise<void>;
}
