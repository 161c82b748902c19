import { ErrorCode, type Http2Stream } from '@meridian/http2';
import { Mailbox, MessageSplitter, toTrailers, type Envelope, type Status } from '@meridian/worker-client';
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
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
    const gone = new AbortController();
    this.gone = gone.signal;
    stream.respond([
      [':status', '200'],
      ['content-type', 'application/grpc+proto'],
    ]);
    this.requests = requestsOf(stream, () => gone.abort());
  }

  get isIdle(): boolean {
    return this.#stream.isIdle;
  }

  write(message: Envelope, flushed: Flushed): void {
    this.#stream.write(message.framed, flushed);
  }

  close(end: Status): Promise<void> {
    if (this.gone.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const tooLate = setTimeout(() => this.#stream.reset(ErrorCode.CANCEL), CLOSE_TIMEOUT_MS);
      this.gone.addEventListener(
        'abort',
        () => {
          clearTimeout(tooLate);
          resolve();
        },
        { once: true },
      );
      this.#stream.end(toTrailers(end));
    });
  }
}

function requestsOf(stream: Http2Stream, onGone: () => void): AsyncIterable<Buffer> {
  const splitter = new MessageSplitter(REQUEST_BYTES_MAX);
  let isReadable = true;
  const mailbox = new Mailbox<Buffer>((waiting) => {
    if (waiting > REQUESTS_WAITING_MAX) stream.pause();
    else stream.resume();
  });
  stream.consume({
    onData: (chunk, start, end) => {
      if (!isReadable) return;
      try {
        splitter.push(chunk, start, end, ({ message }) => mailbox.push(message));
      } catch (error) {
        // Nothing after it can be read.
        isReadable = false;
        mailbox.close(error instanceof Error ? error : new Error(String(error)));
      }
    },
    onEnd: () => mailbox.close(),
    onClose: () => {
      mailbox.close();
      onGone();
    },
  });
  return mailbox;
}
