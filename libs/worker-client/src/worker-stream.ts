// One session's stream to its worker, as bytes. Reading never pauses: the gateway drops frames for a slow client, so
// that a worker is never held up by one. Writing waits for the connection.
import { status } from '@grpc/grpc-js';
import { WorkerServiceService } from '@meridian/protocol/worker';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import { constants } from 'node:http2';
import { Mailbox } from './mailbox.ts';
import { Envelope } from './wire/envelope.ts';
import { MessageMemory } from './wire/message-memory.ts';
import { MessageSplitter } from './wire/message-splitter.ts';
import { restoreHead } from './wire/restore-request.ts';
import { fromTrailers, statusOf, type Status } from './wire/status.ts';

export interface ServeCall {
  /** host:port of the worker. */
  readonly address: string;
  readonly sessionToken: string;
  readonly clientKey: string;
  readonly traceparent: string;
  /** A Checkpoint to restore from when the worker does not serve the session yet; not to be changed any more. */
  readonly checkpoint?: Buffer;
  /** The client has seen the frames below this number; the worker goes on from here or above. */
  readonly nextFrame?: number;
  /** Hears of a message above the limit, with its bytes; the stream goes on without it. */
  readonly onTooLarge: (bytes: number) => void;
}

export interface StreamEnd {
  readonly status: Status;
  /** `worker`: the worker said so itself. `connection`: the stream broke or was never there. `caller`: we ended it. */
  readonly by: 'worker' | 'connection' | 'caller';
}

export class WorkerStream {
  /** Whole PlayResponse messages in order; release each when it is done with. Ends with the stream and never throws; `ended` says why it ended. */
  readonly messages: AsyncIterable<Envelope>;
  readonly ended: Promise<StreamEnd>;
  readonly #stream: ClientHttp2Stream;

  constructor(session: ClientHttp2Session, call: ServeCall, maxMessageBytes: number, signal: AbortSignal) {
    const mailbox = new Mailbox<Envelope>();
    this.messages = mailbox;
    this.#stream = session.request(headersOf(call), { endStream: false });
    this.ended = ending(this.#stream, signal).finally(() => mailbox.close());
    const { checkpoint, onTooLarge } = call;
    readInto(
      mailbox,
      this.#stream,
      new MessageSplitter(maxMessageBytes, { memory: new MessageMemory(), onTooLarge }),
    );
    closeOnAbort(this.#stream, signal);
    if (checkpoint) this.#restore(checkpoint);
  }

  /** Sends a PlayRequest; resolves when it was handed to the connection, or when the stream is no more. */
  write(message: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || this.#stream.closed) return resolve();
      this.#stream.write(Envelope.of(message).framed, () => resolve());
    });
  }

  /** The first message of the stream, as the metadata announces it. */
  #restore(checkpoint: Buffer): void {
    if (this.#stream.destroyed || this.#stream.closed) return;
    this.#stream.write(restoreHead(checkpoint.length));
    this.#stream.write(checkpoint);
  }
}

const headersOf = (call: ServeCall): OutgoingHttpHeaders => ({
  ':method': 'POST',
  ':path': WorkerServiceService.serve.path,
  te: 'trailers',
  'content-type': 'application/grpc+proto',
  authorization: `Bearer ${call.sessionToken}`,
  'meridian-client-key': call.clientKey,
  traceparent: call.traceparent,
  ...(call.checkpoint ? { 'meridian-restore': '1' } : {}),
  ...(call.nextFrame === undefined ? {} : { 'meridian-next-frame': String(call.nextFrame) }),
});

function readInto(mailbox: Mailbox<Envelope>, stream: ClientHttp2Stream, splitter: MessageSplitter): void {
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const envelope of splitter.push(chunk)) mailbox.push(envelope);
    } catch (error) {
      const { message } = statusOf(error);
      stream.destroy(new Error(`the worker sent bytes that are no messages: ${message}`));
    }
  });
}

/** Settles once, after the last message: with the trailers when they came, else with what broke the stream. */
function ending(stream: ClientHttp2Stream, signal: AbortSignal): Promise<StreamEnd> {
  return new Promise((resolve) => {
    let said: Status | undefined;
    let broken = 'The connection to the worker broke.';
    const settle = () => resolve(endOf(said, broken, signal));
    const hear = (headers: IncomingHttpHeaders) => {
      said ??= fromTrailers(headers);
    };
    stream.on('response', hear);
    stream.on('trailers', hear);
    stream.on('error', (error) => (broken = `The connection to the worker broke: ${error.message}.`));
    stream.on('end', () => {
      // A worker may end its side while ours is open; nothing more is to be said to it.
      if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
      settle();
    });
    stream.on('close', settle);
  });
}

function endOf(said: Status | undefined, broken: string, signal: AbortSignal): StreamEnd {
  if (said) return { status: said, by: 'worker' };
  if (signal.aborted) return { status: { code: status.CANCELLED, message: 'Ended here.' }, by: 'caller' };
  return { status: { code: status.UNAVAILABLE, message: broken }, by: 'connection' };
}

function closeOnAbort(stream: ClientHttp2Stream, signal: AbortSignal): void {
  const cancel = () => stream.close(constants.NGHTTP2_CANCEL);
  if (signal.aborted) return cancel();
  signal.addEventListener('abort', cancel, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', cancel));
}
