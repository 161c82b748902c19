// A server and what speaks to it, for the specs.
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connectHttp2, type Http2ClientOptions } from '../client.ts';
import type { Http2Connection } from '../connection.ts';
import { FRAME_HEAD_BYTES, FrameType, PREFACE, frame } from '../frames.ts';
import { Http2Server, type Http2ServerOptions } from '../server.ts';

export async function listen(options: Partial<Http2ServerOptions> & Pick<Http2ServerOptions, 'onStream'>) {
  const server = new Http2Server({
    concurrentStreamsMax: 100,
    headerListBytesMax: 16 * 1024,
    keepAliveMs: 60_000,
    ...options,
  });
  server.server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return { server, port: (server.server.address() as AddressInfo).port };
}

export const dial = (port: number, options: Partial<Http2ClientOptions> = {}): Http2Connection =>
  connectHttp2(`127.0.0.1:${String(port)}`, {
    dialTimeoutMs: 2_000,
    keepAliveMs: 60_000,
    streamWindowBytes: 1024 * 1024,
    connectionWindowBytes: 16 * 1024 * 1024,
    onGoAway: () => undefined,
    onClose: () => undefined,
    ...options,
  });

export interface RawFrame {
  readonly type: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A client that sends what it is told, byte by byte, and writes down what comes. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  readonly #frames: RawFrame[] = [];
  #rest: Buffer = Buffer.alloc(0);

  constructor(port: number, hasSettings = true) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => this.#read(Buffer.concat([this.#rest, chunk])));
    this.closed = once(this.socket, 'close');
    if (hasSettings) this.send(PREFACE, frame(FrameType.SETTINGS, 0, 0));
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  get frames(): readonly RawFrame[] {
    return this.#frames;
  }

  /** The code of the last GOAWAY. */
  get goAwayCode(): number | undefined {
    return this.frames.findLast(({ type }) => type === FrameType.GOAWAY)?.payload.readUInt32BE(4);
  }

  #read(bytes: Buffer): void {
    let at = 0;
    while (at + FRAME_HEAD_BYTES <= bytes.length) {
      const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#frames.push({
        type: bytes[at + 3] ?? 0,
        streamId: bytes.readUInt32BE(at + 5),
        payload: bytes.subarray(at + FRAME_HEAD_BYTES, end),
      });
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}

/** Waits until it holds, looking at every turn of the event loop; the test's own timeout ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
