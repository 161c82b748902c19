import { status } from '@grpc/grpc-js';
import { Mailbox, StatusError, type Envelope, type Status } from '@meridian/worker-client';
import type { RawData, WebSocket } from 'ws';
import {
  REQUESTS_WAITING_MAX,
  CLOSE_TIMEOUT_MS,
  type ClientStream,
  type Flushed,
} from '../relay/client-stream.ts';
import { Liveness } from './liveness.ts';

const SERVICE_RESTART = 1012;
const STATUS_CLOSE_CODES = 4_000;
/** A reason has at most 123 bytes (RFC 6455, 5.5); codes are ASCII. */
const REASON_MAX = 123;

/** One binary message is one protobuf message. */

export class WsClientStream implements ClientStream {
  readonly requests: AsyncIterable<Buffer>;
  readonly gone: AbortSignal;
  readonly #socket: WebSocket;
  readonly #liveness: Liveness;
  /** Of what is sent, while the client has too much under way for more. */
  #held: Flushed[] = [];

  constructor(socket: WebSocket, keepAliveMs: number) {
    this.#socket = socket;
    const gone = new AbortController();
    this.gone = gone.signal;
    this.#liveness = new Liveness({
      everyMs: keepAliveMs,
      ping: () => socket.ping(),
      onGone: () => socket.terminate(),
    });
    socket.on('pong', () => {
      this.#liveness.answered();
      this.#letGo();
    });
    socket.once('close', () => {
      this.#liveness.stop();
      gone.abort();
      this.#letGo();
    });
    // Whatever broke it (a message above the limit, a bad frame), ws closes the socket and `close` follows.
    socket.on('error', () => undefined);
    this.requests = requestsOf(socket, () => this.#liveness.heard());
  }

  get isIdle(): boolean {
    const { readyState, bufferedAmount, OPEN } = this.#socket;
    return readyState === OPEN && bufferedAmount === 0 && this.#liveness.hasRoom;
  }

  write(message: Envelope, flushed: Flushed): void {
    const bytes = message.message;
    this.#liveness.sent(bytes.length);
    let wasBlocked = false;
    this.#socket.send(bytes, { binary: true }, (error) => {
      // What a full buffer takes again, the client has taken; what one with room takes says nothing.
      if (wasBlocked && !error) this.#liveness.heard();
      if (error || this.#liveness.hasRoom) flushed(error);
      else this.#held.push(flushed);
    });
    wasBlocked = this.#socket.bufferedAmount > 0;
  }

  #letGo(): void {
    const held = this.#held;
    this.#held = [];
    for (const flushed of held) flushed();
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
