import { poolIdOf } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { ModelCatalog } from '../ports/model-catalog.ts';
import type { WorkerRegistration, WorkerRegistry } from '../ports/worker-registry.ts';
import type { KeepPromises } from './keep-promises.ts';
import type { LoseLeases } from './lose-leases.ts';

export interface RegisterWorkerPorts {
  readonly registry: WorkerRegistry;
  readonly models: ModelCatalog;
  readonly loseLeases: LoseLeases;
  readonly keepPromises: KeepPromises;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

export interface RegisterWorkerCommand {
  readonly worker: WorkerRegistration;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly actions: readonly string[];
}

export type RegisterWorkerOutcome =
  | { readonly kind: 'registered' }
  /** The pool, region or slots do not fit together; `problem` is a sentence for the worker's log. */
  | { readonly kind: 'refused'; readonly problem: string };

/** Throws `StoreUnavailable` when the region's registry is away: the worker asks again. */
export type RegisterWorker = (command: RegisterWorkerCommand) => Promise<RegisterWorkerOutcome>;

export const makeRegisterWorker =
  (ports: RegisterWorkerPorts): RegisterWorker =>
  async (command) => {
    const { worker } = command;
    const problem = problemOf(worker);
    if (problem) return { kind: 'refused', problem };
    await recordModel(ports, command);
    const replaced = await ports.registry.register(worker);
    if (replaced) await ports.loseLeases(worker.workerId, replaced.leases);
    await ports.keepPromises(worker);
    return { kind: 'registered' };
  };

function problemOf(worker: WorkerRegistration): string | undefined {
  const pool = poolIdOf(worker);
  if (worker.pool !== pool) return `the pool of this worker is ${pool}, not ${worker.pool}`;
  if (!Number.isInteger(worker.slots) || worker.slots < 1)
    return `slots must be 1 or more, not ${worker.slots}`;
  if (!(worker.framesPerSecond > 0)) return `framesPerSecond must be above 0, not ${worker.framesPerSecond}`;
  return undefined;
}

/** The catalog only answers for models that nobody serves at the moment: a worker may come up without it (L4). */
async function recordModel(ports: RegisterWorkerPorts, command: RegisterWorkerCommand): Promise<void> {
  const { worker, ...described } = command;
  const { model, modelVersion, framesPerSecond, stateBytes } = worker;
  try {
    const firstSeenAtMs = ports.clock.nowMs();
    await ports.models.record({
      model,
      modelVersion,
      framesPerSecond,
      stateBytes,
      ...described,
      firstSeenAtMs,
    });
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    ports.incidents.note('model not recorded', error, { model, modelVersion });
  }
}
