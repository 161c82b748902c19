import { Codec, type FrameFormat } from '@meridian/protocol';
import type { Break } from './breaks.ts';

const STEPS = [
  { quality: 0, every: 1 },
  { quality: 60, every: 1 },
  { quality: 40, every: 1 },
  { quality: 40, every: 2 },
  { quality: 40, every: 4 },
] as const;
/** The first step that thins frames out. */
const THIN = 3;
const DROPS_MAX = 5;
const WINDOW_MS = 2_000;
const CALM_MS = 3_000;

/** Sends less to a client that does not keep up, and more again when it does. */
export class StubThrottle {
  readonly #broken: Break | undefined;
  #step = 0;
  #dropped = 0;
  #rises: { atMs: number; by: number }[] = [];
  #calmSinceMs = 0;

  constructor(broken: Break | undefined) {
    this.#broken = broken;
  }

  feedback(dropped: number, asked: FrameFormat | undefined): void {
    const nowMs = performance.now();
    const by = dropped - this.#dropped;
    this.#dropped = dropped;
    if (by <= 0 || this.#broken === 'ignores-feedback') return;
    this.#calmSinceMs = nowMs;
    this.#rises = [...this.#rises.filter(({ atMs }) => nowMs - atMs < WINDOW_MS), { atMs: nowMs, by }];
    if (this.#rises.reduce((sum, rise) => sum + rise.by, 0) <= DROPS_MAX) return;
    this.#rises = [];
    const next = this.#isNamed(asked) ? Math.max(THIN, this.#step + 1) : this.#step + 1;
    this.#step = Math.min(next, STEPS.length - 1);
  }

  /** Whether this frame is for sending. */
  sends(number: number, asked: FrameFormat | undefined): boolean {
    const nowMs = performance.now();
    if (this.#step > 0 && nowMs - this.#calmSinceMs > CALM_MS && this.#broken !== 'stays-slow') {
      this.#calmSinceMs = nowMs;
      this.#step = this.#isNamed(asked) && this.#step <= THIN ? 0 : this.#step - 1;
    }
    return asked?.codec === Codec.RAW_RGB || number % (STEPS[this.#step]?.every ?? 1) === 0;
  }

  format(asked: FrameFormat | undefined): FrameFormat | undefined {
    const quality = STEPS[this.#step]?.quality ?? 0;
    if (quality === 0 || this.#isNamed(asked)) return asked;
    return { codec: Codec.UNSPECIFIED, width: 0, height: 0, ...asked, quality };
  }

  #isNamed(asked: FrameFormat | undefined): boolean {
    return Boolean(asked?.quality) && this.#broken !== 'lowers-asked-quality';
  }
}
