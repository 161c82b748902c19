import { status } from '@grpc/grpc-js';
import { Mailbox, StatusError, type Envelope, type Status } from '@meridian/worker-client';
import type { RawData, WebSocket } from 'ws';
import {
  REQUESTS_WAITING_MAX,
  CLOSE_TIMEOUT_MS,
  type ClientStream,
  type Flushed,
} from '../relay/client-stream.ts';

const SERVICE_RESTART = 1012;
const STATUS_CLOSE_CODES = 4_000;
/** A reason has at most 123 bytes (RFC 6455, 5.5); codes are ASCII. */
const REASON_MAX = 123;

/** One binary message is one protobuf message. */
export class WsClientStream implements ClientStream {
  readonly requests: AsyncIterable<Buffer>;
  readonly gone: AbortSignal;
  readonly #socket: WebSocket;
  #isAlive = true;

  constructor(socket: WebSocket, keepAliveMs: number) {
    this.#socket = socket;
    const gone = new AbortController();
    this.gone = gone.signal;
    socket.once('close', () => gone.abort());
    // Whatever broke it (a message above the limit, a bad frame), ws closes the socket and `close` follows.
    socket.on('error', () => undefined);
    this.requests = requestsOf(socket, () => this.#heard());
    this.#keepAlive(keepAliveMs);
  }

  get isIdle(): boolean {
    return this.#socket.bufferedAmount === 0;
  }

  write(message: Envelope, flushed: Flushed): void {
    this.#socket.send(message.message, { binary: true }, (error) => {
      this.#heard();
      flushed(error);
    });
  }

  close(end: Status): Promise<void> {
    if (this.gone.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const tooLate = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS);
      this.#socket.once('close', () => {
        clearTimeout(tooLate);
        resolve();
      });
      this.#socket.close(...closeOf(end));
    });
  }

  /** A pong, a message, or bytes that the network took: a slow client may be long in reading a ping behind frames. */
  #heard(): void {
    this.#isAlive = true;
  }

  #keepAlive(everyMs: number): void {
    this.#socket.on('pong', () => this.#heard());
    const timer = setInterval(() => {
      if (!this.#isAlive) return this.#socket.terminate();
      this.#isAlive = false;
      this.#socket.ping();
    }, everyMs);
    timer.unref();
    this.gone.addEventListener('abort', () => clearInterval(timer), { once: true });
  }
}

/** The close code and reason of docs/protocol.md. */
export function closeOf({ code, meridianCode }: Status): readonly [number, string] {
  if (code === status.OK) return [1000, ''];
  if (meridianCode === 'gateway_stopping') return [SERVICE_RESTART, meridianCode];
  return [STATUS_CLOSE_CODES + code, (meridianCode ?? status[code].toLowerCase()).slice(0, REASON_MAX)];
}

function requestsOf(socket: WebSocket, heard: () => void): AsyncIterable<Buffer> {
  const mailbox = new Mailbox<Buffer>((waiting) => {
    if (waiting > REQUESTS_WAITING_MAX) socket.pause();
    else if (socket.isPaused) socket.resume();
  });
  socket.on('message', (data: RawData, isBinary: boolean) => {
    heard();
    if (isBinary && Buffer.isBuffer(data)) mailbox.push(data);
    else mailbox.close(new StatusError(status.INVALID_ARGUMENT, 'A message is binary.', 'malformed_message'));
  });
  socket.once('close', () => mailbox.close());
  return mailbox;
}
