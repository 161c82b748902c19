import { Frame, Notice, NoticeKind, PlayResponse } from '@meridian/protocol';
import type { Clock } from '../clock.ts';
import type { Socket, SocketConstructor, SocketEvent } from '../web-socket.ts';

/** A WebSocket in the test's hand. */
export class ScriptedSocket implements Socket {
  binaryType = '';
  readonly bufferedAmount = 0;
  readonly sent: Uint8Array[] = [];
  readonly url: string;
  readonly protocols: readonly string[];
  readonly openedAtMs: number;
  isClosed = false;
  readonly #listeners = new Map<string, ((event: SocketEvent) => void)[]>();

  constructor(url: string, protocols: readonly string[], openedAtMs: number) {
    this.url = url;
    this.protocols = protocols;
    this.openedAtMs = openedAtMs;
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(data);
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.#emit({ type: 'open' });
  }

  frame(number: number): void {
    this.#message({ $case: 'frame', value: Frame.fromPartial({ number }) });
  }

  notice(kind: NoticeKind): void {
    this.#message({ $case: 'notice', value: Notice.fromPartial({ kind }) });
  }

  /** The other side closes, or nobody knows why (1006). */
  break(code = 1006, reason = ''): void {
    this.#emit({ type: 'close', code, reason });
  }

  #message(message: PlayResponse['message']): void {
    const bytes = PlayResponse.encode({ message, gatewaySentUs: 0 }).finish();
    this.#emit({ type: 'message', data: new Uint8Array(bytes).buffer });
  }

  #emit(event: SocketEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) listener(event);
  }
}

/** All sockets that were opened, oldest first. */
export function scriptedSockets(clock: Clock): { sockets: ScriptedSocket[]; WebSocket: SocketConstructor } {
  const sockets: ScriptedSocket[] = [];
  class Scripted extends ScriptedSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, clock.nowMs());
      sockets.push(this);
    }
  }
  return { sockets, WebSocket: Scripted };
}
