/**
 * Calls `onQuiet` when a worker has sent nothing for too long. It counts its own ticks and not the clock: a gateway
 * that was itself suspended for a while must not blame its workers for that.
 */
export class Watchdog {
  readonly #timer: NodeJS.Timeout;
  readonly #stallTicks: number;
  #ticksLeft: number;

  /** The first message may take `firstMs`, any later one `stallMs`. */
  constructor(limits: { readonly firstMs: number; readonly stallMs: number }, onQuiet: () => void) {
    const tickMs = limits.stallMs / TICKS;
    this.#stallTicks = TICKS;
    this.#ticksLeft = Math.max(TICKS, Math.ceil(limits.firstMs / tickMs));
    this.#timer = setInterval(() => {
      this.#ticksLeft -= 1;
      if (this.#ticksLeft > 0) return;
      this.stop();
      onQuiet();
    }, tickMs);
  }

  /** The worker said something. */
  heard(): void {
    this.#ticksLeft = this.#stallTicks;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const TICKS = 8;
