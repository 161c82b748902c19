import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { poolIdOf, type RegionId, type SessionId, type TenantId, type WorkerId } from '../ids.ts';
import { beginSession } from '../session/evolve.ts';
import { queueEtaMs } from './queue-eta.ts';
import { queueOrder, queuePosition, type Waiting } from './queue-order.ts';
import { spokenFor } from './spoken-for.ts';

const wait = (id: string, tenant: string, enqueuedAtMs: number, model = 'gallery'): Waiting => ({
  ...{ sessionId: id as SessionId, tenantId: tenant as TenantId, enqueuedAtMs, model },
});
const held = (...entries: readonly (readonly [string, number])[]) =>
  new Map(entries.map(([tenant, slots]) => [tenant as TenantId, slots]));
const ids = (waiting: readonly Waiting[]) => waiting.map((w) => w.sessionId);

describe('the queue', () => {
  it('lets tenants take turns, the oldest first within each', () => {
    const crowd = [wait('a1', 'a', 1), wait('a2', 'a', 2), wait('a3', 'a', 3), wait('b1', 'b', 4)];
    expect(ids(queueOrder(crowd, held()))).toEqual(['a1', 'b1', 'a2', 'a3']);
  });

  it('remembers whose turn it was by the slots they hold', () => {
    const crowd = [wait('a2', 'a', 2), wait('a3', 'a', 3), wait('b1', 'b', 4)];
    expect(ids(queueOrder(crowd, held(['a', 1])))).toEqual(['b1', 'a2', 'a3']);
  });

  it('says the place among those who wait for the same model', () => {
    const ordered = queueOrder([wait('x', 'a', 1, 'dream'), wait('y', 'b', 2), wait('z', 'c', 3)], held());
    expect(queuePosition(ordered, 'z' as SessionId)).toBe(2);
    expect(queuePosition(ordered, 'nobody' as SessionId)).toBeUndefined();
  });

  it('starves nobody: when slots are given one by one, shares differ by one at most while both wait', () => {
    const arrivals = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(1_000)), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(arrivals, (list) => {
        let waiting = list.map(([tenant, atMs], i) => wait(`s${i}`, tenant, atMs));
        const slots = held();
        while (waiting.length > 0) {
          const [next] = queueOrder(waiting, slots);
          if (!next) throw new Error('nobody is next');
          for (const { tenantId } of waiting) {
            expect(slots.get(next.tenantId) ?? 0).toBeLessThanOrEqual(slots.get(tenantId) ?? 0);
          }
          slots.set(next.tenantId, (slots.get(next.tenantId) ?? 0) + 1);
          waiting = waiting.filter((w) => w !== next);
        }
      }),
    );
  });
});

describe('the estimate', () => {
  it('begins with a guess: a slot of N every 5 min / N', () => {
    expect(queueEtaMs(1, { slots: 4, releases: 0, windowMs: 0 })).toBe(75_000);
    expect(queueEtaMs(3, { slots: 4, releases: 0, windowMs: 0 })).toBe(225_000);
  });

  it('goes by what is seen once enough is', () => {
    const eta = queueEtaMs(2, { slots: 4, releases: 60, windowMs: 600_000 });
    expect(eta).toBeGreaterThan(18_000);
    expect(eta).toBeLessThan(26_000);
  });

  it('grows with the place and shrinks with releases, and is always a number', () => {
    const counts = fc.record({ slots: fc.nat(1_000), releases: fc.nat(10_000), windowMs: fc.nat(600_000) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), counts, (position, history) => {
        const eta = queueEtaMs(position, history);
        expect(Number.isFinite(eta) && eta >= 0).toBe(true);
        expect(queueEtaMs(position + 1, history)).toBeGreaterThanOrEqual(eta);
        expect(queueEtaMs(position, { ...history, releases: history.releases + 1 })).toBeLessThanOrEqual(eta);
      }),
    );
  });
});

describe('free slots that are spoken for', () => {
  const parts = { region: 'us-east' as RegionId, gpuType: 'h100', model: 'gallery', modelVersion: '1' };
  const worker = {
    workerId: 'w' as WorkerId,
    address: 'w:1',
    slots: 3,
    usedSlots: 1,
    health: 'ready',
  } as const;
  const pool = {
    ...parts,
    pool: poolIdOf(parts),
    stepMs: 8,
    encodeMs: 0,
    framesPerSecond: 25,
    workers: [worker],
  };
  const region = { region: parts.region, jurisdiction: 'us', reachable: true, pools: [pool] };
  const waiting = (id: string, residency?: string) =>
    beginSession(
      {
        ...{
          sessionId: id as SessionId,
          tenantId: 'ten' as TenantId,
          model: 'gallery',
          rttMs: {},
          metadata: {},
        },
        ...(residency === undefined ? {} : { residency }),
      },
      0,
    );
  const spoken = (...sessions: readonly ReturnType<typeof waiting>[]) =>
    spokenFor(sessions, { takenAtMs: 0, regions: [region] }, 1_000).get(pool.pool);

  it('are as many as wait and could have them, and no more than there are', () => {
    expect(spoken()).toBeUndefined();
    expect(spoken(waiting('1'))).toBe(1);
    expect(spoken(waiting('1'), waiting('2', 'eu'))).toBe(1);
    expect(spoken(waiting('1'), waiting('2'), waiting('3'))).toBe(2);
  });
});
