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
      activeMs: this.activeMs(nowUs),
      frames: this.#frames,
      lateFrames: this.#lateFrames,
    };
  }

  activeMs(nowUs: number): number {
    return Math.floor(this.#totalUs(nowUs) / 1_000);
  }

  /** When the active time comes to this if nothing changes: Infinity while it stands still below it. */
  reachesUs(activeMs: number): number {
    const leftUs = activeMs * 1_000 - this.#activeUs;
    if (leftUs <= 0) return 0;
    return this.#runningSinceUs === undefined ? Infinity : this.#runningSinceUs + leftUs;
  }

  #totalUs(nowUs: number): number {
    return this.#activeUs + (this.#runningSinceUs === undefined ? 0 : nowUs - this.#runningSinceUs);
  }
}
