import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConnectionError, ErrorCode } from './errors.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { FRAME_BYTES_DEFAULT, Flag, FrameType, frame } from './frames.ts';

/** Writes down what it hears, the pieces of a DATA frame joined. */
class Heard implements FrameSink {
  readonly frames: string[] = [];
  #data: Buffer[] = [];
  #head = '';

  onDataBegin(streamId: number, length: number, endsStream: boolean): void {
    this.#head = `DATA ${String(streamId)} ${String(length)} ${String(endsStream)}`;
    this.#data = [];
  }

  onDataBytes(chunk: Buffer, start: number, end: number): void {
    this.#data.push(Buffer.from(chunk.subarray(start, end)));
  }

  onDataEnd(): void {
    this.frames.push(`${this.#head} ${Buffer.concat(this.#data).toString('hex')}`);
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    this.frames.push(`${String(type)} ${String(flags)} ${String(streamId)} ${payload.toString('hex')}`);
  }
}

const payload = fc.uint8Array({ maxLength: 60 });
const id = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const data = fc
  .tuple(id, payload, fc.option(fc.nat(20), { nil: undefined }), fc.boolean())
  .map(([streamId, bytes, padding, isEnd]) => {
    const end = isEnd ? Flag.END_STREAM : 0;
    const padded =
      padding === undefined ? bytes : Buffer.concat([Buffer.from([padding]), bytes, Buffer.alloc(padding)]);
    return {
      bytes: frame(FrameType.DATA, end | (padding === undefined ? 0 : Flag.PADDED), streamId, padded),
      heard: `DATA ${String(streamId)} ${String(padded.length)} ${String(isEnd)} ${Buffer.from(bytes).toString('hex')}`,
    };
  });
const other = fc
  .tuple(fc.integer({ min: 1, max: 255 }), fc.integer({ min: 0, max: 255 }), id, payload)
  .map(([type, flags, streamId, bytes]) => ({
    bytes: frame(type, flags, streamId, bytes),
    heard: `${String(type)} ${String(flags)} ${String(streamId)} ${Buffer.from(bytes).toString('hex')}`,
  }));

describe('FrameReader', () => {
  it('finds the same frames wherever the chunks are cut, in memory that is used again', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.oneof(data, other), { maxLength: 8 }), cuts, (frames, sizes) => {
        const heard = new Heard();
        const reader = new FrameReader(heard, FRAME_BYTES_DEFAULT);
        const bytes = Buffer.concat(frames.map((each) => each.bytes));
        const memory = Buffer.alloc(30);
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at);
          bytes.copy(memory, 0, at, at + size);
          reader.push(memory.subarray(0, size));
          memory.fill(0xee);
          at += size;
        }
        expect(heard.frames).toEqual(frames.map((each) => each.heard));
      }),
    );
  });

  it('refuses a frame that is too long by its head, and padding that is longer than its frame', () => {
    const push = (bytes: Buffer) => () => new FrameReader(new Heard(), FRAME_BYTES_DEFAULT).push(bytes);
    const tooLong = Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 1]);
    expect(push(tooLong)).toThrow(expect.objectContaining({ code: ErrorCode.FRAME_SIZE_ERROR }));
    expect(push(frame(FrameType.DATA, Flag.PADDED, 1, Buffer.from([2, 0])))).toThrow(
      expect.objectContaining({ code: ErrorCode.PROTOCOL_ERROR }),
    );
    expect(push(frame(FrameType.DATA, Flag.PADDED, 1))).toThrow(ConnectionError);
  });
});
