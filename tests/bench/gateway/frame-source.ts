// The worker of the bench: answers every stream with 25 frames a second of 20 kB, each stream at a phase of its own. With
// the argument `idle` a stream gets one frame and then nothing. A process by itself, so that its CPU is not the relay's.
import { Codec, Frame, PlayResponse } from '@meridian/protocol';
import { Envelope } from '@meridian/worker-client';
import { randomBytes } from 'node:crypto';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

const FRAME_MS = 40;
const IMAGE_BYTES = 20_000;
const image = randomBytes(IMAGE_BYTES);
const isIdle = process.argv[2] === 'idle';

function frame(number: number): Buffer {
  const nowUs = Math.round((performance.timeOrigin + performance.now()) * 1_000);
  const times = { actionReceivedUs: nowUs, stepStartedUs: nowUs, stepEndedUs: nowUs, encodedUs: nowUs };
  const size = { width: 128, height: 72, codec: Codec.JPEG };
  const value = Frame.fromPartial({ number, keyframe: true, epoch: 1, image, ...size, ...times });
  return Envelope.of(PlayResponse.encode({ message: { $case: 'frame', value }, gatewaySentUs: 0 }).finish())
    .framed;
}

function play(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' });
  stream.on('error', () => undefined).resume();
  if (isIdle) return void stream.write(frame(1));
  let number = 0;
  const start = setTimeout(() => {
    const timer = setInterval(() => stream.write(frame((number += 1))), FRAME_MS);
    stream.once('close', () => clearInterval(timer));
  }, Math.random() * FRAME_MS);
  stream.once('close', () => clearTimeout(start));
}

const server = createServer({ settings: { initialWindowSize: 1024 * 1024 } });
server.on('session', (session) => session.on('error', () => undefined));
server.on('stream', play);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());
