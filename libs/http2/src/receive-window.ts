/** What a peer may still send, of one stream or on a connection, and what it is to be told that we have read. */
export class ReceiveWindow {
  readonly #bytes: number;
  #left: number;
  #uncredited = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#left = bytes;
  }

  /** False when the peer sends more than it may. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    this.#uncredited += bytes;
    return this.#left >= 0;
  }

  /** Bytes to credit the peer with; 0 until half the window is used, so that few frames say so. */
  credit(): number {
    if (this.#uncredited < this.#bytes / 2) return 0;
    const credited = this.#uncredited;
    this.#left += credited;
    this.#uncredited = 0;
    return credited;
  }
}
