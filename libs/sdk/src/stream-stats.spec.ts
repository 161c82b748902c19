import { describe, expect, it } from '@jest/globals';
import { Frame } from '@meridian/protocol';
import { StreamStats } from './stream-stats.ts';

const frame = (number: number, lastActionSeq: number): Frame => Frame.fromPartial({ number, lastActionSeq });

describe('StreamStats', () => {
  it('counts every action, not only the newest of a frame', () => {
    const stats = new StreamStats(0);
    stats.sent(1, 100, 100);
    stats.sent(2, 120, 120);
    stats.sent(3, 135, 135);
    expect(stats.frame(frame(1, 2), 0, 140)).toBe(40);
    expect(stats.frame(frame(2, 2), 0, 180)).toBeUndefined();
    expect(stats.frame(frame(3, 3), 0, 220)).toBe(85);
    expect(stats.snapshot(220).actionToFrameMs).toEqual({ last: 85, p50: 40, p95: 85, samples: 3 });
  });

  it('says 25 fps of a steady stream, and less when it stalls', () => {
    const stats = new StreamStats(0);
    for (let number = 1; number <= 100; number += 1) stats.frame(frame(number, 0), 0, number * 40);
    expect(stats.snapshot(4_000).fps).toBeCloseTo(25);
    expect(stats.snapshot(5_000).fps).toBeLessThan(15);
    expect(stats.snapshot(9_000).fps).toBe(0);
  });

  it('splits action-to-frame time by hop without comparing clocks', () => {
    const stats = new StreamStats(0);
    const skewUs = 5e12;
    stats.sent(1, 1_000, 1_010);
    const wire = {
      ...frame(1, 1),
      actionReceivedUs: skewUs,
      stepStartedUs: skewUs + 4_000,
      stepEndedUs: skewUs + 9_000,
      encodedUs: skewUs + 10_000,
    };
    stats.frame(wire, skewUs + 12_000, 1_050);
    expect(stats.snapshot(1_050).hops).toEqual({
      networkMs: 28,
      waitMs: 4,
      stepMs: 5,
      encodeMs: 1,
      gatewayMs: 2,
    });
    expect(stats.snapshot(1_050).firstFrameMs).toBe(1_050);
  });
});
