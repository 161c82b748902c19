import { correctionOf, learned, UNCALIBRATED, type Calibration, type SessionId } from '@meridian/domain';
import type { QueuedRequest, QueueRecord } from '../ports/queue-record.ts';

/**
 * What estimates are multiplied by, model by model. Learned from the record, so that a replica which dispatches nothing
 * learns as well: whoever is no longer in the queue is looked up, and if it left for a slot, its wait is compared.
 */
export interface EtaCorrections {
  of(model: string): number;
  /** Who waits now. */
  look(waiting: readonly QueuedRequest[]): Promise<void>;
  /** Waits from now on, though the next look may be too early to show it. */
  joined(sessionId: SessionId): void;
}

/** The estimate remembers about fifty. */
const MOST_LEARNED = 200;

export function makeEtaCorrections(queueRecord: QueueRecord): EtaCorrections {
  const calibrations = new Map<string, Calibration>();
  const of = (model: string): Calibration => calibrations.get(model) ?? UNCALIBRATED;
  let known = new Set<SessionId>();
  return {
    of: (model) => correctionOf(of(model)),
    joined: (sessionId) => known.add(sessionId),
    async look(waiting) {
      const there = new Set(waiting.map(({ request }) => request.sessionId));
      const left = [...known].filter((sessionId) => !there.has(sessionId));
      known = there;
      if (left.length === 0) return;
      for (const { model, waitedMs, toldWait } of await queueRecord.placed(left.slice(0, MOST_LEARNED))) {
        calibrations.set(model, learned(of(model), toldWait.estimateMs, waitedMs));
      }
    },
  };
}
