// A hundred users: one connection and one stream each, as if each sat at a computer of its own.
import { MessageMemory, MessageSplitter, frameTimesIn } from '@meridian/worker-client';
import { connect } from 'node:http2';
import { WebSocket } from 'ws';

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
/** Users' own garbage would be in everybody's delays. */
const memory = new MessageMemory();
/** The certificate was made for this run. */
const TLS_OPTIONS = { rejectUnauthorized: false };

export const overGrpc =
  ({ port, isTls }: Target, tokens: readonly string[], { isRead = true } = {}): OpenStream =>
  (user, onFrame) => {
    const session = connect(`${isTls ? 'https' : 'http'}://127.0.0.1:${port}`, TLS_OPTIONS);
    session.on('error', () => undefined);
    const stream = session.request(
      {
        ':method': 'POST',
        ':path': '/meridian.public.v1.SessionStreamService/Play',
        'content-type': 'application/grpc+proto',
        te: 'trailers',
        authorization: `Bearer ${tokens[user]}`,
        'meridian-client-key': clientKey(user),
      },
      { endStream: false },
    );
    const splitter = new MessageSplitter(MESSAGE_BYTES_MAX, { memory });
    stream.on('error', () => undefined);
    if (isRead) {
      stream.on('data', (chunk: Buffer) =>
        splitter.push(chunk, 0, chunk.length, (envelope) => {
          onFrame(envelope.message);
          envelope.release();
        }),
      );
    }
    return () => session.destroy();
  };

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
