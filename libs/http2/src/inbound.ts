// What comes on one connection, in order: DATA and HEADERS go to their streams from here; the other frames are dealt
// with in control-frames.ts.
import { Cost } from './budget.ts';
import { ControlFrames, type ControlHost } from './control-frames.ts';
import { ConnectionError, ErrorCode, StreamError } from './errors.ts';
import { Faults } from './faults.ts';
import type { FrameSink } from './frame-reader.ts';
import { FrameType, windowUpdate } from './frames.ts';
import { HeaderGatherer, type GatheredHeaders } from './header-gatherer.ts';
import { requestHeaders, responseHeaders, trailers, type Headers } from './header-rules.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import type { HeaderField } from './hpack/header-field.ts';
import { checkStream } from './read-frames.ts';
import { ReceiveWindow } from './receive-window.ts';
import { Http2Stream, type StreamHost } from './stream.ts';

export interface InboundHost extends ControlHost, StreamHost {
  readonly isServer: boolean;
  /** A client's request. */
  onStream(stream: Http2Stream, headers: Headers): void;
}

export interface InboundLimits {
  readonly headerListBytesMax: number;
  readonly connectionWindowBytes: number;
  readonly concurrentStreamsMax: number;
}

export class Inbound implements FrameSink {
  readonly #host: InboundHost;
  readonly #faults: Faults;
  readonly #control: ControlFrames;
  readonly #decoder: HpackDecoder;
  readonly #gatherer: HeaderGatherer;
  readonly #receiveWindow: ReceiveWindow;
  readonly #concurrentStreamsMax: number;
  /** The DATA frame under way. */
  #dataStream: Http2Stream | undefined;
  #dataEndsStream = false;

  constructor(host: InboundHost, limits: InboundLimits) {
    this.#host = host;
    this.#faults = new Faults(host.streams, host.output);
    this.#control = new ControlFrames(host, this.#faults);
    this.#decoder = new HpackDecoder(limits.headerListBytesMax);
    this.#gatherer = new HeaderGatherer(2 * limits.headerListBytesMax);
    this.#receiveWindow = new ReceiveWindow(limits.connectionWindowBytes);
    this.#concurrentStreamsMax = limits.concurrentStreamsMax;
  }

  /** The peer's SETTINGS have come. */
  get hasSettings(): boolean {
    return this.#control.hasSettings;
  }

  onDataBegin(streamId: number, length: number, endsStream: boolean): void {
    this.#checkOrder(FrameType.DATA, streamId);
    checkStream(streamId, 'DATA');
    if (!this.#receiveWindow.take(length))
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more DATA than allowed');
    if (length === 0 && !endsStream) this.#faults.spend(Cost.emptyData);
    const stream = this.#faults.streamOf(streamId, FrameType.DATA);
    this.#dataStream = stream;
    this.#dataEndsStream = endsStream;
    try {
      stream?.expect(length);
    } catch (thrown) {
      if (stream) this.#faults.ofStream(thrown, stream);
    }
  }

  onDataBytes(chunk: Buffer, start: number, end: number): void {
    const stream = this.#dataStream;
    if (stream && !stream.isClosed) stream.receive(chunk, start, end);
  }

  onDataEnd(): void {
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    const bytes = this.#receiveWindow.credit();
    if (bytes > 0) this.#host.output.control(windowUpdate(0, bytes));
    if (!stream || stream.isClosed) return;
    if (this.#dataEndsStream) this.#endRemote(stream);
    else stream.received();
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    this.#checkOrder(type, streamId);
    if (type === FrameType.HEADERS) this.#takeHeaders(this.#gatherer.begin(flags, streamId, payload));
    else if (type === FrameType.CONTINUATION) this.#takeHeaders(this.#gatherer.continue(flags, payload));
    else this.#control.take(type, flags, streamId, payload);
  }

  /** The first frame is SETTINGS; in the middle of a header block there is nothing but CONTINUATION. */
  #checkOrder(type: number, streamId: number): void {
    if (!this.#control.hasSettings && type !== FrameType.SETTINGS) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame before SETTINGS');
    }
    const open = this.#gatherer.openStreamId;
    if (open === undefined || (type === FrameType.CONTINUATION && streamId === open)) return;
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame in the middle of a header block');
  }

  #endRemote(stream: Http2Stream): void {
    try {
      stream.endRemote();
    } catch (thrown) {
      this.#faults.ofStream(thrown, stream);
    }
  }

  #takeHeaders(gathered: GatheredHeaders | undefined): void {
    if (!gathered) return;
    const { streamId, block, endsStream, error } = gathered;
    const { isServer, streams } = this.#host;
    checkStream(streamId, 'HEADERS');
    const { fields, isTooLarge } = this.#decoder.decode(block);
    const known = streams.get(streamId);
    try {
      if (error) throw error;
      if (isTooLarge) throw new StreamError(ErrorCode.ENHANCE_YOUR_CALM, 'headers above the limit');
      if (known) return this.#takeMoreHeaders(known, fields, endsStream);
      if (isServer && streams.isNew(streamId)) return this.#accept(streamId, fields, endsStream);
    } catch (thrown) {
      if (!(thrown instanceof StreamError)) throw thrown;
      if (isServer && streams.isNew(streamId)) streams.use(streamId);
      return this.#faults.reset(thrown, streamId, known);
    }
    this.#faults.refuseUnknown(streamId, FrameType.HEADERS);
  }

  /** Of an open stream: an answer's headers, or trailers, which end it. */
  #takeMoreHeaders(stream: Http2Stream, fields: readonly HeaderField[], endsStream: boolean): void {
    if (stream.isRemoteDone) throw new StreamError(ErrorCode.STREAM_CLOSED, 'HEADERS after the end');
    const isTrailers = this.#host.isServer || !fields.some(([name]) => name === ':status');
    if (isTrailers && !endsStream)
      throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'trailers that end nothing');
    const headers = isTrailers ? trailers(fields) : responseHeaders(fields);
    stream.receiveHeaders(headers);
    if (endsStream) stream.endRemote();
  }

  #accept(streamId: number, fields: readonly HeaderField[], endsStream: boolean): void {
    const { streams, peer, isGoingAway } = this.#host;
    streams.use(streamId);
    if (streams.size >= this.#concurrentStreamsMax || isGoingAway) {
      this.#faults.spend(Cost.refusedStream);
      throw new StreamError(ErrorCode.REFUSED_STREAM, 'too many streams');
    }
    const headers = requestHeaders(fields);
    const stream = new Http2Stream(streamId, this.#host, peer.initialWindowBytes);
    streams.add(stream);
    const length = headers.get('content-length');
    if (length !== undefined) stream.declare(Number(length));
    if (endsStream) stream.endRemote();
    this.#host.onStream(stream, headers);
  }
}
