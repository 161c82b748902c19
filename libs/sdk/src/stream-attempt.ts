// One WebSocket, from its opening to its close. It settles once, whatever the socket does afterwards.
import { NoticeKind, PlayResponse } from '@meridian/protocol';
import type { Clock } from './clock.ts';
import { MeridianError } from './errors.ts';
import type { StreamClose } from './refusals.ts';
import type { Connection } from './types.ts';
import type { Socket, SocketConstructor } from './web-socket.ts';

export interface AttemptPorts {
  readonly WebSocket: SocketConstructor;
  readonly clock: Clock;
  /** Time for the socket to open, ms. */
  readonly openMs: number;
  /** Silence after which the open stream counts as broken, ms; asked anew at every message. */
  readonly silentMs: (attached: boolean) => number;
  readonly onOpen: () => void;
  readonly onMessage: (message: PlayResponse, bytes: number) => void;
}

export interface StreamTicket {
  readonly connection: Connection;
  readonly clientKey: string;
  /** The frame number that the client waits for, in case nobody else remembers it; undefined before the first frame. */
  readonly nextFrame: number | undefined;
}

export interface AttemptEnd extends StreamClose {
  /** Time since the first message, ms; undefined when none came: the worker has not taken the client. */
  readonly servedMs: number | undefined;
  /** The socket did not open, or fell silent, and was given up. */
  readonly timedOut: 'opening' | 'silent' | undefined;
}

const LARGEST_BACKLOG_BYTES = 64 * 1_024;
/**
 * A page that was frozen or busy runs a timer that is long due before the messages that wait for it, so that these get
 * their turn before the silence counts.
 */
const LAST_WORD_MS = 50;
const UNREADABLE: StreamClose = { code: 1007, reason: 'unreadable message' };
const NOT_OPEN: StreamClose = { code: 1006, reason: 'not open in time' };
const SILENT: StreamClose = { code: 1006, reason: 'no frame in time' };

export class StreamAttempt {
  readonly ended: Promise<AttemptEnd>;
  readonly #ports: AttemptPorts;
  #socket: Socket | undefined;
  #open = false;
  #firstAtMs: number | undefined;
  #cancelWatch: () => void = () => undefined;
  #settle: (end: AttemptEnd) => void = () => undefined;

  constructor(ports: AttemptPorts, ticket: StreamTicket) {
    this.#ports = ports;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    try {
      this.#listen(new ports.WebSocket(ticket.connection.streamUrl, protocolsOf(ticket)));
      this.#watch(ports.openMs, NOT_OPEN);
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
    if (!isWaiting(message)) this.#firstAtMs ??= this.#ports.clock.nowMs();
    this.#ports.onMessage(message, bytes.byteLength);
    this.#watchSilence();
  }

  #watchSilence(): void {
    this.#watch(this.#ports.silentMs(this.#firstAtMs !== undefined), SILENT);
  }

  #watch(ms: number, close: StreamClose): void {
    this.#cancelWatch();
    if (this.#socket === undefined) return;
    const { clock } = this.#ports;
    this.#cancelWatch = clock.after(ms, () => {
      this.#cancelWatch = clock.after(LAST_WORD_MS, () => this.#end(close));
    });
  }

  #end(close: StreamClose): void {
    this.#cancelWatch();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#open = false;
    socket?.close();
    const firstAtMs = this.#firstAtMs;
    const servedMs = firstAtMs === undefined ? undefined : this.#ports.clock.nowMs() - firstAtMs;
    const timedOut = close === SILENT ? 'silent' : close === NOT_OPEN ? 'opening' : undefined;
    this.#settle({ ...close, servedMs, timedOut });
  }
}

/** Browsers cannot set headers on a WebSocket, so all that travels with a stream travels as subprotocols. */
function protocolsOf({ connection: { token, traceparent }, clientKey, nextFrame }: StreamTicket): string[] {
  const next = nextFrame === undefined ? [] : [`next.${nextFrame}`];
  const trace = traceparent === undefined ? [] : [`trace.${traceparent}`];
  return ['meridian.v1', `token.${token}`, `client.${clientKey}`, ...next, ...trace];
}

/** The gateway is there and will come to this stream; the worker has not heard of it yet. */
export const isWaiting = ({ message }: PlayResponse): boolean =>
  message?.$case === 'notice' && message.value.kind === NoticeKind.WAITING;

function decode(bytes: Uint8Array): PlayResponse | undefined {
  try {
    return PlayResponse.decode(bytes);
  } catch {
    return undefined;
  }
}
