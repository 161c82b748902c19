// A hundred users: one connection and one stream each, as if each sat at a computer of its own.
import { Http2Connection } from '@meridian/http2';
import { MessageMemory, MessageSplitter, frameTimesIn } from '@meridian/worker-client';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { PREFACE } from '../../../libs/http2/src/frames.ts';
import { intoReadMemory } from '../../../libs/http2/src/read-memory.ts';

export interface Load {
  frames: number;
  /** From encoded at the worker to whole at the client, ms; of every frame since the last `reset`. */
  delaysMs: number[];
  close(): void;
}

export interface Target {
  readonly port: number;
  readonly isTls: boolean;
}

/** One user's stream; `onFrame` is called with the bytes of each message. Answers with how to end it. */
export type OpenStream = (user: number, onFrame: (message: Buffer) => void) => () => void;

const MESSAGE_BYTES_MAX = 1024 * 1024;
const HEADER_LIST_BYTES_MAX = 16 * 1024;
const WINDOW_BYTES = 65_535;
/** Users' own garbage would be in everybody's delays. */
const memory = new MessageMemory();
/** The certificate was made for this run. */
const TLS_OPTIONS = { rejectUnauthorized: false };

export const overGrpc =
  (target: Target, tokens: readonly string[], { isRead = true } = {}): OpenStream =>
  (user, onFrame) => {
    const connection = dial(target);
    const stream = connection.open([
      [':method', 'POST'],
      [':scheme', target.isTls ? 'https' : 'http'],
      [':authority', `127.0.0.1:${target.port}`],
      [':path', '/meridian.public.v1.SessionStreamService/Play'],
      ['content-type', 'application/grpc+proto'],
      ['te', 'trailers'],
      ['authorization', `Bearer ${tokens[user]}`],
      ['meridian-client-key', clientKey(user)],
    ]);
    const splitter = new MessageSplitter(MESSAGE_BYTES_MAX, { memory });
    const take = (chunk: Buffer, start: number, end: number) =>
      splitter.push(chunk, start, end, (envelope) => {
        onFrame(envelope.message);
        envelope.release();
      });
    if (isRead) stream.consume({ onData: take, onClose: () => undefined });
    return () => connection.destroy();
  };

/**
 * By our own client with the windows of `node:http2`, whose garbage (50 MB a second for all users) stopped everybody for
 * a hundredth of the time: that, and not the relay, was the p99.
 */
function dial({ port, isTls }: Target): Http2Connection {
  const onread = intoReadMemory((chunk) => connection.receive(chunk));
  const options = { host: '127.0.0.1', port, noDelay: true, ALPNProtocols: ['h2'], ...TLS_OPTIONS, onread };
  const connection: Http2Connection = new Http2Connection(
    isTls ? connectTls(options) : connect(options),
    'client',
    {
      settings: { headerListBytesMax: HEADER_LIST_BYTES_MAX, initialWindowBytes: WINDOW_BYTES },
      connectionWindowBytes: WINDOW_BYTES,
    },
  );
  connection.output.control(PREFACE);
  connection.begin();
  return connection;
}

export const overWebSocket =
  ({ port, isTls }: Target, tokens: readonly string[], { isRead = true } = {}): OpenStream =>
  (user, onFrame) => {
    const protocols = ['meridian.v1', `token.${tokens[user]}`, `client.${clientKey(user)}`];
    const address = `${isTls ? 'wss' : 'ws'}://127.0.0.1:${port}/v1/play`;
    const socket = new WebSocket(address, protocols, TLS_OPTIONS);
    socket.on('error', () => undefined);
    socket.on('message', (message: Buffer) => onFrame(message));
    if (!isRead) socket.once('open', () => socket.pause());
    return () => socket.terminate();
  };

export function openStreams(users: number, open: OpenStream): Load {
  const load: Load = { frames: 0, delaysMs: [], close: () => ends.forEach((end) => end()) };
  const ends = Array.from({ length: users }, (_, user) =>
    open(user, (bytes) => {
      const times = frameTimesIn(bytes);
      if (!times) return;
      load.frames += 1;
      load.delaysMs.push(performance.timeOrigin + performance.now() - times.encodedUs / 1_000);
    }),
  );
  return load;
}

const clientKey = (user: number) => `bench-client-${String(user).padStart(8, '0')}`;
