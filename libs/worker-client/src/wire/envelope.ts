// One message of the data path as bytes. Room for the gRPC prefix in front and for the gateway's own timestamp behind
// is taken when the bytes are first gathered, so that neither costs a second copy of the image.

import type { MessageMemory } from './message-memory.ts';
import { FIXED64_BYTES, writeFixed64 } from './write-field.ts';

export const PREFIX_BYTES = 5;
/** The tag of `PlayResponse.gateway_sent_us`: field 15, eight bytes. */
const GATEWAY_SENT_US_TAG = (15 << 3) | 1;
const STAMP_BYTES = 1 + FIXED64_BYTES;

/** A whole message; `PREFIX_BYTES` before and `STAMP_BYTES` behind it belong to the envelope. */
export class Envelope {
  readonly #memory: MessageMemory | undefined;
  #buffer: Buffer;
  #end: number;
  #isStamped = false;
  /** How many still need the bytes. */
  #holders = 1;

  private constructor(buffer: Buffer, end: number, memory: MessageMemory | undefined) {
    this.#buffer = buffer;
    this.#end = end;
    this.#memory = memory;
  }

  /** An envelope whose `length` message bytes are still to be written, by `fill`. */
  static ofLength(length: number, memory?: MessageMemory): Envelope {
    const end = PREFIX_BYTES + length;
    const bytes = end + STAMP_BYTES;
    return new Envelope(memory?.take(bytes) ?? Buffer.allocUnsafe(bytes), end, memory);
  }

  static of(message: Uint8Array): Envelope {
    const envelope = Envelope.ofLength(message.length);
    envelope.message.set(message);
    return envelope;
  }

  /** Bytes of the message, the stamp included once it is there. */
  get length(): number {
    return this.#end - PREFIX_BYTES;
  }

  /** Copies bytes `start` to `end` of the chunk to byte `at` of the message; answers how many there was room for. */
  fill(at: number, chunk: Buffer, start: number, end: number): number {
    const room = this.length - at;
    return chunk.copy(this.#buffer, PREFIX_BYTES + at, start, Math.min(end, start + room));
  }

  /** The message's bytes: what a WebSocket carries. */
  get message(): Buffer {
    return this.#buffer.subarray(PREFIX_BYTES, this.#end);
  }

  /** The message behind its five-byte prefix (not compressed, length big-endian): what gRPC carries. */
  get framed(): Buffer {
    this.#buffer[0] = 0;
    this.#buffer.writeUInt32BE(this.#end - PREFIX_BYTES, 1);
    return this.#buffer.subarray(0, this.#end);
  }

  /**
   * Appends `gateway_sent_us` (microseconds since the Unix epoch) to a PlayResponse without decoding it: in protobuf,
   * a field that comes later wins. There is room for one, so that of several outlets the first one's time is told.
   */
  appendGatewaySentUs(sentUs: number): void {
    if (this.#isStamped) return;
    this.#isStamped = true;
    this.#buffer[this.#end] = GATEWAY_SENT_US_TAG;
    writeFixed64(this.#buffer, sentUs, this.#end + 1);
    this.#end += STAMP_BYTES;
  }

  /** One more needs the bytes, and will call `release` too. */
  hold(): void {
    this.#holders += 1;
  }

  /** The bytes are needed no more by the caller, or in any transport; once nobody needs them, the envelope is empty. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders !== 0) return;
    this.#memory?.giveBack(this.#buffer);
    this.#buffer = NOTHING;
    this.#end = PREFIX_BYTES;
  }
}

const NOTHING = Buffer.alloc(0);
