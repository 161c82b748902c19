// A client that cannot take what it is sent gets less of it, as long as that lasts, by what its gateway says
// (StreamFeedback): smaller images first, which few people see, then fewer of them.
//
// T1. A step down when more than 5 frames were dropped within 2 s; then they are counted anew. A step up after 3 s without.
// T2. A quality that the client named stays, and the frames thin out at once; raw frames are left alone.
// T3. The world is stepped at its full rate all the while. A frame that is left out costs no encoding, and nothing counts it.
//
// `wait_ms` is not weighed: a frame that waited and was sent in the end was sent in time for the next one.
import { Codec, type FrameFormat } from '@meridian/protocol';

interface Step {
  /** Undefined: as asked. */
  readonly quality?: number;
  /** Every such frame is sent. */
  readonly every: number;
}

const FULL: readonly Step[] = [{ every: 1 }];
const THINNED: readonly Step[] = [{ every: 2 }, { every: 4 }];
const STEPS: readonly Step[] = [
  ...FULL,
  { quality: 60, every: 1 },
  { quality: 40, every: 1 },
  ...THINNED.map((step) => ({ ...step, quality: 40 })),
];
const STEPS_AS_ASKED: readonly Step[] = [...FULL, ...THINNED];
const DROPS_MAX = 5;
const WINDOW_US = 2_000_000;
const CALM_US = 3_000_000;
/** A gateway says it at most every 250 ms. */
const RISES_MAX = 16;

interface Rise {
  readonly atUs: number;
  readonly frames: number;
}

/** Of one stream. */
export class Throttle {
  #step = 0;
  #dropped = 0;
  #rises: readonly Rise[] = [];
  #calmSinceUs = 0;

  /** Less than asked is sent. */
  get slowed(): boolean {
    return this.#step > 0;
  }

  /** @param dropped frames since the stream was opened; fewer than before is a new beginning. */
  dropped(dropped: number, asked: FrameFormat | undefined, nowUs: number): void {
    const frames = dropped - this.#dropped;
    this.#dropped = dropped;
    if (frames <= 0) return;
    this.#calmSinceUs = nowUs;
    const recent = this.#rises.filter(({ atUs }) => nowUs - atUs < WINDOW_US).slice(1 - RISES_MAX);
    this.#rises = [...recent, { atUs: nowUs, frames }];
    if (this.#rises.reduce((sum, rise) => sum + rise.frames, 0) <= DROPS_MAX) return;
    this.#rises = [];
    this.#go(this.#step + 1, asked);
  }

  /** Whether the frame is to be sent. */
  sends(number: number, asked: FrameFormat | undefined, nowUs: number): boolean {
    // It may have been asked for since, and have fewer steps.
    this.#go(this.#step, asked);
    if (this.#step > 0 && nowUs - this.#calmSinceUs >= CALM_US) {
      this.#calmSinceUs = nowUs;
      this.#go(this.#step - 1, asked);
    }
    return number % (stepsFor(asked)[this.#step]?.every ?? 1) === 0;
  }

  format(asked: FrameFormat | undefined): FrameFormat | undefined {
    const quality = stepsFor(asked)[this.#step]?.quality;
    if (quality === undefined) return asked;
    return { codec: Codec.UNSPECIFIED, width: 0, height: 0, ...asked, quality };
  }

  #go(step: number, asked: FrameFormat | undefined): void {
    this.#step = Math.min(step, stepsFor(asked).length - 1);
  }
}

function stepsFor(asked: FrameFormat | undefined): readonly Step[] {
  if (asked?.codec === Codec.RAW_RGB) return FULL;
  return asked?.quality ? STEPS_AS_ASKED : STEPS;
}
