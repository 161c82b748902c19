import { takesSessions, type Cadence } from './cadence.ts';
import type { WorkerSnapshot } from './snapshot.ts';

/** What a registry knows of a worker. */
export interface WorkerCondition {
  /** Silent for too long, or seen to be gone. */
  readonly isLost: boolean;
  /** It has said at least once what it runs. */
  readonly hasBeaten: boolean;
  /** An operator wants it drained. */
  readonly drain: boolean;
  /** It drains by itself. */
  readonly draining: boolean;
  readonly usedSlots: number;
  /** Undefined: not judged yet. */
  readonly cadence?: Cadence | undefined;
}

/** Only a `ready` worker is given sessions; the reason is for a person. */
export function workerHealth(worker: WorkerCondition): Pick<WorkerSnapshot, 'health' | 'healthReason'> {
  const { cadence } = worker;
  if (worker.isLost) return { health: 'lost' };
  if (!worker.hasBeaten) return { health: 'quarantined', healthReason: 'it has not said yet what it runs' };
  if (worker.drain) return { health: 'draining', healthReason: 'an operator drains it' };
  if (worker.draining) return { health: 'draining', healthReason: 'it drains by itself' };
  if (!cadence || takesSessions(cadence, worker.usedSlots)) return { health: 'ready' };
  const onTrial = cadence.state === 'trial' ? 'on trial with one session after ' : '';
  return { health: 'quarantined', healthReason: onTrial + cadence.reason };
}
