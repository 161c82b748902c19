// The worker of the bench: answers every stream with 25 frames a second of 20 kB, each stream at a phase of its own. With
// the argument `idle` a stream gets one frame and then nothing. A process by itself, so that its CPU is not the relay's.
// What it does at its own cost is in everybody's delays: so the image is not copied (the garbage of that stopped it for
// 5 ms at a time), and a frame is due 40 ms after the one before was due, not after it was sent (else each stop would
// gather streams into one burst for good).
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Codec, Frame } from '@meridian/protocol';
import { randomBytes } from 'node:crypto';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

const FRAME_MS = 40;
const IMAGE_BYTES = 20_000;
const PREFIX_BYTES = 5;
/** Phases by it are spread evenly, however many streams there are, and alike in every turn. */
const GOLDEN_RATIO = 0.618_034;
const FRAME_FIELD = 1;
/** The image as the last field of a `Frame`. */
const IMAGE = Frame.encode(Frame.fromPartial({ image: randomBytes(IMAGE_BYTES) })).finish();
const isIdle = process.argv[2] === 'idle';
let streams = 0;

/** The gRPC message up to the image: prefix, the head of `PlayResponse.frame`, the frame's other fields. */
function beforeImage(number: number): Buffer {
  const nowUs = Math.round((performance.timeOrigin + performance.now()) * 1_000);
  const times = { actionReceivedUs: nowUs, stepStartedUs: nowUs, stepEndedUs: nowUs, encodedUs: nowUs };
  const size = { width: 128, height: 72, codec: Codec.JPEG };
  const fields = Frame.encode(
    Frame.fromPartial({ number, keyframe: true, epoch: 1, ...size, ...times }),
  ).finish();
  const message = new BinaryWriter()
    .tag(FRAME_FIELD, WireType.LengthDelimited)
    .uint32(fields.length + IMAGE.length)
    .raw(fields)
    .finish();
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length + IMAGE.length, 1);
  return Buffer.concat([prefix, message]);
}

function send(stream: ServerHttp2Stream, number: number): void {
  stream.cork();
  stream.write(beforeImage(number));
  stream.write(IMAGE);
  stream.uncork();
}

function play(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' });
  stream.on('error', () => undefined).resume();
  if (isIdle) return send(stream, 1);
  streams += 1;
  let number = 0;
  let dueMs = performance.now() + ((streams * GOLDEN_RATIO) % 1) * FRAME_MS;
  let timer: NodeJS.Timeout;
  const wait = () => {
    timer = setTimeout(next, Math.max(0, dueMs - performance.now()));
  };
  const next = () => {
    send(stream, (number += 1));
    dueMs += FRAME_MS;
    wait();
  };
  wait();
  stream.once('close', () => clearTimeout(timer));
}

const server = createServer({ settings: { initialWindowSize: 1024 * 1024 } });
server.on('session', (session) => session.on('error', () => undefined));
server.on('stream', play);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());
