// M1. Counters are cumulative for one session and epoch, and only rise; so does the number of each reading.

export interface Reading {
  readonly seq: number;
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
}

/** What a session has used since this worker took it at its epoch. It runs while a client watches steps. */
export class Meter {
  #seq = 0;
  #activeUs = 0;
  #runningSinceUs: number | undefined;
  #frames = 0;
  #lateFrames = 0;

  run(nowUs: number): void {
    this.#runningSinceUs ??= nowUs;
  }

  pause(nowUs: number): void {
    this.#activeUs = this.#totalUs(nowUs);
    this.#runningSinceUs = undefined;
  }

  frameSent(late: boolean): void {
    this.#frames += 1;
    if (late) this.#lateFrames += 1;
  }

  read(nowUs: number): Reading {
    this.#seq += 1;
    return {
      seq: this.#seq,
      activeMs: Math.floor(this.#totalUs(nowUs) / 1_000),
      frames: this.#frames,
      lateFrames: this.#lateFrames,
    };
  }

  #totalUs(nowUs: number): number {
    return this.#activeUs + (this.#runningSinceUs === undefined ? 0 : nowUs - this.#runningSinceUs);
  }
}
