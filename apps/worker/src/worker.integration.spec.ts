import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { Codec, NoticeKind } from '@meridian/protocol';
import { SessionActivity, type WorkerServiceClient } from '@meridian/protocol/worker';
import { createLogger } from '@meridian/telemetry';
import { writeTinyModel } from '@meridian/world-model/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { readConfig } from './config.ts';
import { FakeFleet } from './testing/fake-fleet.ts';
import { bearer, PlayStream, workerClient, type PlayOptions } from './testing/play-client.ts';
import { tokenMint, type TestClaims, type TokenMint } from './testing/token-mint.ts';
import { startWorker, type RunningWorker } from './worker.ts';

// Real sockets and a real model, perhaps on a busy machine.
jest.setTimeout(30_000);

const SECRET = 's'.repeat(32);
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

let modelDir: string;
let mint: TokenMint;
let fleet: FakeFleet;
let worker: RunningWorker;
let client: WorkerServiceClient;
/** Those of the test; the first one is everybody's. */
let workers: RunningWorker[] = [];
/** Streams of the test, and the sessions that they opened with their epochs. */
let streams: PlayStream[];
let opened: Map<string, number>;
let tests = 0;
/** The session of the test, unless it says otherwise. */
let own: string;

async function startTestWorker(id: string, controlPlane = fleet): Promise<RunningWorker> {
  const config = readConfig({
    REGION: 'us-east',
    WORKER_ID: id,
    CONTROL_PLANE_GRPC: controlPlane.address,
    FLEET_SECRET: SECRET,
    MODEL_DIR: modelDir,
    METRICS_PORT: '0',
  });
  const started = await startWorker(config, createLogger('worker'));
  workers.push(started);
  await controlPlane.heard(({ workerId }) => workerId === id);
  return started;
}

beforeAll(async () => {
  process.env['LOG_LEVEL'] = 'silent';
  modelDir = await mkdtemp(join(tmpdir(), 'meridian-worker-'));
  await writeTinyModel(modelDir);
  mint = await tokenMint();
  fleet = new FakeFleet(SECRET, mint.jwksJson);
  await fleet.start();
  worker = await startTestWorker('us-east-1');
  client = workerClient(worker.port);
});

afterAll(async () => {
  client.close();
  await worker.close();
  fleet.stop();
  await rm(modelDir, { recursive: true });
});

beforeEach(() => {
  tests += 1;
  [streams, opened, own, workers] = [[], new Map(), `ses_${tests}`, []];
});

/** Nothing of a test is left: no slot is held by what was refused, or by what has ended. */
afterEach(async () => {
  for (const [sessionId, epoch] of opened) await end({ sessionId, epoch });
  streams.forEach((stream) => stream.call.cancel());
  await Promise.all(workers.map((started) => started.close()));
  fleet.drain = false;
  await fleet.heard(({ workerId, sessions }) => workerId === 'us-east-1' && sessions.length === 0);
});

interface Playing extends Partial<TestClaims>, PlayOptions {
  readonly to?: WorkerServiceClient;
}

async function play({
  to = client,
  token,
  clientKey,
  checkpoint,
  nextFrame,
  ...claims
}: Playing = {}): Promise<PlayStream> {
  const all = { sessionId: own, workerId: 'us-east-1', ...claims };
  const options = {
    token: token ?? (await mint.token(all)),
    ...(clientKey !== undefined && { clientKey }),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(nextFrame !== undefined && { nextFrame }),
  };
  const stream = new PlayStream(to, options);
  streams.push(stream);
  if (to === client) opened.set(all.sessionId, Math.max(all.epoch ?? 1, opened.get(all.sessionId) ?? 1));
  return stream;
}

const frames = (count: number) => (stream: PlayStream) => stream.frames.length >= count;
const reportOf = (sessionId: string, activity: SessionActivity) =>
  fleet
    .heard(({ sessions }) =>
      sessions.some((session) => session.sessionId === sessionId && session.activity === activity),
    )
    .then(({ sessions }) => sessions.find((session) => session.sessionId === sessionId));

interface Ending {
  readonly sessionId?: string;
  readonly epoch?: number;
  readonly secret?: string;
}

function end({ sessionId = own, epoch = 1, secret = SECRET }: Ending = {}): Promise<{
  code?: number;
  frames?: number;
}> {
  return new Promise((resolve) => {
    client.end({ sessionId, epoch, endReason: 'client_ended' }, bearer(secret), (error, response) => {
      const frames = error === null ? response.report?.frames : undefined;
      resolve({ ...(error !== null && { code: error.code }), ...(frames !== undefined && { frames }) });
    });
  });
}

async function health(path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${worker.metricsPort}${path}`);
}

describe('a worker', () => {
  it('announces what it serves and where, and is ready once it has', async () => {
    expect(fleet.registrations[0]).toMatchObject({
      workerId: 'us-east-1',
      region: 'us-east',
      address: `127.0.0.1:${worker.port}`,
      gpuType: 'h100',
      describe: {
        model: 'tiny',
        modelVersion: '1.0.0',
        frameWidth: 128,
        frameHeight: 72,
        framesPerSecond: 25,
        slots: 2,
      },
    });
    expect((await health('/readyz')).status).toBe(200);
    expect(await (await health('/metrics')).text()).toContain('meridian_step_ms_bucket');
    expect(fleet.heartbeats[0]).toMatchObject({ draining: false, sessions: [], slots: 2 });
    expect(fleet.heartbeats[0]?.stepMsP50).toBeGreaterThan(0);
  });

  it('registers again when the control plane has forgotten it', async () => {
    fleet.forgets = true;
    const before = fleet.registrations.length;
    await fleet.registered(before + 1);
    expect(fleet.registrations.at(-1)?.incarnation).toBe(fleet.registrations[0]?.incarnation);
  });
});

describe('a session', () => {
  it('streams pictures, sees actions, and its counters agree with the frames received', async () => {
    const stream = await play();
    await stream.until(frames(3));
    stream.act(1, { forward: 1 });
    await stream.until(({ frames: seen }) => seen.at(-1)?.lastActionSeq === 1);
    const ended = await end();
    expect(await stream.ended).toMatchObject({ code: status.OK });
    expect(stream.notices.map((notice) => notice.kind)).toEqual([NoticeKind.STARTED, NoticeKind.ENDED]);
    expect(stream.notices.at(-1)).toMatchObject({ endReason: 'client_ended', epoch: 1 });
    expect(stream.numbers).toEqual(stream.numbers.map((_, i) => i + 1));
    expect(ended).toEqual({ frames: stream.frames.length });
    const [first, last] = [stream.frames[0], stream.frames.at(-1)];
    expect(last).toMatchObject({ codec: Codec.JPEG, keyframe: true, width: 128, height: 72, epoch: 1 });
    expect(await sharp(last?.image).metadata()).toMatchObject({ format: 'jpeg', width: 128, height: 72 });
    expect(first?.actionReceivedUs).toBe(0);
    expect(last?.stepEndedUs).toBeGreaterThanOrEqual(last?.stepStartedUs ?? Infinity);
    expect(last?.encodedUs).toBeGreaterThanOrEqual(last?.stepEndedUs ?? Infinity);
    expect(last?.stepStartedUs).toBeGreaterThanOrEqual(last?.actionReceivedUs ?? Infinity);
    expect(Math.abs((last?.encodedUs ?? 0) / 1_000 - Date.now())).toBeLessThan(60_000);
  });

  it('is in every heartbeat until its end is acknowledged', async () => {
    fleet.acknowledges = false;
    const active = reportOf(own, SessionActivity.ACTIVE);
    const stream = await play();
    expect(await active).toMatchObject({ epoch: 1, endReason: '', traceId: TRACE_ID });
    await stream.until(frames(5));
    await end();
    const first = await reportOf(own, SessionActivity.ENDED);
    const again = await reportOf(own, SessionActivity.ENDED);
    expect(first).toMatchObject({ endReason: 'client_ended', frames: stream.frames.length });
    expect(again).toEqual({ ...first, seq: again?.seq });
    expect(again?.seq).toBeGreaterThan(first?.seq ?? Infinity);
    fleet.acknowledges = true;
    await fleet.heard(({ sessions }) => sessions.length === 0);
  });

  it('is held when its client goes, and resumed with the next frame number', async () => {
    const stream = await play();
    await stream.until(frames(5));
    const held = reportOf(own, SessionActivity.HELD);
    stream.call.cancel();
    const report = await held;
    const back = await play();
    await back.until(frames(3));
    expect(back.notices[0]).toMatchObject({ kind: NoticeKind.RESUMED });
    expect(back.numbers[0]).toBe(back.notices[0]?.nextFrameNumber);
    expect(back.numbers[0]).toBeGreaterThan(stream.numbers.at(-1) ?? Infinity);
    expect(back.numbers[0]).toBeLessThanOrEqual((report?.frames ?? 0) + 3);
  });

  it('goes to the newer stream of the same client', async () => {
    const stream = await play();
    await stream.until(frames(2));
    const newer = await play();
    await newer.until(frames(2));
    expect(await stream.ended).toMatchObject({ code: status.ABORTED, meridianCode: 'taken_over' });
  });

  it('goes on elsewhere from a checkpoint, with bit-identical frames', async () => {
    const stream = await play();
    stream.act(1, { forward: 0.5, yaw: 0.25 });
    await stream.until(
      ({ frames: seen, checkpoints }) => seen.at(-1)?.lastActionSeq === 1 && checkpoints.length > 1,
    );
    const checkpoint = stream.checkpoints.at(-1);
    const from = checkpoint?.frameNumber ?? 0;
    await stream.until(({ frames: seen }) => (seen.at(-1)?.number ?? 0) > from + 10);
    const other = await startTestWorker('us-east-2');
    const to = workerClient(other.port);
    const moved = await play({ workerId: 'us-east-2', epoch: 2, to, ...(checkpoint && { checkpoint }) });
    await moved.until(frames(10));
    expect(moved.notices[0]).toMatchObject({
      kind: NoticeKind.MIGRATED,
      epoch: 2,
      nextFrameNumber: from + 1,
    });
    const images = (played: PlayStream, number: number) =>
      played.frames.find((frame) => frame.number === number)?.image;
    const numbers = moved.numbers.filter((number) => stream.numbers.includes(number));
    expect(numbers.length).toBeGreaterThanOrEqual(8);
    for (const number of numbers) expect(images(moved, number)).toEqual(images(stream, number));
    to.close();
  });

  it('ends when the control plane says so in a heartbeat', async () => {
    const stream = await play();
    await stream.until(frames(1));
    fleet.next = { stop: [{ sessionId: own, epoch: 1, endReason: 'operator_ended' }] };
    expect(await stream.ended).toMatchObject({ code: status.OK });
    expect(stream.notices.at(-1)).toMatchObject({ kind: NoticeKind.ENDED, endReason: 'operator_ended' });
  });

  it('goes on while the control plane is away, and may come back to it', async () => {
    const away = new FakeFleet(SECRET, mint.jwksJson);
    await away.start();
    const alone = await startTestWorker('alone', away);
    const to = workerClient(alone.port);
    const stream = await play({ workerId: 'alone', to });
    await stream.until(frames(2));
    away.stop();
    const sofar = stream.frames.length;
    await stream.until(frames(sofar + 40));
    stream.call.cancel();
    const back = await play({ workerId: 'alone', to });
    await back.until(frames(2));
    expect(back.notices[0]).toMatchObject({ kind: NoticeKind.RESUMED });
    to.close();
  });

  it('loses frames, and nothing else, to a client that does not read', async () => {
    const stream = await play();
    await stream.until(frames(1));
    stream.call.pause();
    let sent = -1;
    for (let quiet = 0; quiet < 5;) {
      const report = await reportOf(own, SessionActivity.ACTIVE);
      quiet = report?.frames === sent ? quiet + 1 : 0;
      sent = report?.frames ?? 0;
    }
    stream.call.resume();
    await stream.until(({ frames: seen }) => (seen.at(-1)?.number ?? 0) > seen.length);
    const ended = await end();
    await stream.ended;
    expect(ended.frames).toBe(stream.frames.length);
    const rising = stream.numbers.every(
      (number, i) => i === 0 || number > (stream.numbers[i - 1] ?? Infinity),
    );
    expect(rising).toBe(true);
  });
});

describe('what is refused', () => {
  const refused = async (stream: PlayStream) => {
    const { code, meridianCode } = await stream.ended;
    return `${status[code]} ${meridianCode}`;
  };

  const forged = async (kid?: string) =>
    (await tokenMint(kid)).token({ sessionId: own, workerId: 'us-east-1' });

  it.each<[string, () => Promise<PlayStream>, string]>([
    ['no token', async () => new PlayStream(client, {}), 'UNAUTHENTICATED token_missing'],
    ['a token that is none', () => play({ token: 'none' }), 'UNAUTHENTICATED token_malformed'],
    [
      'a token signed with another key',
      async () => play({ token: await forged() }),
      'UNAUTHENTICATED token_forged',
    ],
    [
      'a token of an unknown key',
      async () => play({ token: await forged('new') }),
      'UNAUTHENTICATED token_forged',
    ],
    ['an expired token', () => play({ expiresInS: -60 }), 'UNAUTHENTICATED token_expired'],
    ['a late claim', () => play({ claimInMs: -1 }), 'UNAUTHENTICATED claim_expired'],
    ['a token for another worker', () => play({ workerId: 'x' }), 'PERMISSION_DENIED wrong_worker'],
    ['a short client key', () => play({ clientKey: 'short' }), 'INVALID_ARGUMENT malformed_metadata'],
  ])('%s, and nothing is held', async (_, open, expected) => {
    expect(await refused(await open())).toBe(expected);
    const { sessions } = await fleet.heard(() => true);
    expect(sessions).toEqual([]);
  });

  it('another client key, an older epoch, a third session on two slots', async () => {
    const stream = await play({ epoch: 2 });
    await stream.until(frames(1));
    expect(await refused(await play({ epoch: 2, clientKey: 'another-key-0123456789' }))).toBe(
      'PERMISSION_DENIED token_reused',
    );
    expect(await refused(await play({ epoch: 1 }))).toBe('PERMISSION_DENIED epoch_fenced');
    await (await play({ sessionId: `${own}_b` })).until(frames(1));
    expect(await refused(await play({ sessionId: `${own}_c` }))).toBe('RESOURCE_EXHAUSTED slots_full');
    const sofar = stream.frames.length;
    await stream.until(frames(sofar + 3));
  });

  it('an action that is none: the stream closes, the session is held for its client', async () => {
    const stream = await play();
    await stream.until(frames(1));
    const held = reportOf(own, SessionActivity.HELD);
    stream.act(1, { yaw: Number.NaN });
    const ended = await stream.ended;
    expect(ended).toMatchObject({ code: status.INVALID_ARGUMENT, meridianCode: 'malformed_action' });
    expect(ended.details).toContain('axes.yaw');
    await held;
    await (await play()).until(frames(1));
  });

  it('garbage, and more than 64 KiB, as an action', async () => {
    for (const [sessionId, bytes, code] of [
      [own, Buffer.from('no message'), status.INVALID_ARGUMENT],
      [`${own}_b`, Buffer.alloc(70_000), status.RESOURCE_EXHAUSTED],
    ] as const) {
      opened.set(sessionId, 1);
      const token = await mint.token({ sessionId, workerId: 'us-east-1' });
      const metadata = bearer(token);
      metadata.set('meridian-client-key', 'client-key-0123456789');
      const call = client.makeBidiStreamRequest(
        '/meridian.worker.v1.WorkerService/Serve',
        (value: Buffer) => value,
        (value) => value,
        metadata,
      );
      const ended = new Promise<number>((resolve) => call.on('status', (said) => resolve(said.code)));
      call.on('error', () => undefined);
      call.once('data', () => call.write(bytes));
      call.resume();
      expect(await ended).toBe(code);
    }
  });

  it('ending a session without the secret of the region, or at an older epoch', async () => {
    const stream = await play({ epoch: 2 });
    await stream.until(frames(1));
    expect(await end({ epoch: 2, secret: 'wrong' })).toEqual({ code: status.UNAUTHENTICATED });
    expect(await end({ epoch: 1 })).toEqual({ code: status.FAILED_PRECONDITION });
    await stream.until(frames(3));
  });
});

describe('a drain', () => {
  it('takes no new sessions until the operator lifts it', async () => {
    const stream = await play();
    await stream.until(frames(1));
    fleet.drain = true;
    await fleet.heard(({ draining }) => draining);
    expect(await (await play({ sessionId: `${own}_b` })).ended).toMatchObject({
      code: status.UNAVAILABLE,
      meridianCode: 'worker_draining',
    });
    const sofar = stream.frames.length;
    await stream.until(frames(sofar + 2));
    fleet.drain = false;
    await fleet.heard(({ draining }) => !draining);
    await (await play({ sessionId: `${own}_b` })).until(frames(1));
  });
});

describe('the end of the process', () => {
  it('sends clients away with their newest checkpoint and says a last word', async () => {
    const leaving = await startTestWorker('leaving');
    const to = workerClient(leaving.port);
    const stream = await play({ workerId: 'leaving', to });
    await stream.until(frames(5));
    const goodbye = fleet.heard(
      ({ workerId, slots, sessions }) =>
        workerId === 'leaving' && slots === 0 && sessions[0]?.activity === SessionActivity.HELD,
    );
    await leaving.close();
    to.close();
    expect(await stream.ended).toMatchObject({ code: status.UNAVAILABLE, meridianCode: 'worker_draining' });
    expect(stream.checkpoints.at(-1)?.frameNumber).toBeGreaterThanOrEqual(stream.numbers.at(-1) ?? Infinity);
    expect(await goodbye).toMatchObject({ draining: true, sessions: [{ frames: stream.frames.length }] });
  });
});
