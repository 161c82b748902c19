import { describe, expect, it } from '@jest/globals';
import { makeMonth } from './make-month.ts';
import type { Month, WorkerLife } from './month.ts';
import { DAY_MS } from './month-scenario.ts';
import { storyOf } from './session-story.ts';

const TO_MS = Date.UTC(2026, 10, 23, 5);
const DAYS = 3;
const month = makeMonth({ days: DAYS, seed: 7, toMs: TO_MS });

/** Sessions on a worker at an instant. */
const usedAt = (worker: WorkerLife, atMs: number): number =>
  month.sessions
    .flatMap(({ stays }) => stays)
    .filter((stay) => stay.worker === worker && stay.fromMs <= atMs && atMs < stay.toMs).length;

/** All that is recorded of it. */
const told = ({ workers, sessions }: Month) => ({ workers, stories: sessions.map(storyOf) });

const statesIn = ({ workers }: Month): Set<string> =>
  new Set(workers.flatMap(({ moments }) => moments.map(({ state }) => state)));

describe('a recorded month', () => {
  it('is the same from the same seed, and another from another', () => {
    expect(told(makeMonth({ days: DAYS, seed: 7, toMs: TO_MS }))).toEqual(told(month));
    expect(told(makeMonth({ days: DAYS, seed: 8, toMs: TO_MS }))).not.toEqual(told(month));
  });

  it('has what there is to see: every state of a worker, failed starts, moves, and few refusals', () => {
    const states = statesIn(month);
    for (const state of ['booting', 'ready', 'draining', 'quarantined']) expect(states).toContain(state);
    const failed = month.workers.filter(({ moments }) => moments.every(({ state }) => state === 'booting'));
    expect(failed.length).toBeGreaterThan(0);
    expect(month.sessions.some(({ stays }) => stays.length > 1)).toBe(true);
    expect(month.refused).toBeLessThan(month.sessions.length / 10);
  });

  it('lies within its days, and nobody plays on a worker that is not up or has no slot', () => {
    for (const { stays } of month.sessions) {
      for (const { worker, fromMs, toMs, slot } of stays) {
        expect(fromMs).toBeGreaterThanOrEqual(Math.max(worker.startedAtMs, TO_MS - DAYS * DAY_MS));
        expect(toMs).toBeLessThanOrEqual(Math.min(worker.endedAtMs, TO_MS));
        expect(slot).toBeLessThan(worker.slots);
      }
    }
  });

  it('says of each worker at each moment how many sessions it has', () => {
    for (const worker of month.workers.slice(0, 20)) {
      for (const { atMs, usedSlots } of worker.moments.filter((each) => each.atMs < worker.endedAtMs)) {
        expect(usedSlots).toBe(usedAt(worker, atMs));
      }
    }
  });
});

describe('the story of a session', () => {
  it('counts active time once, hour by hour, whatever epoch it was in', () => {
    for (const life of month.sessions.slice(0, 200)) {
      const { readings, finalReading, ended } = storyOf(life);
      expect(ended.state).toBe('ended');
      expect(ended.epoch).toBe(life.stays.length);
      expect(finalReading.epoch).toBe(life.stays.length);
      for (const epoch of new Set(readings.map((reading) => reading.epoch))) {
        const counted = readings.filter((reading) => reading.epoch === epoch).map(({ activeMs }) => activeMs);
        expect(counted).toEqual(counted.toSorted((a, b) => a - b));
      }
    }
  });

  it('keeps the trace of its open', () => {
    const [first] = month.sessions;
    if (!first) throw new Error('nobody came');
    expect(storyOf(first).opened.request.traceId).toMatch(/^[0-9a-f]{32}$/);
  });
});
