import type { HealthResponse } from '@meridian/protocol/worker';
import type { Engine } from '../engine/engine.ts';
import type { Pace } from '../engine/pace.ts';

/** How the worker keeps pace; `uptimeS` since it began to serve. */
export function healthOf(engine: Engine, pace: Pace, uptimeS: number): HealthResponse {
  return {
    ...pace.read(),
    sessions: engine.sessions.length,
    slots: engine.slots,
    draining: engine.draining,
    quarantined: engine.quarantined,
    memoryBytes: process.memoryUsage.rss(),
    uptimeS,
  };
}
