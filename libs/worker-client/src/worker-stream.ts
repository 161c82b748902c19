// One session's stream to its worker, as bytes. Reading never pauses: the gateway drops frames for a slow client, so
// that a worker is never held up by one. Writing waits for the connection.
import { status } from '@grpc/grpc-js';
import {
  ErrorCode,
  type HeaderField,
  type Headers,
  type Http2Connection,
  type Http2Stream,
} from '@meridian/http2';
import { WorkerServiceService } from '@meridian/protocol/worker';
import { Envelope } from './wire/envelope.ts';
import type { MessageMemory } from './wire/message-memory.ts';
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

export interface MessageRoom {
  readonly maxMessageBytes: number;
  readonly memory: MessageMemory;
}

type OnMessage = (message: Envelope) => void;

export class WorkerStream {
  /** Settles after the last message, and never rejects. */
  readonly ended: Promise<StreamEnd>;
  readonly #stream: Http2Stream;

  /** `onMessage` gets whole PlayResponse messages in order, and releases each when it is done with. */
  constructor(
    connection: Http2Connection,
    call: ServeCall,
    { maxMessageBytes, memory }: MessageRoom,
    onMessage: OnMessage,
    signal: AbortSignal,
  ) {
    this.#stream = connection.open(headersOf(call));
    const { checkpoint, onTooLarge } = call;
    const splitter = new MessageSplitter(maxMessageBytes, { memory, onTooLarge });
    this.ended = new Promise((resolve) => read(this.#stream, splitter, onMessage, signal, resolve));
    resetOnAbort(this.#stream, signal, this.ended);
    if (checkpoint) this.#restore(checkpoint);
  }

  /** Sends a PlayRequest; resolves when it was handed to the connection, or when the stream is no more. */
  write(message: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.write(Envelope.of(message).framed, () => resolve());
    });
  }

  /** The first message of the stream, as the metadata announces it. */
  #restore(checkpoint: Buffer): void {
    this.#stream.write(restoreHead(checkpoint.length));
    this.#stream.write(checkpoint);
  }
}

function headersOf(call: ServeCall): readonly HeaderField[] {
  const fields: HeaderField[] = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', WorkerServiceService.serve.path],
    [':authority', call.address],
    ['te', 'trailers'],
    ['content-type', 'application/grpc+proto'],
    ['authorization', `Bearer ${call.sessionToken}`],
    ['meridian-client-key', call.clientKey],
    ['traceparent', call.traceparent],
  ];
  if (call.checkpoint) fields.push(['meridian-restore', '1']);
  if (call.nextFrame !== undefined) fields.push(['meridian-next-frame', String(call.nextFrame)]);
  return fields;
}

/** Reads the stream to its end, which is what the trailers say, else what broke it. */
function read(
  stream: Http2Stream,
  splitter: MessageSplitter,
  onMessage: OnMessage,
  signal: AbortSignal,
  settle: (end: StreamEnd) => void,
): void {
  let said: Status | undefined;
  let broken = 'the stream ended without a status';
  const hear = (headers: Headers) => {
    said ??= fromTrailers(headers);
    const httpStatus = headers.get(':status') ?? '200';
    if (httpStatus !== '200') broken = `it answered HTTP ${httpStatus}`;
  };
  const take = (envelope: Envelope) => {
    if (!stream.isClosed) onMessage(envelope);
  };
  stream.consume({
    onData: (chunk, start, end) => {
      try {
        splitter.push(chunk, start, end, take);
      } catch (error) {
        broken = `the worker sent bytes that are no messages: ${statusOf(error).message}`;
        stream.reset(ErrorCode.CANCEL);
      }
    },
    onHeaders: hear,
    // A worker may end its side while ours is open; nothing more is to be said to it.
    onEnd: () => stream.reset(ErrorCode.NO_ERROR),
    onClose: (error) => settle(endOf(said, error?.message ?? broken, signal)),
  });
}

function endOf(said: Status | undefined, broken: string, signal: AbortSignal): StreamEnd {
  if (said) return { status: said, by: 'worker' };
  if (signal.aborted) return { status: { code: status.CANCELLED, message: 'Ended here.' }, by: 'caller' };
  const message = `The connection to the worker broke: ${broken}.`;
  return { status: { code: status.UNAVAILABLE, message }, by: 'connection' };
}

function resetOnAbort(stream: Http2Stream, signal: AbortSignal, ended: Promise<unknown>): void {
  const cancel = () => stream.reset(ErrorCode.CANCEL);
  if (signal.aborted) return cancel();
  signal.addEventListener('abort', cancel, { once: true });
  void ended.then(() => signal.removeEventListener('abort', cancel));
}
