import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SessionId, TenantId } from '../ids.ts';
import { PRIORITIES, type Priority } from '../session/session.ts';
import {
  CLASS_RISES_AFTER_MS,
  newcomersTurn,
  queueLine,
  type QueueShares,
  type Waiting,
} from './queue-order.ts';

const wait = (id: string, tenant: string, enqueuedAtMs: number, over: Partial<Waiting> = {}): Waiting => ({
  ...{ sessionId: id as SessionId, tenantId: tenant as TenantId, enqueuedAtMs },
  ...over,
});
type Counts = Readonly<Record<string, number>>;
const byTenant = (counts: Counts) =>
  new Map(Object.entries(counts).map(([tenant, count]) => [tenant as TenantId, count]));
const shares = (held: Counts = {}, weights: Counts = {}): QueueShares => ({
  ...{ held: byTenant(held), weights: byTenant(weights) },
});
const order = (waiting: readonly Waiting[], of: QueueShares = shares(), nowMs = 0) =>
  queueLine(waiting, of, nowMs).map(({ entry }) => entry.sessionId);

/** Slots are given one by one, a second apart; answers who got them. */
function give(
  waiting: readonly Waiting[],
  count: number,
  weights: Counts = {},
  nowMs = 0,
): readonly Waiting[] {
  const held = new Map<TenantId, number>();
  let left = waiting;
  return Array.from({ length: Math.min(count, waiting.length) }, (_, i) => {
    const [next] = queueLine(left, { ...shares({}, weights), held }, nowMs + i * 1_000);
    if (!next) throw new Error('nobody is next');
    const { entry } = next;
    held.set(entry.tenantId, (held.get(entry.tenantId) ?? 0) + (entry.slots ?? 1));
    left = left.filter((other) => other !== entry);
    return entry;
  });
}
const countOf = (given: readonly Waiting[], tenant: string) =>
  given.filter(({ tenantId }) => tenantId === tenant).length;
const crowd = (tenant: string, count: number, over: Partial<Waiting> = {}) =>
  Array.from({ length: count }, (_, i) => wait(`${tenant}${i}`, tenant, i, over));

describe('the line is fair across tenants', () => {
  it('which take turns, the oldest first within each', () => {
    const waiting = [wait('a1', 'a', 1), wait('a2', 'a', 2), wait('a3', 'a', 3), wait('b1', 'b', 4)];
    expect(order(waiting)).toEqual(['a1', 'b1', 'a2', 'a3']);
  });

  it('and remembers whose turn it was by the slots they hold', () => {
    const waiting = [wait('a2', 'a', 2), wait('a3', 'a', 3), wait('b1', 'b', 4)];
    expect(order(waiting, shares({ a: 1 }))).toEqual(['b1', 'a2', 'a3']);
  });

  it('gives a tenant of weight 2 twice the slots, and counts wide sessions by their slots', () => {
    const given = give([...crowd('a', 60), ...crowd('b', 60)], 60, { b: 2 });
    expect(countOf(given, 'b')).toBe(40);
    const wide = give([...crowd('a', 60, { slots: 3 }), ...crowd('b', 60)], 40);
    expect(countOf(wide, 'b')).toBe(30);
  });

  it('lets a newcomer by a thousand of one who floods, however long they waited', () => {
    const flood = crowd('a', 1_000);
    for (const nowMs of [0, CLASS_RISES_AFTER_MS, 10 * CLASS_RISES_AFTER_MS]) {
      const place = order([...flood, wait('b', 'b', nowMs)], shares(), nowMs).indexOf('b' as SessionId);
      expect(place).toBeLessThanOrEqual(4);
    }
  });

  const anyone = fc.record({
    tenant: fc.constantFrom('a', 'b', 'c'),
    atMs: fc.nat(1_000),
  });
  const anyWeights = fc.record({ a: fc.integer({ min: 1, max: 5 }), b: fc.integer({ min: 1, max: 5 }) });
  it('so that whoever is next holds the fewest slots for its weight, this one counted', () => {
    fc.assert(
      fc.property(fc.array(anyone, { minLength: 1, maxLength: 30 }), anyWeights, (list, weights: Counts) => {
        let left = list.map(({ tenant, atMs }, i) => wait(`s${i}`, tenant, atMs));
        const held: Record<string, number> = {};
        const share = (tenant: string) => ((held[tenant] ?? 0) + 1) / (weights[tenant] ?? 1);
        while (left.length > 0) {
          const [next] = queueLine(left, shares(held, weights), 1_000);
          if (!next) throw new Error('nobody is next');
          for (const { tenantId } of left) {
            expect(share(next.entry.tenantId)).toBeLessThanOrEqual(share(tenantId));
          }
          held[next.entry.tenantId] = (held[next.entry.tenantId] ?? 0) + 1;
          left = left.filter((other) => other !== next.entry);
        }
      }),
    );
  });
});

describe('classes', () => {
  const one = (priority: Priority, atMs: number, tenant = 'a') => wait(priority, tenant, atMs, { priority });

  it('go high before normal before low, within a tenant and across', () => {
    expect(order([one('low', 1), one('normal', 2), one('high', 3)])).toEqual(['high', 'normal', 'low']);
    expect(order([one('low', 1, 'a'), one('normal', 2, 'b'), one('high', 3, 'c')])).toEqual([
      'high',
      'normal',
      'low',
    ]);
  });

  it('outweigh what a tenant holds up to four times as much for each', () => {
    const both = [one('high', 1, 'a'), one('normal', 2, 'b')];
    expect(order(both, shares({ a: 2 }))).toEqual(['high', 'normal']);
    expect(order(both, shares({ a: 4 }))).toEqual(['normal', 'high']);
  });

  it('rise with the wait: a low session goes before a stream of high ones after four minutes', () => {
    const low = wait('low', 'a', 0, { priority: 'low' });
    const high = (nowMs: number) => wait('new', 'a', nowMs, { priority: 'high' });
    const first = (nowMs: number) => order([low, high(nowMs)], shares({ a: 7 }), nowMs)[0];
    expect(first(2 * CLASS_RISES_AFTER_MS - 1)).toBe('new');
    expect(first(2 * CLASS_RISES_AFTER_MS)).toBe('low');
  });

  it('starve nobody: a tenant that holds nothing is at the head within four minutes, whoever else comes', () => {
    const others = fc.array(
      fc.record({ tenant: fc.constantFrom('b', 'c', 'd'), priority: fc.constantFrom(...PRIORITIES) }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(others, fc.constantFrom(...PRIORITIES), (list, priority) => {
        const nowMs = 2 * CLASS_RISES_AFTER_MS;
        const mine = wait('mine', 'a', 0, { priority });
        const theirs = list.map((other, i) => wait(`s${i}`, other.tenant, 1, other));
        expect(order([...theirs, mine], shares(), nowMs)[0]).toBe('mine');
      }),
    );
  });
});

describe('whatever waits', () => {
  const anyWaiting = fc.record({
    tenant: fc.constantFrom('a', 'b', 'c', 'd'),
    atMs: fc.nat(600_000),
    priority: fc.constantFrom(...PRIORITIES),
    slots: fc.integer({ min: 1, max: 4 }),
  });
  const anyLine = fc
    .array(anyWaiting, { maxLength: 40 })
    .map((list) => list.map(({ tenant, atMs, ...over }, i) => wait(`s${i}`, tenant, atMs, over)));
  const anyHeld = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(20));

  it('everyone is in line once, and the order does not depend on how they are listed', () => {
    fc.assert(
      fc.property(anyLine, anyHeld, (waiting, held) => {
        const line = order(waiting, shares(held), 600_000);
        expect([...line].sort()).toEqual(waiting.map(({ sessionId }) => sessionId).sort());
        expect(order(waiting.toReversed(), shares(held), 600_000)).toEqual(line);
      }),
    );
  });

  it('a newcomer is told the turn that the next look gives it', () => {
    fc.assert(
      fc.property(anyLine, anyHeld, anyWaiting, (waiting, held, { tenant, priority, slots }) => {
        const newcomer = wait('new', tenant, 600_001, { priority, slots });
        const of = shares(held, { b: 3 });
        const line = queueLine(waiting, of, 600_001);
        const turn = newcomersTurn(line, newcomer, of, 600_001);
        const behind = line.filter((other) => other.turn <= turn).length;
        const next = queueLine([...waiting, newcomer], of, 600_001);
        const found = next.findIndex(({ entry }) => entry.sessionId === 'new');
        expect(next[found]?.turn).toBe(turn);
        // Its own tenant's lower classes step back behind it, and so may let others by.
        expect(found).toBeLessThanOrEqual(behind);
        expect(found).toBeGreaterThanOrEqual(behind - waiting.filter((w) => w.tenantId === tenant).length);
      }),
    );
  });

  it('five thousand are put in order within a tenth of a second of CPU', () => {
    const many = Array.from({ length: 5_000 }, (_, i) =>
      wait(`s${i}`, `t${i % 200}`, (i * 7_919) % 600_000, { priority: PRIORITIES[i % 3] ?? 'normal' }),
    );
    queueLine(many, shares(), 600_000);
    const before = process.cpuUsage();
    for (let run = 0; run < 10; run += 1) queueLine(many, shares(), 600_000);
    expect(process.cpuUsage(before).user / 1_000 / 10).toBeLessThan(100);
  });
});
