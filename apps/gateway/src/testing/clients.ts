// The two ways in, as a client in any language would use them; both hand over the bytes they got.
import { Client, Metadata, credentials, type StatusObject } from '@grpc/grpc-js';
import { PlayResponse, type Frame, type Notice } from '@meridian/protocol';
import type { Readable } from 'node:stream';
import { WebSocket } from 'ws';

export interface Received {
  readonly bytes: Buffer;
  readonly response: PlayResponse;
}

const received = (bytes: Buffer): Received => ({ bytes, response: PlayResponse.decode(bytes) });

export interface TestClient {
  readonly received: Received[];
  send(message: Uint8Array): void;
  /** Stops and goes on reading from the network. */
  pause(): void;
  resume(): void;
  /** Goes away without a word. */
  leave(): void;
  /** How the stream ended: [gRPC status number or close code, meridian-code]. */
  readonly ended: Promise<readonly [number, string]>;
}

export type Connect = (
  target: Target,
  sessionToken: string | undefined,
  clientKey: string,
  nextFrame?: string,
) => TestClient;

export interface Target {
  readonly port: number;
  readonly grpcPort: number;
}

export const connectWs: Connect = ({ port }, sessionToken, clientKey, nextFrame) => {
  const protocols = ['meridian.v1', `client.${clientKey}`];
  if (sessionToken !== undefined) protocols.push(`token.${sessionToken}`);
  if (nextFrame !== undefined) protocols.push(`next.${nextFrame}`);
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/v1/play`, protocols);
  const got: Received[] = [];
  socket.on('message', (data: Buffer) => got.push(received(data)));
  socket.on('error', () => undefined);
  const ended = new Promise<readonly [number, string]>((resolve, reject) => {
    socket.on('close', (code, reason) => resolve([code, String(reason)]));
    socket.on('unexpected-response', (_request, response) => {
      json(response).then((body) => resolve([Number(body['status']), String(body['code'])]), reject);
    });
  });
  return {
    received: got,
    send: (message) =>
      socket.readyState === socket.OPEN
        ? socket.send(message)
        : socket.once('open', () => socket.send(message)),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    leave: () => socket.terminate(),
    ended,
  };
};

const json = async (stream: Readable): Promise<Record<string, unknown>> =>
  JSON.parse(Buffer.concat(await stream.toArray()).toString()) as Record<string, unknown>;

const asIs = (bytes: Buffer): Buffer => bytes;

/** Streams of one `Client` share an HTTP/2 connection. */
export const connectGrpcOver =
  (client: Client): Connect =>
  (_target, sessionToken, clientKey, nextFrame) => {
    const metadata = new Metadata();
    metadata.set('meridian-client-key', clientKey);
    if (sessionToken !== undefined) metadata.set('authorization', `Bearer ${sessionToken}`);
    if (nextFrame !== undefined) metadata.set('meridian-next-frame', nextFrame);
    const call = client.makeBidiStreamRequest(PLAY, asIs, asIs, metadata);
    const got: Received[] = [];
    call.on('data', (bytes: Buffer) => got.push(received(bytes)));
    call.on('error', () => undefined);
    const ended = new Promise<readonly [number, string]>((resolve) => {
      call.on('status', ({ code, metadata: trailers }: StatusObject) =>
        resolve([code, String(trailers.get('meridian-code')[0] ?? '')]),
      );
    });
    return {
      received: got,
      send: (message) => call.write(Buffer.from(message)),
      pause: () => call.pause(),
      resume: () => call.resume(),
      leave: () => call.cancel(),
      ended,
    };
  };

const PLAY = '/meridian.public.v1.SessionStreamService/Play';

export const grpcClient = ({ grpcPort }: Target): Client =>
  new Client(`127.0.0.1:${String(grpcPort)}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  });

export const frames = (client: TestClient): Frame[] =>
  client.received.flatMap(({ response: { message } }) => (message?.$case === 'frame' ? [message.value] : []));

export const notices = (client: TestClient): Notice[] =>
  client.received.flatMap(({ response: { message } }) =>
    message?.$case === 'notice' ? [message.value] : [],
  );

/** The newest message is a frame of this epoch: cheap to ask at every turn, however many there were. */
export function isAt(client: TestClient, epoch: number): boolean {
  const message = client.received.at(-1)?.response.message;
  return message?.$case === 'frame' && message.value.epoch === epoch;
}

/** Waits until it holds, looking at every turn of the event loop; the test's own timeout ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
