import { describe, expect, it } from '@jest/globals';
import { Frame } from '@meridian/protocol';
import { StreamStats } from './stream-stats.ts';

const frame = (number: number, lastActionSeq: number, lastActionDevice = 0): Frame =>
  Frame.fromPartial({ number, lastActionSeq, lastActionDevice });
const at = (nowMs: number, stream = 1) => ({ nowMs, stream, gatewaySentUs: 0 });
const made = (seq: number, ms: number) => ({ seq, madeAtMs: ms, sentAtMs: ms });

describe('StreamStats', () => {
  it('counts every action, not only the newest of a frame', () => {
    const stats = new StreamStats(0, 0);
    stats.sent(made(1, 100), 1);
    stats.sent(made(2, 120), 1);
    stats.sent(made(3, 135), 1);
    expect(stats.frame(frame(1, 2), at(140))).toBe(40);
    expect(stats.frame(frame(2, 2), at(180))).toBeUndefined();
    expect(stats.frame(frame(3, 3), at(220))).toBe(85);
    expect(stats.snapshot(220).actionToFrameMs).toEqual({ last: 85, p50: 40, p95: 85, samples: 3 });
    expect(stats.snapshot(220).firstFrameMs).toBe(140);
  });

  it('does not take another device’s action for one of ours', () => {
    const stats = new StreamStats(0, 0);
    stats.sent(made(1, 100), 1);
    expect(stats.frame(frame(1, 7, 2), at(140))).toBeUndefined();
    expect(stats.frame(frame(2, 1), at(180))).toBe(80);
    const phone = new StreamStats(0, 2);
    phone.sent(made(1, 100), 1);
    expect(phone.frame(frame(1, 7, 2), at(140))).toBe(40);
  });

  it('says 25 fps of a steady stream, and less when it stalls', () => {
    const stats = new StreamStats(0, 0);
    for (let number = 1; number <= 100; number += 1) stats.frame(frame(number, 0), at(number * 40));
    expect(stats.snapshot(4_000).fps).toBeCloseTo(25);
    expect(stats.snapshot(5_000).fps).toBeLessThan(15);
    expect(stats.snapshot(9_000).fps).toBe(0);
  });

  it('splits no time whose stamps are of two gateways, and counts it from the first send all the same', () => {
    const stats = new StreamStats(0, 0);
    stats.sent(made(1, 100), 1);
    expect(stats.frame(frame(1, 1), at(150, 2))).toBe(50);
    stats.sent(made(2, 200), 2);
    stats.sent({ seq: 2, madeAtMs: 200, sentAtMs: 230 }, 3);
    expect(stats.frame(frame(2, 2), at(260, 3))).toBe(60);
    expect(stats.snapshot(260).hops).toBeUndefined();
    stats.sent(made(3, 300), 3);
    stats.frame(frame(3, 3), at(330, 3));
    expect(stats.snapshot(330).hops).toMatchObject({ totalMs: 30, networkMs: 30 });
  });
});
