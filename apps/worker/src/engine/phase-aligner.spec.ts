import { describe, expect, it } from '@jest/globals';
import { PhaseAligner } from './phase-aligner.ts';

const INTERVAL_US = 40_000;

interface Played {
  /** Wait of each action for its step, ms. */
  readonly waitsMs: readonly number[];
  readonly frames: number;
  readonly shortestMs: number;
}

/** Plays frames and actions against each other; `actionUs` answers when the next action is sent after the last. */
function play(seconds: number, actionUs: (lastUs: number, dueUs: number) => number): Played {
  const aligner = new PhaseAligner(INTERVAL_US);
  const waitsMs: number[] = [];
  let [dueUs, sentUs, frames, shortestUs] = [0, 0, 0, Infinity];
  while (dueUs < seconds * 1_000_000) {
    for (let next = actionUs(sentUs, dueUs); next < dueUs; next = actionUs(sentUs, dueUs)) {
      aligner.arrived(dueUs - next);
      waitsMs.push((dueUs - next) / 1_000);
      sentUs = next;
    }
    const nextUs = dueUs + INTERVAL_US + aligner.takeShiftUs(dueUs);
    shortestUs = Math.min(shortestUs, nextUs - dueUs);
    dueUs = nextUs;
    frames += 1;
  }
  return { waitsMs, frames, shortestMs: shortestUs / 1_000 };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the phase of steps', () => {
  it.each([5, 15, 25, 35])(
    'comes to just after the actions of a steady client that first waited %d ms',
    (waitMs) => {
      const played = play(20, (lastUs) =>
        lastUs === 0 ? INTERVAL_US - waitMs * 1_000 : lastUs + INTERVAL_US,
      );
      expect(mean(played.waitsMs.slice(-50))).toBeLessThan(8);
      expect(mean(played.waitsMs.slice(-50))).toBeGreaterThan(0.5);
    },
  );

  it('only ever delays, and by one frame in all', () => {
    const played = play(20, (lastUs) => (lastUs === 0 ? 10_000 : lastUs + INTERVAL_US));
    expect(played.shortestMs).toBe(40);
    expect(played.frames).toBeGreaterThanOrEqual(499);
  });

  it('stays when actions come at any time', () => {
    let seed = 7;
    const draw = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const played = play(60, (lastUs, dueUs) =>
      lastUs > dueUs - INTERVAL_US ? Infinity : dueUs - draw() * INTERVAL_US,
    );
    expect(played.frames).toBe(1_500);
  });

  it('costs a client whose actions follow its frames one frame in thirty seconds at most', () => {
    const played = play(60, (lastUs, dueUs) => (lastUs > dueUs - INTERVAL_US ? Infinity : dueUs - 35_000));
    expect(played.frames).toBeGreaterThanOrEqual(1_497);
  });
});
