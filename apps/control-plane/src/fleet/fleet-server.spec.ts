import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectHttp2, type HeaderField, type Http2Connection } from '@meridian/http2';
import { FleetServiceService, HeartbeatRequest, HeartbeatResponse } from '@meridian/protocol/worker';
import { Envelope, MessageSplitter, fromTrailers } from '@meridian/worker-client';
import { pino } from 'pino';
import { createControlPlaneMetrics } from '../metrics.ts';
import { FleetError } from './fleet-error.ts';
import { FleetServer } from './fleet-server.ts';

const HEARTBEAT = FleetServiceService.heartbeat.path;
const framed = (workerId: string): Buffer =>
  Envelope.of(HeartbeatRequest.encode(HeartbeatRequest.fromPartial({ workerId })).finish()).framed;

/** How a call ended: gRPC's status and Meridian's code, or what HTTP said. */
interface Ended {
  readonly http: string | undefined;
  readonly code: number | undefined;
  readonly meridianCode: string | undefined;
  readonly answer: HeartbeatResponse | undefined;
}

describe('the fleet server', () => {
  let server: FleetServer;
  let connection: Http2Connection;
  let port: number;
  let lines: Record<string, unknown>[];
  /** What the service does with the worker of a heartbeat. */
  let handle: (workerId: string) => Promise<void>;

  beforeEach(async () => {
    lines = [];
    handle = () => Promise.resolve();
    const never = () => Promise.reject(new Error('not asked here'));
    const service = {
      register: never,
      replace: never,
      heartbeat: async (_headers: unknown, { workerId }: HeartbeatRequest) => {
        await handle(workerId);
        return HeartbeatResponse.fromPartial({ acknowledgedSessionIds: [workerId], drain: true });
      },
    };
    const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
    server = new FleetServer(service, createControlPlaneMetrics(), logger);
    port = await server.listen('127.0.0.1', 0);
    connection = dial();
  });
  afterEach(async () => {
    connection.destroy();
    await server.close();
  });

  const dial = (): Http2Connection =>
    connectHttp2(`127.0.0.1:${port}`, {
      ...{ dialTimeoutMs: 2_000, keepAliveMs: 60_000, streamWindowBytes: 65_536 },
      ...{ connectionWindowBytes: 65_536, onGoAway: () => undefined, onClose: () => undefined },
    });

  function call(chunks: readonly Buffer[], over: readonly HeaderField[] = []): Promise<Ended> {
    const fields = new Map<string, string>([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', HEARTBEAT],
      [':authority', 'localhost'],
      ['content-type', 'application/grpc'],
      ...over,
    ]);
    const stream = connection.open([...fields]);
    const headers = new Map<string, string>();
    const splitter = new MessageSplitter(65_536);
    let answer: HeartbeatResponse | undefined;
    return new Promise((resolve) => {
      stream.consume({
        onHeaders: (more) => more.forEach((value, name) => headers.set(name, value)),
        onData: (chunk, start, end) =>
          splitter.push(chunk, start, end, ({ message }) => (answer = HeartbeatResponse.decode(message))),
        onClose: () => {
          const { code, meridianCode } = fromTrailers(headers) ?? {};
          resolve({ http: headers.get(':status'), code, meridianCode, answer });
        },
      });
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
    });
  }

  it('answers a call, in however many pieces it comes', async () => {
    const bytes = framed('us-east-1');
    for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.of(byte))]) {
      expect(await call(chunks)).toMatchObject({
        http: '200',
        code: 0,
        answer: { acknowledgedSessionIds: ['us-east-1'], drain: true },
      });
    }
  });

  it.each([
    ['a method that is not there', [framed('a')], [[':path', '/meridian.worker.v1.FleetService/Sing']], 12],
    ['a compressed message', [Buffer.of(1, 0, 0, 0, 1, 0)], [], 12],
    ['no message', [], [], 13],
    ['two messages', [framed('a'), framed('b')], [], 13],
    ['half of one', [framed('us-east-1').subarray(0, 9)], [], 13],
    ['bytes that are none', [Buffer.of(0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0x07)], [], 13],
    ['a message above 1 MiB', [Buffer.of(0, 0, 0x20, 0, 0)], [], 8],
  ] as [string, Buffer[], HeaderField[], number][])('refuses %s', async (_what, chunks, over, code) => {
    expect(await call(chunks, over)).toMatchObject({ http: '200', code, answer: undefined });
    expect(lines.filter(({ level }) => Number(level) > 20)).toEqual([]);
    expect((await call([framed('us-east-1')])).code).toBe(0);
  });

  it('refuses what is no gRPC', async () => {
    expect(await call([framed('a')], [['content-type', 'application/json']])).toMatchObject({ http: '415' });
    expect(await call([], [[':method', 'GET']])).toMatchObject({ http: '415' });
  });

  it('says with which code a call was refused, and notes who asked', async () => {
    handle = () => Promise.reject(new FleetError('unknown_worker', 'Register again.'));
    expect(await call([framed('a')])).toMatchObject({ code: 5, meridianCode: 'unknown_worker' });
    const peer = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
    expect(lines).toMatchObject([
      { method: 'heartbeat', code: 'unknown_worker', reason: 'Register again.', peer },
    ]);
  });

  it('says nothing of a bug to the caller, and all of it to the log', async () => {
    handle = () => Promise.reject(new TypeError('x is not a function'));
    expect(await call([framed('a')])).toMatchObject({ code: 13, meridianCode: 'internal_error' });
    expect(lines).toMatchObject([{ level: 50, err: { message: 'x is not a function' } }]);
  });

  it('lets a call in progress end when it closes, and takes no more', async () => {
    const begun = new Promise<() => void>((isBegun) => {
      handle = () => new Promise((goOn) => isBegun(goOn));
    });
    const last = call([framed('us-east-1')]);
    const goOn = await begun;
    const closed = server.close();
    goOn();
    expect((await last).answer?.acknowledgedSessionIds).toEqual(['us-east-1']);
    await closed;
    connection = dial();
    expect(await call([framed('us-east-2')])).toMatchObject({ http: undefined, answer: undefined });
  });
});
