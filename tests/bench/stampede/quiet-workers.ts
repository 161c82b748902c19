// Workers that cost next to nothing: each session has one small frame a second. They believe every token, and keep the book
// that this bench is about: at which worker and epoch each session was ever served. One process, a port for each worker.
import { Codec, Notice, NoticeKind, PlayResponse } from '@meridian/protocol';
import { Envelope } from '@meridian/worker-client';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';

/** What the parent asks for, by any message. */
export interface Book {
  readonly sessions: number;
  /** Streams open now. */
  readonly streams: number;
  /** Sessions that were ever served at more than one worker or epoch. */
  readonly placedTwice: number;
}

interface Session {
  /** Worker and epoch. */
  readonly places: Set<string>;
  nextFrame: number;
  stream: ServerHttp2Stream | undefined;
}

const FRAME_MS = 1_000;
const STATE = Buffer.alloc(1_000);
const IMAGE = Buffer.alloc(2_000);
const ABORTED = '10';
const sessions = new Map<string, Session>();

const framed = (message: PlayResponse['message']): Buffer =>
  Envelope.of(PlayResponse.encode({ message, gatewaySentUs: 0 }).finish()).framed;

function greeting({ nextFrame, places }: Session, epoch: number): Buffer {
  const kind = places.size === 1 && nextFrame > 0 ? NoticeKind.RESUMED : NoticeKind.STARTED;
  return framed({
    $case: 'notice',
    value: Notice.fromPartial({ kind, epoch, nextFrameNumber: nextFrame }),
  });
}

function frame(number: number, epoch: number): Buffer {
  const nowUs = Math.round((performance.timeOrigin + performance.now()) * 1_000);
  const times = { actionReceivedUs: 0, stepStartedUs: nowUs, stepEndedUs: nowUs, encodedUs: nowUs };
  const picture = { keyframe: true, codec: Codec.JPEG, width: 128, height: 72, image: IMAGE };
  const action = { lastActionSeq: 0, lastActionDevice: 0, actionGatewayUs: 0 };
  return framed({ $case: 'frame', value: { number, epoch, ...picture, ...action, ...times } });
}

const checkpoint = (frameNumber: number, epoch: number): Buffer =>
  framed({
    $case: 'checkpoint',
    value: {
      ...{ model: 'quiet', modelVersion: '1', epoch, frameNumber, lastActionSeq: 0, state: STATE },
      ...{ action: undefined, format: undefined, deviceSeqs: [], actionDevice: 0 },
    },
  });

function serve(worker: number, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const token = String(headers.authorization).slice('Bearer '.length);
  const { sub = '', mer } = decodeJwt<{ mer: { epoch: number } }>(token);
  const session = sessions.get(sub) ?? { places: new Set(), nextFrame: 0, stream: undefined };
  sessions.set(sub, session);
  session.places.add(`${worker}@${mer.epoch}`);
  if (session.stream) close(session.stream, 'taken_over');
  session.stream = stream;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
  stream.on('error', () => undefined).resume();
  stream.write(greeting(session, mer.epoch));
  const step = () => {
    stream.write(frame(session.nextFrame, mer.epoch));
    session.nextFrame += 1;
  };
  step();
  stream.write(checkpoint(session.nextFrame - 1, mer.epoch));
  const timer = setInterval(step, FRAME_MS);
  stream.once('close', () => {
    clearInterval(timer);
    if (session.stream === stream) session.stream = undefined;
  });
}

function close(stream: ServerHttp2Stream, code: string): void {
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': ABORTED, 'meridian-code': code }));
  stream.end();
}

async function listen(worker: number): Promise<number> {
  const server = createServer();
  server.on('session', (connection) => connection.on('error', () => undefined));
  server.on('stream', (stream, headers) => serve(worker, stream, headers));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function book(): Book {
  const all = [...sessions.values()];
  return {
    sessions: all.length,
    streams: all.filter(({ stream }) => stream !== undefined).length,
    placedTwice: all.filter(({ places }) => places.size > 1).length,
  };
}

const workers = Number(process.argv[2]);
const ports = await Promise.all(Array.from({ length: workers }, (_unused, worker) => listen(worker)));
process.on('message', () => process.send?.(book()));
process.once('disconnect', () => process.exit());
process.send?.({ ports });
