// Splits a connection's bytes into frames, wherever the chunks begin and end. The payload of DATA is handed on in the
// pieces it came in and never gathered; any other frame is gathered whole, and is at most as long as we allowed.
import { ConnectionError, ErrorCode } from './errors.ts';
import { FRAME_HEAD_BYTES, Flag, FrameType } from './frames.ts';

export interface FrameSink {
  /** A DATA frame begins; `length` counts its padding too. */
  onDataBegin(streamId: number, length: number, endsStream: boolean): void;
  /** Bytes `start` to `end` of the chunk are of the DATA frame that began last. */
  onDataBytes(chunk: Buffer, start: number, end: number): void;
  onDataEnd(): void;
  /** Any other frame. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
}

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #payloadBytesMax: number;
  readonly #head = Buffer.alloc(FRAME_HEAD_BYTES);
  #headFilled = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Bytes of the payload still to come, padding included. */
  #left = 0;
  /** Of those, padding; undefined while the byte that says how much is still to come. */
  #padding: number | undefined = 0;
  #payload = NOTHING;
  #payloadFilled = 0;

  constructor(sink: FrameSink, payloadBytesMax: number) {
    this.#sink = sink;
    this.#payloadBytesMax = payloadBytesMax;
  }

  /** Throws `ConnectionError`; nothing may be pushed any more then. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length)
      at = this.#headFilled < FRAME_HEAD_BYTES ? this.#readHead(chunk, at) : this.#readPayload(chunk, at);
  }

  #readHead(chunk: Buffer, at: number): number {
    if (this.#headFilled === 0 && chunk.length - at >= FRAME_HEAD_BYTES) {
      this.#headFilled = FRAME_HEAD_BYTES;
      this.#begin(chunk, at);
      return at + FRAME_HEAD_BYTES;
    }
    const copied = chunk.copy(this.#head, this.#headFilled, at);
    this.#headFilled += copied;
    if (this.#headFilled === FRAME_HEAD_BYTES) this.#begin(this.#head, 0);
    return at + copied;
  }

  #begin(head: Buffer, at: number): void {
    this.#left = (byteOf(head, at) << 16) | (byteOf(head, at + 1) << 8) | byteOf(head, at + 2);
    this.#type = head[at + 3] ?? 0;
    this.#flags = head[at + 4] ?? 0;
    this.#streamId =
      ((byteOf(head, at + 5) & 0x7f) << 24) |
      (byteOf(head, at + 6) << 16) |
      (byteOf(head, at + 7) << 8) |
      byteOf(head, at + 8);
    if (this.#left > this.#payloadBytesMax) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `a frame of ${String(this.#left)} bytes`);
    }
    if (this.#type === FrameType.DATA) this.#beginData();
    else this.#payload = Buffer.allocUnsafe(this.#left);
    this.#payloadFilled = 0;
    if (this.#left === 0) this.#end();
  }

  #beginData(): void {
    const isPadded = (this.#flags & Flag.PADDED) !== 0;
    if (isPadded && this.#left === 0)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'no room for padding');
    this.#padding = isPadded ? undefined : 0;
    this.#sink.onDataBegin(this.#streamId, this.#left, (this.#flags & Flag.END_STREAM) !== 0);
  }

  #readPayload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    if (this.#type === FrameType.DATA) this.#readData(chunk, at, end);
    else {
      this.#payloadFilled += chunk.copy(this.#payload, this.#payloadFilled, at, end);
      this.#left -= end - at;
    }
    if (this.#left === 0) this.#end();
    return end;
  }

  #readData(chunk: Buffer, from: number, end: number): void {
    let at = from;
    if (this.#padding === undefined) {
      this.#padding = chunk[at] ?? 0;
      at += 1;
      this.#left -= 1;
      if (this.#padding > this.#left)
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'more padding than payload');
    }
    const dataEnd = Math.min(end, at + this.#left - this.#padding);
    if (dataEnd > at) this.#sink.onDataBytes(chunk, at, dataEnd);
    this.#left -= end - at;
  }

  #end(): void {
    this.#headFilled = 0;
    if (this.#type === FrameType.DATA) return this.#sink.onDataEnd();
    const payload = this.#payload;
    this.#payload = NOTHING;
    this.#sink.onFrame(this.#type, this.#flags, this.#streamId, payload);
  }
}

const byteOf = (bytes: Buffer, at: number): number => bytes[at] ?? 0;

const NOTHING = Buffer.alloc(0);
