// The newest format is told to every stream of the session: a worker keeps it, but the stream before may have broken
// with it on the way, and asking for the same again changes nothing.
import { encodeFormat, type FrameFormat } from './frame-format.ts';

export class FormatSender {
  readonly #write: (bytes: Uint8Array) => boolean;
  #request: Uint8Array | undefined;
  #isTold = true;

  /** `write`: false when the stream cannot take a message now. */
  constructor(write: (bytes: Uint8Array) => boolean) {
    this.#write = write;
  }

  /** Throws MeridianError `invalid_format`. */
  ask(format: FrameFormat): void {
    this.#request = encodeFormat(format);
    this.#isTold = false;
    this.flush();
  }

  streamOpened(): void {
    this.#isTold = this.#request === undefined;
    this.flush();
  }

  /** Tells what could not be told yet; costs nothing when there is nothing. */
  flush(): void {
    if (!this.#isTold && this.#request) this.#isTold = this.#write(this.#request);
  }
}
