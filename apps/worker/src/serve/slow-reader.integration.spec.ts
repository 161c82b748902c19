import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { FakeFleet, tokenMint, type TokenMint } from '@meridian/conformance';
import { Codec, PlayRequest } from '@meridian/protocol';
import { createLogger } from '@meridian/telemetry';
import { writeTinyModel } from '@meridian/world-model/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readConfig } from '../config.ts';
import { startWorker, type RunningWorker } from '../worker.ts';

jest.setTimeout(60_000);

const SECRET = 's'.repeat(32);
const SESSIONS = 3;
/** Of the largest frames that can be asked for: 3 MB each, so that one too many is seen. */
const LARGEST = { codec: Codec.RAW_RGB, width: 1_024, height: 1_024, quality: 0 };

let modelDir: string;
let mint: TokenMint;
let fleet: FakeFleet;
let worker: RunningWorker;
const readers: ClientHttp2Session[] = [];

beforeAll(async () => {
  process.env['LOG_LEVEL'] = 'silent';
  modelDir = await mkdtemp(join(tmpdir(), 'meridian-reader-'));
  await writeTinyModel(modelDir);
  mint = await tokenMint();
  fleet = new FakeFleet(SECRET, mint.jwksJson);
  await fleet.start();
  const config = readConfig({
    REGION: 'us-east',
    WORKER_ID: 'us-east-1',
    CONTROL_PLANE_GRPC: fleet.address,
    FLEET_SECRET: SECRET,
    MODEL_DIR: modelDir,
    SLOTS: String(SESSIONS),
  });
  worker = await startWorker(config, createLogger('worker'));
  await fleet.heard(() => true);
});

afterAll(async () => {
  readers.forEach((reader) => reader.destroy());
  await worker.close();
  fleet.stop();
  await rm(modelDir, { recursive: true });
});

/** Plays, asks for the largest frames, and reads nothing: HTTP/2 holds the worker back after 64 KiB. */
async function openSilent(sessionId: string): Promise<void> {
  const reader = connect(`http://127.0.0.1:${worker.port}`);
  reader.on('error', () => undefined);
  readers.push(reader);
  const stream = reader.request(
    {
      ':method': 'POST',
      ':path': '/meridian.worker.v1.WorkerService/Serve',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${await mint.token({ sessionId, workerId: 'us-east-1' })}`,
      'meridian-client-key': 'client-key-0123456789',
    },
    { endStream: false },
  );
  stream.on('error', () => undefined);
  stream.pause();
  const format = { $case: 'format', value: LARGEST } as const;
  const message = PlayRequest.encode({ message: format, device: 0, gatewayReceivedUs: 0 }).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.write(Buffer.concat([prefix, message]));
}

const framesSent = ({ sessions }: { readonly sessions: readonly { readonly frames: number }[] }): number =>
  sessions.reduce((sum, { frames }) => sum + frames, 0);

async function beats(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await fleet.heard(() => true);
}

/** Live bytes of the whole process, its model and this test's own ends of the streams included. */
async function liveBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What native code has made is let go of after a collection, and by the next turn of the loop.
  for (let i = 0; i < 2; i += 1) {
    collect();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it('costs no more for readers that read nothing than the worker has said', async () => {
  const { sessionBytesMax = 0 } = fleet.registrations[0]?.describe ?? {};
  expect(sessionBytesMax).toBeGreaterThan(3 * 1_024 * 1_024 * 3);
  const before = await liveBytes();
  for (let i = 0; i < SESSIONS; i += 1) await openSilent(`ses_silent${i}`);
  await fleet.heard(({ sessions }) => sessions.length === SESSIONS);
  // Until everything that can be kept is.
  await fleet.heard(({ sessions }) => sessions.every(({ frames }) => frames > 0));
  await beats(20);
  const sent = framesSent(await fleet.heard(() => true));
  // The least of several: what waits to be collected comes and goes, a queue would only grow.
  let held = Infinity;
  for (let i = 0; i < 4; i += 1) {
    await beats(10);
    held = Math.min(held, (await liveBytes()) - before);
  }
  // Steps have gone on, 25 a second for each, and nothing more was handed over.
  expect(framesSent(await fleet.heard(() => true))).toBe(sent);
  expect(held).toBeGreaterThan(SESSIONS * 3 * 1_024 * 1_024);
  expect(held).toBeLessThanOrEqual(SESSIONS * sessionBytesMax);
});
