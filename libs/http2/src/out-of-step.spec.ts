import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { everyOutOfStep } from './out-of-step.ts';

const INTERVAL_MS = 2_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

it('calls what began at once at times of its own, each once an interval', () => {
  const times = Array.from({ length: 100 }, (): number[] => []);
  const stops = times.map((own) => everyOutOfStep(INTERVAL_MS, () => own.push(Date.now())));
  const fromMs = Date.now();
  jest.advanceTimersByTime(3 * INTERVAL_MS);
  for (const own of times) {
    expect(own).toHaveLength(3);
    expect((own[0] ?? 0) - fromMs).toBeLessThanOrEqual(INTERVAL_MS);
    expect([(own[1] ?? 0) - (own[0] ?? 0), (own[2] ?? 0) - (own[1] ?? 0)]).toEqual([
      INTERVAL_MS,
      INTERVAL_MS,
    ]);
  }
  expect(new Set(times.map(([first]) => first)).size).toBeGreaterThan(50);
  for (const stop of stops) stop();
});

it.each([0, 1, 3])('is stopped after %d calls, by the call itself too', (calls) => {
  let made = 0;
  const stop = everyOutOfStep(INTERVAL_MS, () => {
    made += 1;
    if (made === calls) stop();
  });
  if (calls === 0) stop();
  jest.advanceTimersByTime(10 * INTERVAL_MS);
  expect(made).toBe(calls);
});
