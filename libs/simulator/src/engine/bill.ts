import type { FleetBill } from '../contender.ts';
import type { ScenarioPool } from '../scenario.ts';
import type { Traffic } from '../traffic/traffic.ts';

/** Adds up what was paid for and what of it was used, within the time that is counted. */
export class Bill {
  readonly #window: Pick<Traffic, 'countFromMs' | 'endMs'>;
  #paidGpuMs = 0;
  #busyGpuMs = 0;
  #sessionMs = 0;
  #costGbp = 0;

  constructor(window: Pick<Traffic, 'countFromMs' | 'endMs'>) {
    this.#window = window;
  }

  /** One GPU, from when it was asked for until it was gone. */
  paid({ pricePerGpuHourGbp }: ScenarioPool, fromMs: number, toMs: number): void {
    const ms = this.#within(fromMs, toMs);
    this.#paidGpuMs += ms;
    this.#costGbp += (ms / 3_600_000) * pricePerGpuHourGbp;
  }

  /** One session on one slot. */
  used({ slotsPerGpu }: ScenarioPool, fromMs: number, toMs: number): void {
    const ms = this.#within(fromMs, toMs);
    this.#sessionMs += ms;
    this.#busyGpuMs += ms / slotsPerGpu;
  }

  sum(): FleetBill {
    return {
      paidGpuMs: this.#paidGpuMs,
      busyGpuMs: this.#busyGpuMs,
      sessionMs: this.#sessionMs,
      costGbp: this.#costGbp,
    };
  }

  #within(fromMs: number, toMs: number): number {
    const { countFromMs, endMs } = this.#window;
    return Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, countFromMs));
  }
}
