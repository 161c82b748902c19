// Memory for messages, used again: a new buffer for every frame has the collector take more time than the relaying does.
// It is shared by the streams that are given it, so that the frames of a hundred streams pass through the same few
// buffers: those are in the processor's cache, and a stream at rest keeps none. Whoever gives a buffer back has no use
// for it any more: an envelope does so once nobody holds it, and forgets it then.

/** Sizes are rounded up to these; buffers of one size serve one another. */
const STEP_BYTES = 8 * 1024;
/** Larger ones are rare, and not kept. */
const KEPT_BYTES_MAX = 256 * 1024;
/** Kept for later, all together. */
const SPARE_BYTES_MAX = 4 * 1024 * 1024;

export class MessageMemory {
  /** By size, in steps. The last one given back is the warmest. */
  readonly #spare: Buffer[][] = Array.from({ length: KEPT_BYTES_MAX / STEP_BYTES + 1 }, () => []);
  #spareBytes = 0;

  take(bytes: number): Buffer {
    const steps = Math.ceil(bytes / STEP_BYTES);
    const spare = this.#spare[steps]?.pop();
    if (!spare) return Buffer.allocUnsafeSlow(steps * STEP_BYTES);
    this.#spareBytes -= spare.length;
    return spare;
  }

  /** Nobody may read the buffer any more. */
  giveBack(buffer: Buffer): void {
    const spare = this.#spare[buffer.length / STEP_BYTES];
    if (!spare || this.#spareBytes + buffer.length > SPARE_BYTES_MAX) return;
    spare.push(buffer);
    this.#spareBytes += buffer.length;
  }
}
