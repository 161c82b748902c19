import { StoreUnavailable, type DemandHistory, type DemandRow, type TimeSpan } from '@meridian/application';
import type { DemandSample, PoolId } from '@meridian/domain';

const MINUTE_MS = 60_000;

export class FakeDemandHistory implements DemandHistory {
  /** Pool -> beginning of the minute -> what was. */
  readonly rows = new Map<PoolId, Map<number, DemandSample>>();
  /** True: every call throws `StoreUnavailable`. */
  away = false;

  async record(demands: readonly DemandRow[]): Promise<void> {
    this.#enter();
    for (const { pool, atMs, busySlots, queued } of demands) {
      const minutes = this.rows.get(pool) ?? new Map<number, DemandSample>();
      const minuteMs = atMs - (atMs % MINUTE_MS);
      minutes.set(minuteMs, { atMs: minuteMs, busySlots, queued });
      this.rows.set(pool, minutes);
    }
  }

  async read(
    pools: readonly PoolId[],
    spans: readonly TimeSpan[],
  ): Promise<ReadonlyMap<PoolId, readonly DemandSample[]>> {
    this.#enter();
    const within = ({ atMs }: DemandSample) =>
      spans.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
    const known = pools.map((pool) => {
      const samples = [...(this.rows.get(pool)?.values() ?? [])].filter(within);
      return [pool, samples.sort((a, b) => a.atMs - b.atMs)] as const;
    });
    return new Map(known.filter(([, samples]) => samples.length > 0));
  }

  async prune(beforeMs: number): Promise<void> {
    this.#enter();
    for (const minutes of this.rows.values()) {
      for (const atMs of minutes.keys()) if (atMs < beforeMs) minutes.delete(atMs);
    }
  }

  #enter(): void {
    if (this.away) throw new StoreUnavailable('demand history');
  }
}
