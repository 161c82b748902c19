import { describe, expect, it } from '@jest/globals';
import type { SessionRequest } from '../session/session.ts';
import { DEFAULT_PLACEMENT_POLICY } from './placement.ts';
import { demandOf } from './pool-demand.ts';
import type { CapacitySnapshot } from './snapshot.ts';
import { pool, region, request, snapshot, worker } from './testing/fleet.ts';

const waiting = (...requests: readonly SessionRequest[]) =>
  requests.map((each) => ({ request: each, createdAtMs: 0 }));
const demand = (of: CapacitySnapshot, ...requests: readonly SessionRequest[]) =>
  demandOf(of, waiting(...requests), () => DEFAULT_PLACEMENT_POLICY);
const queued = (of: CapacitySnapshot, ...requests: readonly SessionRequest[]) =>
  demand(of, ...requests).map((each) => [each.region, each.queued]);

describe('demand of a pool', () => {
  it('counts what is leased, draining workers included, and the warm slots of ready ones', () => {
    const workers = [
      worker('a', { slots: 8, usedSlots: 5 }),
      worker('b', { slots: 8, usedSlots: 2, health: 'draining' }),
      worker('c', { slots: 8, usedSlots: 1, health: 'lost' }),
      worker('d', { slots: 8, usedSlots: 3, health: 'quarantined' }),
    ];
    expect(demand(snapshot(region('us-east', [pool('us-east', { workers })])))).toMatchObject([
      { region: 'us-east', model: 'gallery', busySlots: 10, slots: 8, readyWorkers: 1, slotsPerWorker: 8 },
    ]);
  });

  it('counts who waits where it would like to be, however full that is', () => {
    const near = region('us-east', [pool('us-east', { used: 4 })]);
    const far = region('eu-west', [pool('eu-west', { used: 4 })]);
    expect(
      queued(snapshot(near, far), request(), request({ rttMs: { 'eu-west': 5, 'us-east': 80 } }), request()),
    ).toEqual([
      ['us-east', 2],
      ['eu-west', 1],
    ]);
    expect(queued(snapshot(near, far), request({ residency: 'eu' }))).toEqual([
      ['us-east', 0],
      ['eu-west', 1],
    ]);
  });

  it('counts the slots that a wide session would take', () => {
    const wide = region('us-east', [
      pool('us-east', { workers: [worker('a', { slots: 8, usedSlots: 8, gpus: 1 })] }),
    ]);
    expect(queued(snapshot(wide), request({ gpus: 0.5 }), request())).toEqual([['us-east', 5]]);
  });

  it('counts nobody where no worker is ready, or none of the model', () => {
    const draining = region('us-east', [pool('us-east', { health: 'draining' })]);
    expect(queued(snapshot(draining), request(), request({ model: 'other' }))).toEqual([['us-east', 0]]);
  });
});
