import type { WorkerStream } from '@meridian/worker-client';
import type { GatewayMetrics } from '../metrics.ts';
import type { Upward } from './requests.ts';

/** Only the owner may ask for a format, so there is one of it; actions are kept by device, which is 0 or more. */
const FORMAT = -1;
/** The owner's, its format, and those of as many devices as a worker remembers. */
const NEWEST_MAX = 10;

/** What a session's clients ask for, on its way to whichever worker serves the session now. */
export class Uplink {
  readonly #metrics: GatewayMetrics;
  /** The newest action of each device, and the newest format, in the order in which they came. */
  readonly #newest = new Map<number, Buffer>();
  #worker: WorkerStream | undefined;
  #firstStampUs = Number.POSITIVE_INFINITY;
  #newestStampUs = 0;

  constructor(metrics: GatewayMetrics) {
    this.#metrics = metrics;
  }

  /** Resolves when the worker's connection can take more. */
  send(kind: Upward, device: number, request: Buffer, receivedUs: number): Promise<void> | undefined {
    this.#remember(kind === 'format' ? FORMAT : device, request);
    if (kind === 'action') {
      this.#metrics.actions.inc();
      this.#firstStampUs = Math.min(this.#firstStampUs, receivedUs);
      this.#newestStampUs = receivedUs;
    }
    return this.#worker?.write(request);
  }

  /** An action was stamped here with this time. */
  readonly isOurs = (stampUs: number): boolean =>
    stampUs >= this.#firstStampUs && stampUs <= this.#newestStampUs;

  /**
   * An action and a format hold until the next one, so a worker that takes over is told the newest of each, in the
   * order in which they came: its checkpoint may be older than they are. What it knows already it knows by its number.
   */
  attach(worker: WorkerStream): void {
    this.#worker = worker;
    for (const request of this.#newest.values()) void worker.write(request);
  }

  /** Between workers only the newest of each is kept. */
  detach(worker: WorkerStream): void {
    if (this.#worker === worker) this.#worker = undefined;
  }

  /**
   * The owner is back on another stream: what its devices asked for before, or meanwhile, holds there too. A worker that
   * has seen it knows so by its number.
   */
  adopt(before: Uplink): void {
    const own = [...this.#newest];
    this.#newest.clear();
    for (const [device, request] of before.#newest) {
      if (device <= 0) continue;
      this.#remember(device, request);
      void this.#worker?.write(request);
    }
    for (const [key, request] of own) this.#remember(key, request);
  }

  #remember(key: number, request: Buffer): void {
    this.#newest.delete(key);
    this.#newest.set(key, request);
    if (this.#newest.size <= NEWEST_MAX) return;
    for (const silent of this.#newest.keys()) {
      if (silent <= 0) continue;
      this.#newest.delete(silent);
      return;
    }
  }
}
