// A gateway forgets removals when it stops, so that each stream is told all of them first.
import { PlayRequest } from '@meridian/protocol';

export class RemovalSender {
  readonly #write: (bytes: Uint8Array) => boolean;
  readonly #removed = new Set<number>();

  /** `write`: false when the stream cannot take a message now. */
  constructor(write: (bytes: Uint8Array) => boolean) {
    this.#write = write;
  }

  remove(device: number): void {
    this.#removed.add(device);
    this.#tell(device);
  }

  streamOpened(): void {
    for (const device of this.#removed) this.#tell(device);
  }

  #tell(device: number): void {
    const message = PlayRequest.fromPartial({ message: { $case: 'removeDevice', value: { device } } });
    this.#write(PlayRequest.encode(message).finish());
  }
}
