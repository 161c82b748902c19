// One HTTP/2 connection (RFC 9113), either side of it, over any socket. What a peer can make us keep is bounded:
//   - open streams: `concurrentStreamsMax`; a header block: 2 x `headerListBytesMax`, in 16 frames
//   - DATA that nobody reads yet: a stream's window each, `connectionWindowBytes` for all
//   - answers that the peer does not take: 256 kB (output.ts), then the connection is cut
//   - frames that are dear to answer: a budget (budget.ts)
// A ConnectionError ends the connection with GOAWAY, a StreamError its stream with RST_STREAM; nothing is thrown past it.
import type { Duplex } from 'node:stream';
import { ConnectionError, ErrorCode } from './errors.ts';
import { FrameReader } from './frame-reader.ts';
import {
  FRAME_BYTES_DEFAULT,
  FrameType,
  WINDOW_BYTES_DEFAULT,
  frame,
  goAway,
  windowUpdate,
} from './frames.ts';
import type { Headers } from './header-rules.ts';
import { encodeHeaders } from './hpack/encoder.ts';
import type { HeaderField } from './hpack/header-field.ts';
import { Inbound, type InboundHost } from './inbound.ts';
import { Output, holdOutput, releaseOutput } from './output.ts';
import { PEER_DEFAULTS, settingsPayload, type OwnSettings } from './settings.ts';
import { StreamTable } from './stream-table.ts';
import { Http2Stream } from './stream.ts';

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
const TIMES_HEARD_MAX = 2 ** 30 - 1;

export class Http2Connection implements InboundHost {
  readonly isServer: boolean;
  readonly output: Output;
  readonly streams = new StreamTable();
  readonly receiveWindowBytes: number;
  peer = PEER_DEFAULTS;
  sendWindow = WINDOW_BYTES_DEFAULT;
  /** How often bytes have come from the peer; round after 2^30, since V8 compiles again what meets a longer number. */
  timesHeard = 0;
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #inbound: Inbound;
  readonly #reader: FrameReader;
  readonly #pongs: (() => void)[] = [];
  #hasEncoded = false;
  #isGoingAway = false;
  #isClosed = false;

  constructor(socket: Duplex, role: 'server' | 'client', options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.isServer = role === 'server';
    this.output = new Output(socket, () =>
      this.#fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'nothing is taken')),
    );
    const { headerListBytesMax, initialWindowBytes, concurrentStreamsMax } = options.settings;
    this.receiveWindowBytes = initialWindowBytes;
    this.#inbound = new Inbound(this, {
      headerListBytesMax,
      connectionWindowBytes: options.connectionWindowBytes,
      concurrentStreamsMax: concurrentStreamsMax ?? Number.POSITIVE_INFINITY,
    });
    this.#reader = new FrameReader(this.#inbound, FRAME_BYTES_DEFAULT);
    // Bytes that are no TLS are an error after which the socket is still there.
    socket.on('error', (error) => this.destroy(error));
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
    const { concurrentStreamsMax } = this.peer;
    return (
      this.#isClosed ||
      this.#isGoingAway ||
      this.streams.size >= concurrentStreamsMax ||
      this.streams.nextId() === undefined
    );
  }

  get streamsOpen(): number {
    return this.streams.size;
  }

  /** The peer's SETTINGS have come. */
  get hasSettings(): boolean {
    return this.#inbound.hasSettings;
  }

  /** Of a client: opens a stream, whatever becomes of it. */
  open(fields: readonly HeaderField[]): Http2Stream {
    const id = this.streams.nextId();
    const stream = new Http2Stream(id ?? 0, this, this.peer.initialWindowBytes);
    if (id === undefined || this.#isClosed || this.#isGoingAway) {
      stream.close(new Error('the connection takes no more streams'));
      return stream;
    }
    this.streams.add(stream);
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
    this.output.control(goAway(this.streams.newestId, ErrorCode.NO_ERROR));
    if (this.streams.size === 0) this.#end();
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
    this.timesHeard = (this.timesHeard + 1) & TIMES_HEARD_MAX;
    holdOutput();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(
        error instanceof ConnectionError
          ? error
          : new ConnectionError(ErrorCode.INTERNAL_ERROR, String(error)),
      );
    } finally {
      releaseOutput();
    }
  }

  // --- StreamHost

  get peerFrameBytesMax(): number {
    return this.peer.frameBytesMax;
  }

  encode(fields: readonly HeaderField[]): Buffer {
    const block = encodeHeaders(fields);
    if (this.#hasEncoded) return block;
    this.#hasEncoded = true;
    return Buffer.concat([NO_TABLE, block]);
  }

  forget(streamId: number, isCut: boolean): void {
    this.streams.remove(streamId);
    if (isCut) this.streams.rememberEnded(streamId);
    if (this.#isGoingAway && this.streams.size === 0) this.#end();
  }

  // --- of what comes in

  get isGoingAway(): boolean {
    return this.#isGoingAway;
  }

  onStream(stream: Http2Stream, headers: Headers): void {
    this.#options.onStream?.(stream, headers);
  }

  onGoAway(): void {
    this.#isGoingAway = true;
    this.#options.onGoAway?.();
  }

  onPong(): boolean {
    const answered = this.#pongs.shift();
    answered?.();
    return answered !== undefined;
  }

  #fail(error: ConnectionError): void {
    if (this.#isClosed) return;
    this.#close(error);
    this.output.control(goAway(this.streams.newestId, error.code, error.message));
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
    for (const stream of this.streams.all())
      stream.close(error ?? new Error('the connection was closed here'));
    this.#options.onClose?.(error);
  }
}
