import type { Draw } from '@meridian/application';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Chance from a seed: mulberry32 (T. Ettinger, public domain). The same seed gives the same run. */
export class SeededDraw implements Draw {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed | 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Undefined when there is nothing to pick. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  token(bytes: number): string {
    const length = Math.ceil((bytes * 8) / 5);
    return Array.from({ length }, () => BASE32[this.below(32)]).join('');
  }
}
