// A region's store that lost everything knows again what runs from the workers' heartbeats (L4). What was promised to
// clients who have not come yet, no worker knows: the record does. It is put back when a worker registers, before its
// first heartbeat opens its slots to others.
import type { Session } from '@meridian/domain';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable, type LeaseStore } from '../ports/lease-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { WorkerRegistration } from '../ports/worker-registry.ts';
import type { SessionPolicy } from '../policy.ts';
import { leaseTtlMs } from '../sessions/relocate.ts';

export interface KeepPromisesPorts {
  readonly sessions: SessionRepository;
  readonly leases: LeaseStore;
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

/** Throws when the region's store does not answer. Without the record the worker comes up all the same. */
export type KeepPromises = (worker: WorkerRegistration) => Promise<void>;

/** Most sessions that wait for their clients, or move, at one time. */
const MOST = 100_000;

export function makeKeepPromises(ports: KeepPromisesPorts): KeepPromises {
  const readPromised = sharedRead(() =>
    ports.sessions.listStale(['reserved', 'migrating'], ports.clock.nowMs() + 1, MOST),
  );
  return async (worker) => {
    const promised = await readPromised().catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) throw error;
      ports.incidents.note('promises not looked up', error, { workerId: worker.workerId });
      return [];
    });
    const here = promised.flatMap((session) => promiseOn(worker, session));
    if (here.length === 0) return;
    await ports.leases.restore(worker.region, worker.workerId, here, leaseTtlMs(ports.policy));
  };
}

/** Its token names the address too: a process at another one could not be reached with it. */
function promiseOn({ workerId, region, address }: WorkerRegistration, { request, lease }: Session) {
  if (lease?.workerId !== workerId || lease.region !== region || lease.workerAddress !== address) return [];
  return [{ sessionId: request.sessionId, epoch: lease.epoch, width: lease.width }];
}

/**
 * A whole fleet registers at once. Those who ask while a read is under way share the next one, so that what they get
 * was read after they asked.
 */
function sharedRead<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> | undefined;
  let next: Promise<T> | undefined;
  const start = (): Promise<T> => {
    const reading = read();
    const done = reading.then(
      () => undefined,
      () => undefined,
    );
    running = done;
    void done.then(() => {
      if (running === done) running = undefined;
    });
    return reading;
  };
  return () => {
    if (!running) return start();
    next ??= running.then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}
