// Splits a byte stream into gRPC messages, wherever the chunks of the stream begin and end. At most one message is
// under way, and its memory is taken only after its length was found to be allowed.
import { status } from '@grpc/grpc-js';
import { Envelope, PREFIX_BYTES } from './envelope.ts';
import type { MessageMemory } from './message-memory.ts';
import { StatusError } from './status.ts';

export interface SplitterOptions {
  /** Where messages take their bytes from; release every envelope then. */
  readonly memory?: MessageMemory;
  /** Hears of a message above the limit, with its bytes; it is passed over then, and refused otherwise. */
  readonly onTooLarge?: (bytes: number) => void;
}

export class MessageSplitter {
  readonly #maxBytes: number;
  readonly #options: SplitterOptions;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixFilled = 0;
  #envelope: Envelope | undefined;
  #bodyFilled = 0;
  /** Bytes still to come of a message that is passed over. */
  #tooLargeLeft = 0;

  /** `maxBytes` is the largest message let through. */
  constructor(maxBytes: number, options: SplitterOptions = {}) {
    this.#maxBytes = maxBytes;
    this.#options = options;
  }

  /** Bytes of an unfinished message are here: a stream that ends now was cut. */
  get isPartial(): boolean {
    return this.#prefixFilled > 0 || this.#tooLargeLeft > 0;
  }

  /**
   * Hands on the messages that bytes `start` to `end` of the chunk complete, in order. Throws `StatusError`:
   * RESOURCE_EXHAUSTED for a message above `maxBytes` of which nobody is to hear, UNIMPLEMENTED for a compressed one,
   * INVALID_ARGUMENT for a first byte that is neither 0 nor 1.
   */
  push(chunk: Buffer, start: number, end: number, onMessage: (message: Envelope) => void): void {
    let at = start;
    while (at < end) {
      at += this.#step(chunk, at, end);
      const envelope = this.#envelope;
      if (envelope && this.#bodyFilled === envelope.length) onMessage(this.#take(envelope));
    }
  }

  /** How many bytes of the chunk were taken. */
  #step(chunk: Buffer, at: number, end: number): number {
    if (this.#tooLargeLeft > 0) return this.#passOver(at, end);
    if (!this.#envelope) return this.#fillPrefix(chunk, at, end);
    const copied = this.#envelope.fill(this.#bodyFilled, chunk, at, end);
    this.#bodyFilled += copied;
    return copied;
  }

  #fillPrefix(chunk: Buffer, at: number, end: number): number {
    if (this.#prefixFilled === 0 && end - at >= PREFIX_BYTES) {
      this.#prefixFilled = PREFIX_BYTES;
      this.#begin(announcedLength(chunk, at));
      return PREFIX_BYTES;
    }
    const wanted = at + PREFIX_BYTES - this.#prefixFilled;
    const copied = chunk.copy(this.#prefix, this.#prefixFilled, at, Math.min(end, wanted));
    this.#prefixFilled += copied;
    if (this.#prefixFilled === PREFIX_BYTES) this.#begin(announcedLength(this.#prefix, 0));
    return copied;
  }

  #begin(length: number): void {
    if (length > this.#maxBytes) return this.#refuse(length);
    this.#envelope = Envelope.ofLength(length, this.#options.memory);
    this.#bodyFilled = 0;
  }

  #refuse(length: number): void {
    const { onTooLarge } = this.#options;
    if (!onTooLarge) {
      const message = `A message of ${String(length)} bytes is above the limit of ${String(this.#maxBytes)}.`;
      throw new StatusError(status.RESOURCE_EXHAUSTED, message, 'message_too_large');
    }
    this.#prefixFilled = 0;
    this.#tooLargeLeft = length;
    onTooLarge(length);
  }

  #passOver(at: number, end: number): number {
    const passed = Math.min(this.#tooLargeLeft, end - at);
    this.#tooLargeLeft -= passed;
    return passed;
  }

  #take(envelope: Envelope): Envelope {
    this.#envelope = undefined;
    this.#prefixFilled = 0;
    return envelope;
  }
}

function announcedLength(prefix: Buffer, at: number): number {
  const compressed = prefix[at];
  if (compressed === 0) return prefix.readUInt32BE(at + 1);
  if (compressed === 1) throw new StatusError(status.UNIMPLEMENTED, 'Compressed messages are not taken.');
  throw new StatusError(status.INVALID_ARGUMENT, 'These bytes are not gRPC messages.', 'malformed_message');
}
