// Frames for `for await`. Each reader has a short buffer of its own; when it is full the oldest frame goes, so that
// a slow reader sees the newest world, late readers never hold up the stream, and memory stays bounded.
import type { Frame } from './frame.ts';

class Reader {
  readonly #frames: Frame[] = [];
  readonly #capacity: number;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
    if (this.#frames.length > this.#capacity) this.#frames.shift();
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The next frame, or undefined once closed and empty. */
  async next(): Promise<Frame | undefined> {
    while (this.#frames.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#frames.shift();
  }
}

export class FrameChannel {
  readonly #readers = new Set<Reader>();
  #closed = false;

  push(frame: Frame): void {
    for (const reader of this.#readers) reader.push(frame);
  }

  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.close();
  }

  /** Frames from now on, until the channel closes or `signal` fires. */
  read(capacity: number, signal?: AbortSignal): AsyncIterableIterator<Frame> {
    const reader = new Reader(capacity);
    const stop = (): void => reader.close();
    if (this.#closed || signal?.aborted) reader.close();
    else this.#readers.add(reader);
    signal?.addEventListener('abort', stop, { once: true });
    const leave = (): void => {
      this.#readers.delete(reader);
      reader.close();
      signal?.removeEventListener('abort', stop);
    };
    return iterate(reader, leave);
  }
}

function iterate(reader: Reader, leave: () => void): AsyncIterableIterator<Frame> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const value = await reader.next();
      if (value !== undefined) return { done: false, value };
      leave();
      return { done: true, value: undefined };
    },
    async return() {
      leave();
      return { done: true, value: undefined };
    },
  };
}
