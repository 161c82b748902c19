// Memory for the messages of one stream, used again: a new buffer for every frame has the collector take more time than
// the relaying does. It belongs to one stream, so that bytes of one session can never turn up in another's.

/** Buffers kept for later; a frame on its way, one that waits, and one coming in. */
const SPARE_MAX = 4;
/** Sizes are rounded up to these, so that frames of about the same size share buffers. */
const STEP_BYTES = 8 * 1024;
/** Larger ones are rare, and not kept. */
const KEPT_BYTES_MAX = 256 * 1024;

export class MessageMemory {
  readonly #spare: Buffer[] = [];

  take(bytes: number): Buffer {
    const at = this.#spare.findIndex((buffer) => buffer.length >= bytes);
    const [spare] = at < 0 ? [] : this.#spare.splice(at, 1);
    return spare ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
  }

  /** Nobody may read the buffer any more. */
  giveBack(buffer: Buffer): void {
    if (this.#spare.length < SPARE_MAX && buffer.length <= KEPT_BYTES_MAX) this.#spare.push(buffer);
  }
}
