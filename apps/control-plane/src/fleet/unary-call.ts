// One gRPC call with one message each way (gRPC over HTTP/2), on our own HTTP/2. The answer, its head and its trailers
// leave in one write.
import { status } from '@grpc/grpc-js';
import type { HeaderField, Http2Stream } from '@meridian/http2';
import { Envelope, MessageSplitter, OK, StatusError, statusOf, toTrailers } from '@meridian/worker-client';

const HEAD: readonly HeaderField[] = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
];
const OK_TRAILERS = toTrailers(OK);

/** The one message of a call whose caller has said all. Rejects with a `StatusError` when there is none, or too much. */
export function messageOf(stream: Http2Stream, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const splitter = new MessageSplitter(bytesMax);
    const messages: Buffer[] = [];
    let isWhole = false;
    stream.consume({
      onData: (chunk, start, end) => {
        try {
          splitter.push(chunk, start, end, ({ message }) => messages.push(message));
        } catch (error) {
          // Nothing after it can be read.
          reject(error);
        }
      },
      onEnd: () => {
        const [message, ...more] = messages;
        isWhole = message !== undefined && more.length === 0 && !splitter.isPartial;
        if (message && isWhole) resolve(message);
        else reject(new StatusError(status.INTERNAL, 'A call of this method is one whole message.'));
      },
      onClose: () => {
        if (!isWhole) reject(new StatusError(status.CANCELLED, 'The caller is gone.'));
      },
    });
  });
}

/** Nothing happens when the caller no longer waits. */
export function answer(stream: Http2Stream, message: Uint8Array): void {
  stream.respond(HEAD);
  stream.write(Envelope.of(message).framed);
  stream.end(OK_TRAILERS);
}

/** A trailers-only answer (gRPC over HTTP/2, "Responses"). */
export function refuse(stream: Http2Stream, error: unknown): void {
  stream.respond([...HEAD, ...toTrailers(statusOf(error))], true);
}
