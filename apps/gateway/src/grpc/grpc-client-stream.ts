import { Mailbox, MessageSplitter, toTrailers, type Envelope, type Status } from '@meridian/worker-client';
import { constants, type ServerHttp2Stream } from 'node:http2';
import {
  REQUESTS_WAITING_MAX,
  REQUEST_BYTES_MAX,
  CLOSE_TIMEOUT_MS,
  type ClientStream,
  type Flushed,
} from '../relay/client-stream.ts';

/** gRPC by hand: prefixes are read and written here, messages are left as they are. */
export class GrpcClientStream implements ClientStream {
  readonly requests: AsyncIterable<Buffer>;
  readonly gone: AbortSignal;
  readonly #stream: ServerHttp2Stream;
  #end: Status | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    this.gone = goneOf(stream);
    this.requests = requestsOf(stream);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => {
      if (!this.#end) return;
      stream.sendTrailers(toTrailers(this.#end));
      stopReading(stream);
    });
  }

  get isIdle(): boolean {
    return this.#stream.writableLength === 0;
  }

  write(message: Envelope, flushed: Flushed): void {
    if (this.#stream.destroyed || this.#stream.closed) return flushed(new Error('the client is gone'));
    this.#stream.write(message.framed, flushed);
  }

  close(end: Status): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return Promise.resolve();
    this.#end = end;
    return new Promise((resolve) => {
      const tooLate = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), CLOSE_TIMEOUT_MS);
      stream.once('close', () => {
        clearTimeout(tooLate);
        resolve();
      });
      stream.end();
    });
  }
}

/** The client's side may be open still: once all is said, a reset without an error tells it that nothing more is read. */
export function stopReading(stream: ServerHttp2Stream): void {
  setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
}

function goneOf(stream: ServerHttp2Stream): AbortSignal {
  const gone = new AbortController();
  stream.once('aborted', () => gone.abort());
  stream.once('close', () => gone.abort());
  // Whatever broke it, `close` follows.
  stream.on('error', () => undefined);
  return gone.signal;
}

function requestsOf(stream: ServerHttp2Stream): AsyncIterable<Buffer> {
  const splitter = new MessageSplitter(REQUEST_BYTES_MAX);
  const mailbox = new Mailbox<Buffer>((waiting) => {
    if (waiting > REQUESTS_WAITING_MAX) stream.pause();
    else if (stream.isPaused()) stream.resume();
  });
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const envelope of splitter.push(chunk)) mailbox.push(envelope.message);
    } catch (error) {
      // Nothing after it can be read.
      mailbox.close(error instanceof Error ? error : new Error(String(error)));
      stream.removeAllListeners('data').resume();
    }
  });
  stream.once('end', () => mailbox.close());
  stream.once('close', () => mailbox.close());
  return mailbox;
}
