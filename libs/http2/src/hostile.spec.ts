// Peers that mean no good: what they get, and what they can make us keep.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorCode } from './errors.ts';
import { Flag, FrameType, PREFACE, frame, rstStream, windowUpdate } from './frames.ts';
import { encodeHeaders } from './hpack/encoder.ts';
import type { Http2Server } from './server.ts';
import type { Http2Stream } from './stream.ts';
import { RawClient, dial, listen, until } from './testing/pair.ts';

const BLOCK = encodeHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
]);
const headers = (streamId: number, flags: number = Flag.END_HEADERS) =>
  frame(FrameType.HEADERS, flags, streamId, BLOCK);

let server: Http2Server;
let port: number;
let streams: Http2Stream[];
let client: RawClient;
let answer: (stream: Http2Stream) => void;

beforeEach(async () => {
  streams = [];
  answer = () => undefined;
  ({ server, port } = await listen({
    onStream: (stream) => {
      streams.push(stream);
      answer(stream);
      stream.consume({ onData: () => undefined, onClose: () => undefined });
    },
    keepAliveMs: 100,
  }));
  client = new RawClient(port);
  // It answers pings for as long as it has its say.
  client.send(windowUpdate(0, 1));
});

afterEach(() => {
  client.socket.destroy();
  server.stopAccepting();
  server.close();
});

/** Sends the same again and again until the server has enough. */
async function flood(frames: (turn: number) => Buffer): Promise<number | undefined> {
  for (
    let turn = 0;
    turn < 60_000 && client.goAwayCode === undefined && !client.socket.destroyed;
    turn += 1
  ) {
    client.send(frames(turn));
    if (turn % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.race([client.closed, until(() => client.goAwayCode !== undefined)]);
  return client.goAwayCode;
}

describe('a client is sent away that floods with', () => {
  it.each([
    [
      'streams that it resets at once (CVE-2023-44487)',
      (turn: number) => Buffer.concat([headers(2 * turn + 1), rstStream(2 * turn + 1, ErrorCode.CANCEL)]),
    ],
    ['pings', () => frame(FrameType.PING, 0, 0, Buffer.alloc(8))],
    ['settings', () => frame(FrameType.SETTINGS, 0, 0)],
    ['priorities', () => frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5))],
    ['frames of no known type', () => frame(0xfe, 0, 0)],
    ['empty DATA', (turn: number) => (turn === 0 ? headers(1) : frame(FrameType.DATA, 0, 1))],
    [
      'CONTINUATION (CVE-2024-27316)',
      (turn: number) => (turn === 0 ? headers(1, 0) : frame(FrameType.CONTINUATION, 0, 1)),
    ],
    ['streams that are refused', (turn: number) => headers(2 * turn + 1)],
  ])('%s', async (_what, frames) => {
    expect(await flood(frames)).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    await client.closed;
  });
});

it('refuses the 101st stream, and serves the others', async () => {
  client.send(...Array.from({ length: 150 }, (_, at) => headers(2 * at + 1)));
  await until(() => client.frames.filter(({ type }) => type === FrameType.RST_STREAM).length === 50);
  expect(streams.length).toBe(100);
  const codes = client.frames
    .filter(({ type }) => type === FrameType.RST_STREAM)
    .map(({ payload }) => payload.readUInt32BE());
  expect(new Set(codes)).toEqual(new Set([ErrorCode.REFUSED_STREAM]));
  // What was on its way to a refused stream does no harm.
  client.send(
    frame(FrameType.DATA, 0, 201, Buffer.alloc(10)),
    frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 203, BLOCK),
  );
  streams[0]?.respond([[':status', '200']], true);
  await until(() => client.frames.some(({ type }) => type === FrameType.HEADERS));
});

it('refuses headers above 16 kB, and the connection goes on', async () => {
  const large = encodeHeaders([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/'],
    ['x', 'y'.repeat(16_300)],
  ]);
  client.send(
    frame(FrameType.HEADERS, 0, 1, large.subarray(0, 16_000)),
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, large.subarray(16_000)),
  );
  client.send(headers(3));
  await until(() => streams.length === 1);
  await until(() =>
    client.frames.some(({ type, streamId }) => type === FrameType.RST_STREAM && streamId === 1),
  );
});

it('cuts a client that goes on asking and takes no answers', async () => {
  answer = (stream) =>
    stream.respond(
      [
        [':status', '200'],
        ['x', 'y'.repeat(4_000)],
      ],
      true,
    );
  client.socket.pause();
  // Kernel buffers have some megabytes of room for answers.
  for (let id = 1; server.connectionsOpen > 0 && id < 50_000; id += 2) {
    client.send(headers(id, Flag.END_HEADERS | Flag.END_STREAM));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(server.connectionsOpen).toBe(0);
});

it('notices within two intervals that a client gives no sign of life', async () => {
  const fromMs = performance.now();
  await client.closed;
  expect(performance.now() - fromMs).toBeLessThan(2_000);
});

it('keeps a client that answers pings, however long it asks for nothing', async () => {
  const connection = dial(port);
  await client.closed;
  expect(connection.isClosed).toBe(false);
  connection.destroy();
});

it('never throws past the connection, whatever comes behind the preface', async () => {
  const valid = fc.constantFrom(
    headers(1),
    headers(3),
    windowUpdate(1, 5),
    frame(FrameType.DATA, 0, 1, Buffer.alloc(9)),
    rstStream(1, 8),
    frame(FrameType.SETTINGS, 0, 0),
  );
  const anyFrame = fc
    .tuple(
      fc.integer({ min: 0, max: 11 }),
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0, 1, 2, 3, 5),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([type, flags, streamId, payload]) => frame(type, flags, streamId, payload));
  const garbage = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(valid, anyFrame, garbage), { maxLength: 12 }), async (frames) => {
      const raw = new RawClient(port);
      raw.send(...frames);
      raw.socket.end();
      await raw.closed;
    }),
    { numRuns: 200 },
  );
  const after = dial(port);
  await until(() => after.hasSettings);
  after.destroy();
  await until(() => server.connectionsOpen === 0);
}, 30_000);

it('cuts at once who speaks no HTTP/2', async () => {
  const raw = new RawClient(port, false);
  raw.send(Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
  await raw.closed;
  const half = new RawClient(port, false);
  half.send(PREFACE.subarray(0, 10));
  half.socket.end();
  await half.closed;
});
