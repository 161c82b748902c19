// One WebSocket, from its opening to its close. It settles once, whatever the socket does afterwards.
import { PlayResponse } from '@meridian/protocol';
import type { Clock } from './clock.ts';
import { MeridianError } from './errors.ts';
import type { StreamClose } from './refusals.ts';
import type { Connection } from './types.ts';
import type { Socket, SocketConstructor } from './web-socket.ts';

export interface AttemptPorts {
  readonly WebSocket: SocketConstructor;
  readonly clock: Clock;
  /** Silence after which the stream counts as broken, ms; asked anew at every message. */
  readonly silentMs: () => number;
  readonly onOpen: () => void;
  readonly onMessage: (message: PlayResponse, bytes: number) => void;
}

export interface AttemptEnd extends StreamClose {
  /** The worker has taken the client: at least one message came. */
  readonly attached: boolean;
}

const OPEN_TIMEOUT_MS = 10_000;
const LARGEST_BACKLOG_BYTES = 64 * 1_024;
const UNREADABLE: StreamClose = { code: 1007, reason: 'unreadable message' };

export class StreamAttempt {
  readonly ended: Promise<AttemptEnd>;
  readonly #ports: AttemptPorts;
  #socket: Socket | undefined;
  #open = false;
  #attached = false;
  #cancelWatch: () => void = () => undefined;
  #settle: (end: AttemptEnd) => void = () => undefined;

  constructor(ports: AttemptPorts, connection: Connection, clientKey: string) {
    this.#ports = ports;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    try {
      this.#listen(new ports.WebSocket(connection.streamUrl, protocolsOf(connection, clientKey)));
      this.#watch(OPEN_TIMEOUT_MS, { code: 1006, reason: 'not open in time' });
    } catch (thrown) {
      this.#end({ code: 1006, reason: MeridianError.from(thrown).detail });
    }
  }

  /** False when the socket is not open or its buffer is full. */
  write(bytes: Uint8Array): boolean {
    if (!this.#open || this.#socket === undefined) return false;
    if (this.#socket.bufferedAmount > LARGEST_BACKLOG_BYTES) return false;
    this.#socket.send(new Uint8Array(bytes));
    return true;
  }

  close(): void {
    this.#end({ code: 1000, reason: 'closed by the client' });
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      if (this.#socket === undefined) return;
      this.#open = true;
      this.#watchSilence();
      this.#ports.onOpen();
    });
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    // The close event that follows says more than the error event ever does; Node needs a listener all the same.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', ({ code = 1006, reason = '' }) => this.#end({ code, reason }));
  }

  #receive(data: unknown): void {
    if (this.#socket === undefined) return;
    if (!(data instanceof ArrayBuffer)) return this.#end(UNREADABLE);
    const bytes = new Uint8Array(data);
    const message = decode(bytes);
    if (message === undefined) return this.#end(UNREADABLE);
    this.#attached = true;
    this.#ports.onMessage(message, bytes.byteLength);
    this.#watchSilence();
  }

  #watchSilence(): void {
    this.#watch(this.#ports.silentMs(), { code: 1006, reason: 'no frame in time' });
  }

  #watch(ms: number, close: StreamClose): void {
    this.#cancelWatch();
    if (this.#socket !== undefined) this.#cancelWatch = this.#ports.clock.after(ms, () => this.#end(close));
  }

  #end(close: StreamClose): void {
    this.#cancelWatch();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#open = false;
    socket?.close();
    this.#settle({ ...close, attached: this.#attached });
  }
}

/** Browsers cannot set headers on a WebSocket, so token, key and trace travel as subprotocols. */
function protocolsOf({ token, traceparent }: Connection, clientKey: string): string[] {
  const trace = traceparent === undefined ? [] : [`trace.${traceparent}`];
  return ['meridian.v1', `token.${token}`, `client.${clientKey}`, ...trace];
}

function decode(bytes: Uint8Array): PlayResponse | undefined {
  try {
    return PlayResponse.decode(bytes);
  } catch {
    return undefined;
  }
}
