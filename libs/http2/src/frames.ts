// RFC 9113, sections 4 and 6: how frames look, and those that are short enough to be made at once.
import type { ErrorCode } from './errors.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const FRAME_HEAD_BYTES = 9;
/** What SETTINGS_MAX_FRAME_SIZE is when nothing is said, and the least that may be said. */
export const FRAME_BYTES_DEFAULT = 16_384;
export const FRAME_BYTES_MAX = 2 ** 24 - 1;
export const WINDOW_BYTES_DEFAULT = 65_535;
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;
export const STREAM_ID_MAX = 2 ** 31 - 1;

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

export const Flag = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

export function writeFrameHead(
  to: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  to[at] = length >>> 16;
  to[at + 1] = length >>> 8;
  to[at + 2] = length;
  to[at + 3] = type;
  to[at + 4] = flags;
  to[at + 5] = streamId >>> 24;
  to[at + 6] = streamId >>> 16;
  to[at + 7] = streamId >>> 8;
  to[at + 8] = streamId;
}

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = NOTHING): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
  writeFrameHead(bytes, 0, payload.length, type, flags, streamId);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

export const rstStream = (streamId: number, code: ErrorCode): Buffer =>
  frame(FrameType.RST_STREAM, 0, streamId, uint32(code));

export const windowUpdate = (streamId: number, bytes: number): Buffer =>
  frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32(bytes));

export const goAway = (lastStreamId: number, code: ErrorCode, why = ''): Buffer =>
  frame(FrameType.GOAWAY, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code), Buffer.from(why)]));

/** HEADERS, and CONTINUATION for what a frame has no room for. */
export function headersFrames(
  streamId: number,
  block: Buffer,
  frameBytesMax: number,
  isEnd: boolean,
): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  do {
    const part = block.subarray(at, at + frameBytesMax);
    at += part.length;
    const type = parts.length === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
    const endsStream = parts.length === 0 && isEnd ? Flag.END_STREAM : 0;
    parts.push(frame(type, endsStream | (at === block.length ? Flag.END_HEADERS : 0), streamId, part));
  } while (at < block.length);
  return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const NOTHING = Buffer.alloc(0);
