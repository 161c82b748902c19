import { describe, expect, it } from '@jest/globals';
import { Meter } from './meter.ts';

describe('a meter', () => {
  it('runs only between run and pause, in whole milliseconds, and its readings rise', () => {
    const meter = new Meter();
    expect(meter.read(5_000)).toEqual({ seq: 1, activeMs: 0, frames: 0, lateFrames: 0 });
    meter.run(10_000);
    meter.run(12_000);
    meter.frameSent(false);
    meter.frameSent(true);
    expect(meter.read(14_600)).toEqual({ seq: 2, activeMs: 4, frames: 2, lateFrames: 1 });
    meter.pause(20_500);
    meter.pause(90_000);
    meter.run(100_000);
    expect(meter.read(100_500)).toEqual({ seq: 3, activeMs: 11, frames: 2, lateFrames: 1 });
  });
});
