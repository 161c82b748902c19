// How the worker keeps pace, over the last ten seconds: for health, heartbeats, and whoever places sessions by them.
import type { Percentiles } from '@meridian/protocol/worker';
import type { Clock } from '../clock.ts';
import type { SentFrame } from './ports.ts';
import { RecentValues } from './recent-values.ts';

const WINDOW_S = 10;

/** Times of the warm-up in ms: they speak until there are newer ones. */
export interface WarmTimes {
  readonly stepMs: readonly number[];
  /** From the end of a step until its image is made. */
  readonly encodeMs: readonly number[];
}

export interface PaceReading {
  readonly stepMs: Percentiles;
  /** From the end of a frame's step until it was handed to the transport. */
  readonly encodeMs: Percentiles;
  readonly frames: number;
  readonly lateFrames: number;
  /** In [0, 1]; 0 without frames. */
  readonly lateShare: number;
}

export class Pace {
  readonly #clock: Clock;
  readonly #stepMs: RecentValues;
  readonly #encodeMs: RecentValues;
  /** Frames of each of the last seconds, the newest last. */
  #seconds: readonly { readonly second: number; frames: number; late: number }[] = [];

  constructor(clock: Clock, warm: WarmTimes) {
    this.#clock = clock;
    this.#stepMs = new RecentValues(warm.stepMs);
    this.#encodeMs = new RecentValues(warm.encodeMs);
  }

  stepped(ms: number): void {
    this.#stepMs.add(ms, this.#clock.nowUs());
  }

  frameSent({ late, stepToSentMs }: SentFrame): void {
    const nowUs = this.#clock.nowUs();
    this.#encodeMs.add(stepToSentMs, nowUs);
    const now = this.#second(nowUs);
    now.frames += 1;
    if (late) now.late += 1;
  }

  read(): PaceReading {
    const nowUs = this.#clock.nowUs();
    const recent = this.#seconds.filter(({ second }) => second > secondOf(nowUs) - WINDOW_S);
    const frames = recent.reduce((sum, second) => sum + second.frames, 0);
    const lateFrames = recent.reduce((sum, second) => sum + second.late, 0);
    return {
      stepMs: this.#stepMs.percentiles(nowUs),
      encodeMs: this.#encodeMs.percentiles(nowUs),
      frames,
      lateFrames,
      lateShare: frames === 0 ? 0 : lateFrames / frames,
    };
  }

  #second(nowUs: number): { frames: number; late: number } {
    const second = secondOf(nowUs);
    const newest = this.#seconds.at(-1);
    if (newest?.second === second) return newest;
    const fresh = { second, frames: 0, late: 0 };
    this.#seconds = [...this.#seconds.slice(1 - WINDOW_S), fresh];
    return fresh;
  }
}

function secondOf(nowUs: number): number {
  return Math.floor(nowUs / 1_000_000);
}
