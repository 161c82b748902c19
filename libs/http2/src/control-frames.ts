// Frames that say something of the connection, or of a stream's window and end, and carry no message.
import { Cost } from './budget.ts';
import { ConnectionError, ErrorCode, StreamError } from './errors.ts';
import type { Faults } from './faults.ts';
import { Flag, FrameType, WINDOW_BYTES_MAX, frame } from './frames.ts';
import type { Output } from './output.ts';
import {
  checkPing,
  isSettingsAck,
  priorityError,
  readGoAway,
  readReset,
  readWindowUpdate,
} from './read-frames.ts';
import { readSettings, type PeerSettings } from './settings.ts';
import type { StreamTable } from './stream-table.ts';
import type { Http2Stream } from './stream.ts';

/** What these frames change. */
export interface ControlHost {
  readonly output: Output;
  readonly streams: StreamTable;
  peer: PeerSettings;
  /** Bytes that the peer lets us send on all streams together. */
  sendWindow: number;
  readonly isGoingAway: boolean;
  /** The peer opens, or takes, no more streams here. */
  onGoAway(): void;
  /** The answer to a ping; false when there was none. */
  onPong(): boolean;
}

export class ControlFrames {
  readonly #host: ControlHost & { readonly isServer: boolean };
  readonly #faults: Faults;
  /** The peer's SETTINGS have come. */
  hasSettings = false;

  constructor(host: ControlHost & { readonly isServer: boolean }, faults: Faults) {
    this.#host = host;
    this.#faults = faults;
  }

  take(type: number, flags: number, streamId: number, payload: Buffer): void {
    switch (type) {
      case FrameType.WINDOW_UPDATE:
        return this.#takeWindowUpdate(streamId, readWindowUpdate(payload));
      case FrameType.SETTINGS:
        return this.#takeSettings(flags, streamId, payload);
      case FrameType.RST_STREAM:
        return this.#takeReset(streamId, payload);
      case FrameType.PING:
        return this.#takePing(flags, streamId, payload);
      case FrameType.GOAWAY:
        return this.#takeGoAway(streamId, payload);
      case FrameType.PRIORITY:
        return this.#takePriority(streamId, payload);
      case FrameType.PUSH_PROMISE:
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE');
      default:
        // Extensions that we do not know (RFC 9113, 5.5).
        return this.#faults.spend(Cost.noise);
    }
  }

  #takeSettings(flags: number, streamId: number, payload: Buffer): void {
    if (isSettingsAck((flags & Flag.ACK) !== 0, streamId, payload)) return this.#faults.spend(Cost.noise);
    const before = this.#host.peer;
    this.#host.peer = readSettings(payload, before);
    this.hasSettings = true;
    this.#host.output.control(frame(FrameType.SETTINGS, Flag.ACK, 0));
    this.#faults.spend(Cost.settings);
    this.#growStreams(this.#host.peer.initialWindowBytes - before.initialWindowBytes);
  }

  #growStreams(bytes: number): void {
    for (const stream of this.#host.streams.all()) {
      try {
        stream.grow(bytes, WINDOW_BYTES_MAX);
      } catch (error) {
        // A change of the initial window that is too large concerns all streams at once.
        throw error instanceof StreamError ? new ConnectionError(error.code, error.message) : error;
      }
    }
  }

  #takeWindowUpdate(streamId: number, bytes: number): void {
    if (streamId === 0) return this.#growConnection(bytes);
    const stream = this.#faults.streamOf(streamId, FrameType.WINDOW_UPDATE);
    if (stream) this.#growStream(stream, bytes);
  }

  #growConnection(bytes: number): void {
    const host = this.#host;
    if (bytes === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of nothing');
    const wasOpen = host.sendWindow > 0;
    host.sendWindow += bytes;
    if (host.sendWindow > WINDOW_BYTES_MAX)
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window above 2^31 - 1');
    if (wasOpen) return;
    for (const stream of host.streams.all()) if (stream.canSend) host.output.ready(stream);
  }

  #growStream(stream: Http2Stream, bytes: number): void {
    try {
      if (bytes === 0) throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of nothing');
      stream.grow(bytes, WINDOW_BYTES_MAX);
    } catch (thrown) {
      this.#faults.ofStream(thrown, stream);
    }
  }

  #takeReset(streamId: number, payload: Buffer): void {
    const why = readReset(payload);
    const stream = this.#faults.streamOf(streamId, FrameType.RST_STREAM);
    this.#faults.spend(Cost.reset);
    stream?.close(new Error(`the peer reset the stream with ${why}`), true);
  }

  #takePing(flags: number, streamId: number, payload: Buffer): void {
    checkPing(streamId, payload);
    const isAnswer = (flags & Flag.ACK) !== 0;
    if (isAnswer && this.#host.onPong()) return;
    this.#faults.spend(Cost.ping);
    if (!isAnswer) this.#host.output.control(frame(FrameType.PING, Flag.ACK, 0, payload));
  }

  #takeGoAway(streamId: number, payload: Buffer): void {
    const { lastStreamId, why } = readGoAway(streamId, payload);
    this.#host.onGoAway();
    if (this.#host.isServer) return;
    const error = new Error(`the peer goes away with ${why}`);
    for (const stream of this.#host.streams.all()) if (stream.id > lastStreamId) stream.close(error, true);
  }

  #takePriority(streamId: number, payload: Buffer): void {
    this.#faults.spend(Cost.noise);
    const code = priorityError(streamId, payload);
    if (code === undefined) return;
    this.#faults.reset(new StreamError(code, 'a wrong PRIORITY'), streamId, this.#host.streams.get(streamId));
  }
}
