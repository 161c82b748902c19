import { CONGESTION_HORIZON_MS, forecastConcurrency, type PoolId } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { DemandHistory } from '../ports/demand-history.ts';
import type { Incidents } from '../ports/incidents.ts';

export interface OutlookPorts {
  readonly demandHistory: DemandHistory;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

/** What placement expects of the next few minutes. */
export interface Outlook {
  /**
   * Net new busy slots within the congestion horizon, 0 or more. Never waits: it answers with what is known, and has it
   * looked up again in the background.
   */
  expectedArrivals(pool: PoolId): number;
}

const KEPT_MS = 30_000;
/** Enough for level and trend; the season of a few minutes is in them. */
const LOOKED_BACK_MS = 3_600_000;

export function makeOutlook({ demandHistory, clock, incidents }: OutlookPorts): Outlook {
  const asked = new Set<PoolId>();
  let expected: ReadonlyMap<PoolId, number> = new Map();
  let lookedAtMs = -Infinity;

  const look = async (nowMs: number): Promise<void> => {
    const span = { fromMs: nowMs - LOOKED_BACK_MS, toMs: nowMs };
    const history = await demandHistory.read([...asked], [span]);
    expected = new Map(
      [...history].map(([pool, samples]) => {
        const forecast = forecastConcurrency(samples, CONGESTION_HORIZON_MS);
        const isFresh = forecast && nowMs - forecast.atMs < CONGESTION_HORIZON_MS;
        return [pool, isFresh ? Math.max(0, forecast.mean - forecast.busySlots) : 0];
      }),
    );
  };

  return {
    expectedArrivals(pool) {
      asked.add(pool);
      const nowMs = clock.nowMs();
      if (nowMs - lookedAtMs >= KEPT_MS) {
        lookedAtMs = nowMs;
        // Once the others of the snapshot have been asked for, too.
        void Promise.resolve(nowMs)
          .then(look)
          .catch((error: unknown) => incidents.note('demand not read; what was expected last stands', error));
      }
      return expected.get(pool) ?? 0;
    },
  };
}
