// The same contract for every pair of peers: ours to ours, ours to node:http2, node:http2 to ours, with TLS and without.
import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { dial, listen, until } from './testing/pair.ts';
import { ErrorCode } from './errors.ts';
import type { HeaderField } from './hpack/header-field.ts';
import type { Http2Stream } from './stream.ts';

const OK: readonly HeaderField[] = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
];
const REQUEST: readonly HeaderField[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/echo'],
  [':authority', 'localhost'],
  ['authorization', `Bearer ${'x'.repeat(700)}`],
];
const END: readonly HeaderField[] = [['grpc-status', '0']];

/** What one exchange comes to, whoever the peers are. */
interface Exchange {
  readonly body: Buffer;
  readonly status: string | undefined;
  readonly trailer: string | undefined;
}

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

function echo(stream: Http2Stream): void {
  stream.respond(OK);
  stream.consume({
    onData: (chunk, start, end) => stream.write(Buffer.from(chunk.subarray(start, end))),
    onEnd: () => stream.end(END),
    onClose: () => undefined,
  });
}

async function ourServer(): Promise<number> {
  const { server, port } = await listen({ onStream: echo });
  cleanUps.push(() => {
    server.stopAccepting();
    server.close();
  });
  return port;
}

async function nodeServer(): Promise<number> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function throughOurClient(port: number, body: Buffer): Promise<Exchange> {
  const connection = dial(port);
  cleanUps.push(() => connection.destroy());
  const stream = connection.open(REQUEST);
  const chunks: Buffer[] = [];
  const headers = new Map<string, string>();
  return new Promise((resolve, reject) => {
    stream.consume({
      onData: (chunk, start, end) => chunks.push(Buffer.from(chunk.subarray(start, end))),
      onHeaders: (more) => more.forEach((value, name) => headers.set(name, value)),
      onClose: (error) =>
        error
          ? reject(error)
          : resolve({
              body: Buffer.concat(chunks),
              status: headers.get(':status'),
              trailer: headers.get('grpc-status'),
            }),
    });
    stream.write(body);
    stream.end();
  });
}

async function throughNodeClient(port: number, body: Buffer): Promise<Exchange> {
  const session = connect(`http://127.0.0.1:${String(port)}`);
  cleanUps.push(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': '/echo' });
  const heard: Record<string, unknown> = {};
  stream.on('response', (headers) => Object.assign(heard, headers));
  stream.on('trailers', (headers) => Object.assign(heard, headers));
  stream.end(body);
  const chunks = (await stream.toArray()) as Buffer[];
  if (!stream.closed) await once(stream, 'close');
  return {
    body: Buffer.concat(chunks),
    status: String(heard[':status']),
    trailer: String(heard['grpc-status']),
  };
}

describe.each([
  ['our client and our server', throughOurClient, ourServer],
  ['our client and node:http2', throughOurClient, nodeServer],
  ['node:http2 and our server', throughNodeClient, ourServer],
])('%s', (_pair, exchange, serve) => {
  it.each([1, 20_000, 16_384, 65_535, 70_000, 5_000_000])('carry %i bytes there and back', async (bytes) => {
    const body = randomBytes(bytes);
    const answer = await exchange(await serve(), body);
    expect(answer.body.equals(body)).toBe(true);
    expect([answer.status, answer.trailer]).toEqual(['200', '0']);
  });
});

it('carries ten thousand streams, one after another, on one connection', async () => {
  let open = 0;
  const { server, port } = await listen({
    onStream: (stream) => {
      open += 1;
      stream.consume({ onData: () => undefined, onClose: () => (open -= 1) });
      stream.respond([...OK, ...END], true);
    },
  });
  const connection = dial(port);
  let ended = 0;
  for (let each = 0; each < 10_000; each += 1) {
    const stream = connection.open(REQUEST);
    await new Promise<void>((resolve) =>
      stream.consume({
        onData: () => undefined,
        onClose: () => {
          ended += 1;
          resolve();
        },
      }),
    );
  }
  expect([ended, open, connection.streamsOpen]).toEqual([10_000, 0, 0]);
  connection.destroy();
  server.stopAccepting();
  server.close();
}, 60_000);

it('sends nothing to a client that never reads beyond its window, and goes on when it does', async () => {
  let stream: Http2Stream | undefined;
  const { server, port } = await listen({ onStream: (opened) => (stream = opened) });
  const connection = dial(port, { streamWindowBytes: 64 * 1024 });
  const reading = connection.open(REQUEST);
  await until(() => stream !== undefined);
  stream?.respond(OK);
  let flushed = 0;
  stream?.write(Buffer.alloc(60_000), () => (flushed += 1));
  await until(() => flushed === 1);
  stream?.write(Buffer.alloc(60_000), () => (flushed += 1));
  await new Promise((resolve) => connection.ping(() => resolve(undefined)));
  expect([flushed, stream?.isIdle]).toEqual([1, false]);
  let received = 0;
  reading.consume({ onData: (_chunk, start, end) => (received += end - start), onClose: () => undefined });
  await until(() => received === 120_000);
  expect(flushed).toBe(2);
  connection.destroy();
  server.stopAccepting();
  server.close();
});

it('has with the kernel what was said while bytes were read, before anything else is done', async () => {
  const order: string[] = [];
  const { server, port } = await listen({
    onStream: (stream) =>
      stream.consume({
        onData: () => {
          process.nextTick(() => order.push('another tick'));
          stream.write(Buffer.alloc(20_000), () => order.push('flushed'));
        },
        onClose: () => undefined,
      }),
  });
  const connection = dial(port);
  const stream = connection.open(REQUEST);
  await new Promise((resolve) => connection.ping(() => resolve(undefined)));
  stream.write(Buffer.alloc(1));
  await until(() => order.length === 2);
  expect(order).toEqual(['flushed', 'another tick']);
  connection.destroy();
  server.stopAccepting();
  server.close();
});

it('tells the other side why a stream was reset, and hands back what was not sent', async () => {
  const { server, port } = await listen({ onStream: (stream) => stream.reset(ErrorCode.REFUSED_STREAM) });
  const connection = dial(port);
  const stream = connection.open(REQUEST);
  const error = await new Promise<Error | undefined>((resolve) =>
    stream.consume({ onData: () => undefined, onClose: resolve }),
  );
  expect(error?.message).toContain('REFUSED_STREAM');
  const lost = await new Promise<unknown>((resolve) => stream.write(Buffer.alloc(1), resolve));
  expect(lost).toBeInstanceOf(Error);
  connection.destroy();
  server.stopAccepting();
  server.close();
});

it('says its last words to all streams before it goes', async () => {
  const streams: Http2Stream[] = [];
  const { server, port } = await listen({
    onStream: (stream) => {
      streams.push(stream);
      stream.respond(OK);
      stream.consume({ onData: () => undefined, onClose: () => undefined });
    },
  });
  const going = { told: false };
  const connection = dial(port, { onGoAway: () => (going.told = true) });
  const said: (string | undefined)[] = [];
  const ended = [1, 2, 3].map(
    () =>
      new Promise<void>((resolve) => {
        connection.open(REQUEST).consume({
          onData: () => undefined,
          onHeaders: (headers) => headers.has('grpc-status') && said.push(headers.get('grpc-status')),
          onClose: () => resolve(),
        });
      }),
  );
  await until(() => streams.length === 3);
  server.stopAccepting();
  for (const stream of streams) stream.end([['grpc-status', '14']]);
  server.close();
  await Promise.all(ended);
  expect([said, going.told]).toEqual([['14', '14', '14'], true]);
  await until(() => connection.isClosed && server.connectionsOpen === 0);
});

it('closes a connection that cannot be made, and its streams', async () => {
  const { server, port } = await listen({ onStream: () => undefined });
  server.server.close();
  await once(server.server, 'close');
  const stream = dial(port).open(REQUEST);
  const error = await new Promise<Error | undefined>((resolve) =>
    stream.consume({ onData: () => undefined, onClose: resolve }),
  );
  expect(error?.message).toContain('ECONNREFUSED');
});
