import { beforeEach, describe, expect, it } from '@jest/globals';
import { Codec, type FrameFormat } from '@meridian/protocol';
import { format } from '../testing/engine-setup.ts';
import { Throttle } from './throttle.ts';

const FRAME_US = 40_000;

let throttle: Throttle;
let nowUs: number;
let number: number;
let dropped: number;

beforeEach(() => {
  throttle = new Throttle();
  [nowUs, number, dropped] = [1_000_000_000, 0, 0];
});

function drop(frames: number, asked?: FrameFormat): void {
  dropped += frames;
  throttle.dropped(dropped, asked, nowUs);
}

/** What is sent of 1 s: frames, and their quality. */
function second(asked?: FrameFormat): [number, number | undefined] {
  let sent = 0;
  for (let i = 0; i < 24; i += 1) {
    [number, nowUs] = [number + 1, nowUs + FRAME_US];
    if (throttle.sends(number, asked, nowUs)) sent += 1;
  }
  return [sent, throttle.format(asked)?.quality];
}

describe('a client that drops frames', () => {
  it('is sent smaller images, then fewer, and one step more every 3 s after', () => {
    expect(second()).toEqual([24, undefined]);
    const down = Array.from({ length: 5 }, () => {
      drop(6);
      return second();
    });
    expect(down).toEqual([
      [24, 60],
      [24, 40],
      [12, 40],
      [6, 40],
      [6, 40],
    ]);
    expect(throttle.slowed).toBe(true);
    const up = Array.from({ length: 14 }, () => second());
    expect(
      up.map(([, quality]) => quality).filter((quality) => quality === undefined).length,
    ).toBeGreaterThan(0);
    expect(up.slice(3, 5)).toEqual([
      [12, 40],
      [12, 40],
    ]);
    expect(throttle.slowed).toBe(false);
  });

  it.each([
    ['five at once', [5], 0],
    ['six at once', [6], 60],
    ['six within two seconds', [3, 3], 60],
    ['five, and five more after two seconds', [5, 0, 0, 5], 0],
  ])('of %s', (_, seconds, quality) => {
    for (const frames of seconds) {
      drop(frames);
      second();
    }
    expect(throttle.format(undefined)?.quality ?? 0).toBe(quality);
  });

  it('stays slowed while it drops now and then', () => {
    drop(6);
    for (let i = 0; i < 10; i += 1) {
      second();
      drop(1);
    }
    expect(throttle.format(undefined)?.quality).toBe(60);
  });

  it('is not slowed by a count that begins anew', () => {
    drop(5);
    throttle.dropped(3, undefined, nowUs);
    expect(throttle.slowed).toBe(false);
  });
});

describe('what the client asked for', () => {
  it('keeps its quality, codec and size: frames thin out at once, and come back', () => {
    const asked = format({ codec: Codec.WEBP, width: 64, height: 36, quality: 90 });
    drop(6, asked);
    expect(second(asked)).toEqual([12, 90]);
    drop(6, asked);
    expect(second(asked)).toEqual([6, 90]);
    for (let i = 0; i < 7; i += 1) second(asked);
    expect(second(asked)).toEqual([24, 90]);
  });

  it('keeps codec and size where only the quality is left open', () => {
    const asked = format({ codec: Codec.WEBP, width: 64, height: 36 });
    drop(6, asked);
    expect(throttle.format(asked)).toEqual({ ...asked, quality: 60 });
  });

  it('is never thinned out as raw frames, also when they are asked for later', () => {
    const raw = format({ codec: Codec.RAW_RGB });
    drop(6, raw);
    expect(second(raw)).toEqual([24, 0]);
    for (let i = 0; i < 4; i += 1) drop(6);
    expect(second()[0]).toBe(6);
    expect(second(raw)).toEqual([24, 0]);
    expect(throttle.slowed).toBe(false);
  });
});
