// The payloads of the short frames (RFC 9113, section 6). All throw `ConnectionError` for what must not be.
import { ConnectionError, ErrorCode, nameOfCode } from './errors.ts';

const LOW_31_BITS = 0x7fff_ffff;

/** The bytes that a WINDOW_UPDATE adds; 0 is an error of whatever it was for. */
export function readWindowUpdate(payload: Buffer): number {
  checkLength(payload, 4, 'WINDOW_UPDATE');
  return payload.readUInt32BE() & LOW_31_BITS;
}

/** Why a stream was reset, in a word. */
export function readReset(payload: Buffer): string {
  checkLength(payload, 4, 'RST_STREAM');
  return nameOfCode(payload.readUInt32BE());
}

export function checkPing(streamId: number, payload: Buffer): void {
  checkConnection(streamId, 'PING');
  checkLength(payload, 8, 'PING');
}

export interface GoAway {
  /** Streams above it were not looked at. */
  readonly lastStreamId: number;
  readonly why: string;
}

export function readGoAway(streamId: number, payload: Buffer): GoAway {
  checkConnection(streamId, 'GOAWAY');
  if (payload.length < 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'GOAWAY that was cut');
  return { lastStreamId: payload.readUInt32BE() & LOW_31_BITS, why: nameOfCode(payload.readUInt32BE(4)) };
}

/** What is wrong with a PRIORITY, which says nothing to us otherwise. */
export function priorityError(streamId: number, payload: Buffer): ErrorCode | undefined {
  checkStream(streamId, 'PRIORITY');
  if (payload.length !== 5) return ErrorCode.FRAME_SIZE_ERROR;
  return (payload.readUInt32BE() & LOW_31_BITS) === streamId ? ErrorCode.PROTOCOL_ERROR : undefined;
}

/** SETTINGS; true for the peer's ACK of ours. */
export function isSettingsAck(isAck: boolean, streamId: number, payload: Buffer): boolean {
  checkConnection(streamId, 'SETTINGS');
  if (isAck && payload.length > 0) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'an ACK with settings');
  }
  return isAck;
}

export function checkStream(streamId: number, what: string): void {
  if (streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `${what} on stream 0`);
}

function checkConnection(streamId: number, what: string): void {
  if (streamId !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `${what} on a stream`);
}

function checkLength(payload: Buffer, bytes: number, what: string): void {
  if (payload.length === bytes) return;
  throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `${what} of ${String(payload.length)} bytes`);
}
