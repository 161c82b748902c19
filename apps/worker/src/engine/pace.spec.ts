import { beforeEach, expect, it } from '@jest/globals';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { Pace } from './pace.ts';

let clock: VirtualClock;
let pace: Pace;
beforeEach(() => {
  clock = new VirtualClock();
  pace = new Pace(clock, { stepMs: [2, 1, 3], encodeMs: [0.5] });
});

const sent = (stepToSentMs: number, late = false) => pace.frameSent({ late, dueToSentMs: 0, stepToSentMs });

it('speaks of the warm-up until something was stepped, and again when nothing was for ten seconds', async () => {
  const atRest = { p50: 2, p95: 3, p99: 3 };
  expect(pace.read()).toMatchObject({ stepMs: atRest, encodeMs: { p50: 0.5 }, frames: 0, lateShare: 0 });
  pace.stepped(9);
  expect(pace.read().stepMs).toEqual({ p50: 9, p95: 9, p99: 9 });
  await clock.advanceMs(10_001);
  expect(pace.read().stepMs).toEqual(atRest);
});

it('takes percentiles by nearest rank over the last ten seconds', async () => {
  pace.stepped(1_000);
  await clock.advanceMs(10_001);
  for (let ms = 100; ms >= 1; ms -= 1) {
    pace.stepped(ms);
    sent(ms / 10);
  }
  const { stepMs, encodeMs } = pace.read();
  expect(stepMs).toEqual({ p50: 50, p95: 95, p99: 99 });
  expect(encodeMs).toEqual({ p50: 5, p95: 9.5, p99: 9.9 });
});

it('counts frames and the late ones among them, and forgets them after ten seconds', async () => {
  for (let second = 0; second < 30; second += 1) {
    for (let i = 0; i < 25; i += 1) sent(1, second >= 25 && i % 5 === 0);
    await clock.advanceMs(1_000);
  }
  expect(pace.read()).toMatchObject({ frames: 225, lateFrames: 25 });
  expect(pace.read().lateShare).toBeCloseTo(25 / 225, 9);
  await clock.advanceMs(10_000);
  expect(pace.read()).toMatchObject({ frames: 0, lateFrames: 0, lateShare: 0 });
});

it('keeps the newest of a flood', () => {
  for (let i = 0; i < 40_000; i += 1) pace.stepped(i < 20_000 ? 1 : 7);
  expect(pace.read().stepMs.p50).toBe(7);
});
