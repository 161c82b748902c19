// One HTTP/2 connection (RFC 9113), either side of it, over any socket. What a peer can make us keep is bounded:
//   - open streams: `concurrentStreamsMax`; a header block: 2 x `headerListBytesMax`, in 16 frames
//   - DATA that nobody reads yet: a stream's window each, `connectionWindowBytes` for all
//   - answers that the peer does not take: 256 kB (output.ts), then the connection is cut
//   - frames that are dear to answer: a budget (budget.ts)
// A ConnectionError ends the connection with GOAWAY, a StreamError its stream with RST_STREAM; nothing is thrown past it.
import type { Duplex } from 'node:stream';
import { Budget, Cost } from './budget.ts';
import { ConnectionError, ErrorCode, StreamError } from './errors.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import {
  FRAME_BYTES_DEFAULT,
  Flag,
  FrameType,
  WINDOW_BYTES_DEFAULT,
  WINDOW_BYTES_MAX,
  frame,
  goAway,
  rstStream,
  windowUpdate,
} from './frames.ts';
import { HeaderGatherer, type GatheredHeaders } from './header-gatherer.ts';
import { requestHeaders, responseHeaders, trailers, type Headers } from './header-rules.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { encodeHeaders } from './hpack/encoder.ts';
import type { HeaderField } from './hpack/header-field.ts';
import { Output } from './output.ts';
import {
  checkPing,
  checkStream,
  isSettingsAck,
  priorityError,
  readGoAway,
  readReset,
  readWindowUpdate,
} from './read-frames.ts';
import { ReceiveWindow } from './receive-window.ts';
import { PEER_DEFAULTS, readSettings, settingsPayload, type OwnSettings } from './settings.ts';
import { StreamTable } from './stream-table.ts';
import { Http2Stream, type StreamHost } from './stream.ts';

export interface ConnectionOptions {
  readonly settings: OwnSettings;
  /** What the peer may send on all streams together before it is told that we have read. */
  readonly connectionWindowBytes: number;
  /** Of a server: a client's request. */
  readonly onStream?: (stream: Http2Stream, headers: Headers) => void;
  /** The peer opens, or takes, no more streams here. */
  readonly onGoAway?: () => void;
  /** Once, when all is over; with the reason when it was none of ours. */
  readonly onClose?: (error?: Error) => void;
}

/** The peer has so long to take our last words. */
const LAST_WORDS_MS = 1_000;
/** RFC 7541, 4.2: whatever size of a table the peer allows, we use none. */
const NO_TABLE = Buffer.from([0x20]);

export class Http2Connection implements FrameSink, StreamHost {
  readonly isServer: boolean;
  readonly output: Output;
  readonly receiveWindowBytes: number;
  sendWindow = WINDOW_BYTES_DEFAULT;
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #gatherer: HeaderGatherer;
  readonly #budget = new Budget();
  readonly #streams = new StreamTable();
  readonly #pongs: (() => void)[] = [];
  #peer = PEER_DEFAULTS;
  #hasSettings = false;
  #hasEncoded = false;
  readonly #receiveWindow: ReceiveWindow;
  /** The DATA frame under way. */
  #dataStream: Http2Stream | undefined;
  #dataEndsStream = false;
  #isGoingAway = false;
  #isClosed = false;
  /** Bytes that have come from the peer. */
  bytesReceived = 0;

  constructor(socket: Duplex, role: 'server' | 'client', options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.isServer = role === 'server';
    this.output = new Output(socket, () =>
      this.#fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'nothing is taken')),
    );
    this.#reader = new FrameReader(this, FRAME_BYTES_DEFAULT);
    const { headerListBytesMax, initialWindowBytes } = options.settings;
    this.#decoder = new HpackDecoder(headerListBytesMax);
    this.#gatherer = new HeaderGatherer(2 * headerListBytesMax);
    this.receiveWindowBytes = initialWindowBytes;
    this.#receiveWindow = new ReceiveWindow(options.connectionWindowBytes);
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(new Error('the connection was closed')));
    // A peer that ends its side has nothing to ask, and no answer can be of use.
    socket.on('end', () => this.destroy(new Error('the peer closed the connection')));
    socket.on('drain', () => this.output.flush());
  }

  /** Our SETTINGS and windows; a client's preface goes before. */
  begin(): void {
    const { settings, connectionWindowBytes } = this.#options;
    this.output.control(frame(FrameType.SETTINGS, 0, 0, settingsPayload(settings)));
    const more = connectionWindowBytes - WINDOW_BYTES_DEFAULT;
    if (more > 0) this.output.control(windowUpdate(0, more));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** No more streams can be opened here, or none for now. */
  get isFull(): boolean {
    const { concurrentStreamsMax } = this.#peer;
    return (
      this.#isClosed ||
      this.#isGoingAway ||
      this.#streams.size >= concurrentStreamsMax ||
      this.#streams.nextId() === undefined
    );
  }

  get streamsOpen(): number {
    return this.#streams.size;
  }

  /** The peer's SETTINGS have come. */
  get hasSettings(): boolean {
    return this.#hasSettings;
  }

  /** Of a client: opens a stream, whatever becomes of it. */
  open(fields: readonly HeaderField[]): Http2Stream {
    const id = this.#streams.nextId();
    const stream = new Http2Stream(id ?? 0, this, this.#peer.initialWindowBytes);
    if (id === undefined || this.#isClosed || this.#isGoingAway) {
      stream.close(new Error('the connection takes no more streams'));
      return stream;
    }
    this.#streams.add(stream);
    stream.request(fields);
    return stream;
  }

  ping(answered: () => void): void {
    this.#pongs.push(answered);
    this.output.control(frame(FrameType.PING, 0, 0, Buffer.alloc(8)));
  }

  /** Takes no more streams; those that are open go on. */
  goAway(): void {
    if (this.#isGoingAway || this.#isClosed) return;
    this.#isGoingAway = true;
    this.output.control(goAway(this.#streams.newestId, ErrorCode.NO_ERROR));
    if (this.#streams.size === 0) this.#end();
  }

  /** Ends what is open, after what was said. */
  end(): void {
    this.output.flush();
    this.#close();
    this.#end();
  }

  destroy(error?: Error): void {
    this.#close(error);
    this.#socket.destroy();
  }

  /** Bytes of the peer, in order. */
  receive(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.bytesReceived += chunk.length;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(
        error instanceof ConnectionError
          ? error
          : new ConnectionError(ErrorCode.INTERNAL_ERROR, String(error)),
      );
    }
  }

  // --- StreamHost

  get peerFrameBytesMax(): number {
    return this.#peer.frameBytesMax;
  }

  encode(fields: readonly HeaderField[]): Buffer {
    const block = encodeHeaders(fields);
    if (this.#hasEncoded) return block;
    this.#hasEncoded = true;
    return Buffer.concat([NO_TABLE, block]);
  }

  forget(streamId: number, isCut: boolean): void {
    this.#streams.remove(streamId);
    if (isCut) this.#streams.rememberEnded(streamId);
    if (this.#isGoingAway && this.#streams.size === 0) this.#end();
  }

  // --- FrameSink

  onDataBegin(streamId: number, length: number, endsStream: boolean): void {
    this.#checkOrder(FrameType.DATA, streamId);
    checkStream(streamId, 'DATA');
    if (!this.#receiveWindow.take(length))
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more DATA than allowed');
    if (length === 0 && !endsStream) this.#spend(Cost.emptyData);
    this.#dataStream = this.#streamOf(streamId, FrameType.DATA);
    this.#dataEndsStream = endsStream;
    if (this.#dataStream) this.#onStream(this.#dataStream, (stream) => stream.expect(length));
  }

  onDataBytes(chunk: Buffer, start: number, end: number): void {
    const stream = this.#dataStream;
    if (stream && !stream.isClosed) stream.receive(chunk, start, end);
  }

  onDataEnd(): void {
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    const bytes = this.#receiveWindow.credit();
    if (bytes > 0) this.output.control(windowUpdate(0, bytes));
    if (!stream || stream.isClosed) return;
    if (this.#dataEndsStream) this.#onStream(stream, () => stream.endRemote());
    else stream.received();
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    this.#checkOrder(type, streamId);
    switch (type) {
      case FrameType.HEADERS:
        return this.#takeHeaders(this.#gatherer.begin(flags, streamId, payload));
      case FrameType.CONTINUATION:
        return this.#takeHeaders(this.#gatherer.continue(flags, payload));
      case FrameType.SETTINGS:
        return this.#takeSettings(flags, streamId, payload);
      case FrameType.WINDOW_UPDATE:
        return this.#takeWindowUpdate(streamId, payload);
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
        return this.#spend(Cost.noise);
    }
  }

  /** The first frame is SETTINGS; in the middle of a header block there is nothing but CONTINUATION. */
  #checkOrder(type: number, streamId: number): void {
    if (!this.#hasSettings && type !== FrameType.SETTINGS) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame before SETTINGS');
    }
    const open = this.#gatherer.openStreamId;
    if (open === undefined || (type === FrameType.CONTINUATION && streamId === open)) return;
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame in the middle of a header block');
  }

  #takeHeaders(gathered: GatheredHeaders | undefined): void {
    if (!gathered) return;
    const { streamId, block, endsStream, error } = gathered;
    checkStream(streamId, 'HEADERS');
    const { fields, isTooLarge } = this.#decoder.decode(block);
    const known = this.#streams.get(streamId);
    try {
      if (error) throw error;
      if (isTooLarge) throw new StreamError(ErrorCode.ENHANCE_YOUR_CALM, 'headers above the limit');
      if (known) return this.#takeMoreHeaders(known, fields, endsStream);
      if (this.isServer && this.#streams.isNew(streamId)) return this.#accept(streamId, fields, endsStream);
    } catch (thrown) {
      if (!(thrown instanceof StreamError)) throw thrown;
      if (this.isServer && this.#streams.isNew(streamId)) this.#streams.use(streamId);
      return this.#resetFor(thrown, streamId, known);
    }
    this.#refuseUnknown(streamId, FrameType.HEADERS);
  }

  /** Of an open stream: an answer's headers, or trailers, which end it. */
  #takeMoreHeaders(stream: Http2Stream, fields: readonly HeaderField[], endsStream: boolean): void {
    if (stream.isRemoteDone) throw new StreamError(ErrorCode.STREAM_CLOSED, 'HEADERS after the end');
    const isTrailers = this.isServer || !fields.some(([name]) => name === ':status');
    if (isTrailers && !endsStream)
      throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'trailers that end nothing');
    const headers = isTrailers ? trailers(fields) : responseHeaders(fields);
    stream.receiveHeaders(headers);
    if (endsStream) stream.endRemote();
  }

  #accept(streamId: number, fields: readonly HeaderField[], endsStream: boolean): void {
    this.#streams.use(streamId);
    const max = this.#options.settings.concurrentStreamsMax ?? Number.POSITIVE_INFINITY;
    if (this.#streams.size >= max || this.#isGoingAway) {
      this.#spend(Cost.refusedStream);
      throw new StreamError(ErrorCode.REFUSED_STREAM, 'too many streams');
    }
    const headers = requestHeaders(fields);
    const stream = new Http2Stream(streamId, this, this.#peer.initialWindowBytes);
    this.#streams.add(stream);
    const length = headers.get('content-length');
    if (length !== undefined) stream.declare(Number(length));
    if (endsStream) stream.endRemote();
    this.#options.onStream?.(stream, headers);
  }

  #takeSettings(flags: number, streamId: number, payload: Buffer): void {
    if (isSettingsAck((flags & Flag.ACK) !== 0, streamId, payload)) return this.#spend(Cost.noise);
    const before = this.#peer;
    this.#peer = readSettings(payload, before);
    this.#hasSettings = true;
    this.output.control(frame(FrameType.SETTINGS, Flag.ACK, 0));
    this.#spend(Cost.settings);
    this.#growStreams(this.#peer.initialWindowBytes - before.initialWindowBytes);
  }

  #growStreams(bytes: number): void {
    for (const stream of this.#streams.all()) {
      try {
        stream.grow(bytes, WINDOW_BYTES_MAX);
      } catch (error) {
        // A change of the initial window that is too large concerns all streams at once.
        throw error instanceof StreamError ? new ConnectionError(error.code, error.message) : error;
      }
    }
  }

  #takeWindowUpdate(streamId: number, payload: Buffer): void {
    const bytes = readWindowUpdate(payload);
    if (streamId === 0) {
      if (bytes === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of nothing');
      const wasOpen = this.sendWindow > 0;
      this.sendWindow += bytes;
      if (this.sendWindow > WINDOW_BYTES_MAX)
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window above 2^31 - 1');
      if (wasOpen) return;
      for (const stream of this.#streams.all()) if (stream.canSend) this.output.ready(stream);
      return;
    }
    const stream = this.#streamOf(streamId, FrameType.WINDOW_UPDATE);
    if (stream) {
      this.#onStream(stream, () => {
        if (bytes === 0) throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE of nothing');
        stream.grow(bytes, WINDOW_BYTES_MAX);
      });
    }
  }

  #takeReset(streamId: number, payload: Buffer): void {
    const why = readReset(payload);
    const stream = this.#streamOf(streamId, FrameType.RST_STREAM);
    this.#spend(Cost.reset);
    stream?.close(new Error(`the peer reset the stream with ${why}`), true);
  }

  #takePing(flags: number, streamId: number, payload: Buffer): void {
    checkPing(streamId, payload);
    if ((flags & Flag.ACK) !== 0) {
      const answered = this.#pongs.shift();
      if (answered) return answered();
      return this.#spend(Cost.ping);
    }
    this.#spend(Cost.ping);
    this.output.control(frame(FrameType.PING, Flag.ACK, 0, payload));
  }

  #takeGoAway(streamId: number, payload: Buffer): void {
    const { lastStreamId, why } = readGoAway(streamId, payload);
    this.#isGoingAway = true;
    this.#options.onGoAway?.();
    if (this.isServer) return;
    const error = new Error(`the peer goes away with ${why}`);
    for (const stream of this.#streams.all()) if (stream.id > lastStreamId) stream.close(error, true);
  }

  #takePriority(streamId: number, payload: Buffer): void {
    this.#spend(Cost.noise);
    const code = priorityError(streamId, payload);
    if (code !== undefined)
      this.#resetFor(new StreamError(code, 'a wrong PRIORITY'), streamId, this.#streams.get(streamId));
  }

  /** An open stream; undefined for one that is closed, where the frame may have been on its way. */
  #streamOf(streamId: number, type: number): Http2Stream | undefined {
    const stream = this.#streams.get(streamId);
    if (!stream) this.#refuseUnknown(streamId, type);
    return stream;
  }

  /** A frame of a stream that is not open: let pass where it may have been on its way when the stream was closed. */
  #refuseUnknown(streamId: number, type: number): void {
    const why = this.#streams.whyGone(streamId);
    if (why === 'unknown')
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame of a stream that was never open');
    if (why === 'ended_here' || type === FrameType.WINDOW_UPDATE || type === FrameType.RST_STREAM) return;
    if (type === FrameType.HEADERS)
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS of a closed stream');
    this.#resetFor(new StreamError(ErrorCode.STREAM_CLOSED, 'DATA of a closed stream'), streamId, undefined);
  }

  #onStream(stream: Http2Stream, act: (stream: Http2Stream) => void): void {
    try {
      act(stream);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#resetFor(error, stream.id, stream);
    }
  }

  #resetFor(error: StreamError, streamId: number, stream: Http2Stream | undefined): void {
    this.#spend(Cost.noise);
    this.output.control(rstStream(streamId, error.code));
    this.#streams.rememberEnded(streamId);
    stream?.close(error);
  }

  #spend(tokens: number): void {
    if (!this.#budget.spend(tokens))
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many frames without data');
  }

  #fail(error: ConnectionError): void {
    if (this.#isClosed) return;
    this.#close(error);
    this.output.control(goAway(this.#streams.newestId, error.code, error.message));
    this.#end();
  }

  /** After what is on its way out. */
  #end(): void {
    this.output.end();
    setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS).unref();
  }

  #close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of this.#streams.all())
      stream.close(error ?? new Error('the connection was closed here'));
    this.#options.onClose?.(error);
  }
}
