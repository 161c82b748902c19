// One stream of a connection. Bytes come in as views on the connection's memory, and go out as whole messages that are
// copied once, when the kernel takes them.
import { ErrorCode, StreamError } from './errors.ts';
import {
  FRAME_HEAD_BYTES,
  Flag,
  FrameType,
  frame,
  headersFrames,
  rstStream,
  windowUpdate,
  writeFrameHead,
} from './frames.ts';
import type { Headers } from './header-rules.ts';
import type { HeaderField } from './hpack/header-field.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { Flushed, Output, Sender } from './output.ts';

/** Who reads a stream. */
export interface StreamConsumer {
  /** Bytes `start` to `end` of the chunk, which may be read during the call only. */
  onData(chunk: Buffer, start: number, end: number): void;
  /** An answer's headers, or trailers. */
  onHeaders?(headers: Headers): void;
  /** The peer has no more to say. */
  onEnd?(): void;
  /** The stream is over: once, and last. Without an error both sides have said all. */
  onClose(error?: Error): void;
}

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly output: Output;
  /** Bytes that the peer lets us send on all streams together. */
  sendWindow: number;
  readonly peerFrameBytesMax: number;
  readonly receiveWindowBytes: number;
  readonly isServer: boolean;
  encode(fields: readonly HeaderField[]): Buffer;
  /** The stream is closed; `isCut`: while the peer was still sending. */
  forget(streamId: number, isCut: boolean): void;
}

interface Outgoing {
  readonly bytes: Buffer;
  readonly flushed: Flushed;
  sent: number;
}

/** A frame with less than this is not worth its head while a message goes on in the next part. */
const PIECE_BYTES_MIN = 1_024;

export class Http2Stream implements Sender {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #outgoing: Outgoing[] = [];
  #last: Buffer | undefined;
  #sendWindow: number;
  readonly #receiveWindow: ReceiveWindow;
  /** Bytes still to come, where the peer has said how many. */
  #declaredLeft: number | undefined;
  #isPaused = true;
  #consumer: StreamConsumer | undefined;
  #early: Buffer[] = [];
  #isRemoteDone = false;
  #isEnding = false;
  #isLocalDone = false;
  #isClosed = false;
  #closeError: Error | undefined;

  constructor(id: number, host: StreamHost, sendWindow: number) {
    this.id = id;
    this.#host = host;
    this.#sendWindow = sendWindow;
    this.#receiveWindow = new ReceiveWindow(host.receiveWindowBytes);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The peer has said all. */
  get isRemoteDone(): boolean {
    return this.#isRemoteDone;
  }

  /** The stream is open, and all that was written is with the kernel: another message would not wait in this process. */
  get isIdle(): boolean {
    return !this.#isClosed && this.#outgoing.length === 0 && this.#host.output.isDrained;
  }

  /** From now on the stream is read; what came before is handed over at once. */
  consume(consumer: StreamConsumer): void {
    this.#consumer = consumer;
    for (const chunk of this.#early) consumer.onData(chunk, 0, chunk.length);
    this.#early = [];
    this.resume();
    if (this.#isRemoteDone) consumer.onEnd?.();
    if (this.#isClosed) consumer.onClose(this.#closeError);
  }

  /** What the peer may still send, a window at most, goes on to come. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#credit();
  }

  /** Headers of an answer; `isEnd` makes it one without a body. */
  respond(fields: readonly HeaderField[], isEnd = false): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#sendHeaders(fields, isEnd);
    if (isEnd) this.#endLocal();
  }

  /** Of a client: the request itself. */
  request(fields: readonly HeaderField[]): void {
    this.#sendHeaders(fields, false);
  }

  /** The bytes must stay as they are until `flushed`: they have left this process, or with an error never will. */
  write(bytes: Buffer, flushed: Flushed = () => undefined): void {
    if (this.#isClosed || this.#isEnding) return flushed(new Error('the stream is closed'));
    if (bytes.length === 0) return flushed();
    this.#outgoing.push({ bytes, flushed, sent: 0 });
    if (this.canSend) this.#host.output.ready(this);
  }

  /** Ends our side after what was written, with trailers or without. */
  end(fields: readonly HeaderField[] = []): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#last =
      fields.length === 0
        ? frame(FrameType.DATA, Flag.END_STREAM, this.id)
        : headersFrames(this.id, this.#host.encode(fields), this.#host.peerFrameBytesMax, true);
    if (this.canSend) this.#host.output.ready(this);
  }

  reset(code: ErrorCode): void {
    if (this.#isClosed) return;
    this.#host.output.control(rstStream(this.id, code));
    this.close(code === ErrorCode.NO_ERROR ? undefined : new StreamError(code, 'the stream was reset here'));
  }

  // --- for the output

  get canSend(): boolean {
    const [first] = this.#outgoing;
    if (!first) return this.#last !== undefined;
    return this.#sendWindow > 0 && this.#host.sendWindow > 0;
  }

  fill(part: Buffer, from: number, flushed: Flushed[]): number {
    let at = from;
    for (let first = this.#outgoing[0]; first; first = this.#outgoing[0]) {
      const end = this.#fillFrom(first, part, at);
      if (end === at) return at;
      at = end;
      if (first.sent < first.bytes.length) continue;
      this.#outgoing.shift();
      flushed.push(first.flushed);
    }
    if (this.#last && at + this.#last.length <= part.length) {
      at += this.#last.copy(part, at);
      this.#last = undefined;
      flushed.push(this.#endLocal);
    }
    return at;
  }

  /** One DATA frame of a message. */
  #fillFrom(message: Outgoing, part: Buffer, at: number): number {
    const host = this.#host;
    const left = message.bytes.length - message.sent;
    const room = part.length - at - FRAME_HEAD_BYTES;
    if (room < Math.min(left, PIECE_BYTES_MIN)) return at;
    const size = Math.min(left, room, host.peerFrameBytesMax, this.#sendWindow, host.sendWindow);
    if (size <= 0) return at;
    writeFrameHead(part, at, size, FrameType.DATA, 0, this.id);
    message.bytes.copy(part, at + FRAME_HEAD_BYTES, message.sent, message.sent + size);
    message.sent += size;
    this.#sendWindow -= size;
    host.sendWindow -= size;
    return at + FRAME_HEAD_BYTES + size;
  }

  /** An answer that is whole while the request is not: nothing more of it is read (RFC 9113, 8.1). */
  readonly #endLocal = (error?: Error | null): void => {
    if (this.#isClosed || error) return;
    this.#isEnding = true;
    this.#isLocalDone = true;
    if (this.#isRemoteDone) return this.close();
    if (!this.#host.isServer) return;
    this.#host.output.control(rstStream(this.id, ErrorCode.NO_ERROR));
    this.close();
  };

  // --- for the connection

  /** A WINDOW_UPDATE, or a change of the initial window by SETTINGS. Throws `StreamError`. */
  grow(bytes: number, windowMax: number): void {
    this.#sendWindow += bytes;
    if (this.#sendWindow > windowMax)
      throw new StreamError(ErrorCode.FLOW_CONTROL_ERROR, 'a window above 2^31 - 1');
    if (this.canSend) this.#host.output.ready(this);
  }

  /** A DATA frame is to come. Throws `StreamError`. */
  expect(length: number): void {
    if (this.#isRemoteDone) throw new StreamError(ErrorCode.STREAM_CLOSED, 'DATA after the end');
    if (!this.#receiveWindow.take(length))
      throw new StreamError(ErrorCode.FLOW_CONTROL_ERROR, 'more DATA than allowed');
  }

  /** The peer's `content-length`. */
  declare(bytes: number): void {
    this.#declaredLeft = bytes;
  }

  receive(chunk: Buffer, start: number, end: number): void {
    if (this.#declaredLeft !== undefined) this.#declaredLeft -= end - start;
    if (this.#consumer) this.#consumer.onData(chunk, start, end);
    else this.#early.push(Buffer.from(chunk.subarray(start, end)));
  }

  /** The DATA frame is through. */
  received(): void {
    if (!this.#isPaused) this.#credit();
  }

  receiveHeaders(headers: Headers): void {
    this.#consumer?.onHeaders?.(headers);
  }

  /** Throws `StreamError` when it was not as long as the peer had said. */
  endRemote(): void {
    if (this.#isRemoteDone) return;
    if ((this.#declaredLeft ?? 0) !== 0)
      throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'not the length that was declared');
    this.#isRemoteDone = true;
    this.#consumer?.onEnd?.();
    if (this.#isLocalDone) this.close();
  }

  /** `byPeer`: nothing more is on its way here. */
  close(error?: Error, byPeer = false): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeError = error;
    this.#host.output.forget(this);
    this.#host.forget(this.id, !this.#isRemoteDone && !byPeer);
    for (const { flushed } of this.#outgoing.splice(0)) flushed(error ?? new Error('the stream is closed'));
    this.#consumer?.onClose(error);
  }

  #credit(): void {
    if (this.#isRemoteDone || this.#isClosed) return;
    const bytes = this.#receiveWindow.credit();
    if (bytes > 0) this.#host.output.control(windowUpdate(this.id, bytes));
  }

  #sendHeaders(fields: readonly HeaderField[], isEnd: boolean): void {
    this.#host.output.control(
      headersFrames(this.id, this.#host.encode(fields), this.#host.peerFrameBytesMax, isEnd),
    );
  }
}
