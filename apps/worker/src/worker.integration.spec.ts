import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import {
  bearer,
  FakeFleet,
  PlayStream,
  tokenMint,
  TRACE_ID,
  WorkerCalls,
  workerClient,
  type Answer,
  type PlayOptions,
  type TestClaims,
  type TokenMint,
} from '@meridian/conformance';
import { Checkpoint, Codec, NoticeKind } from '@meridian/protocol';
import { SessionActivity, type WorkerServiceClient } from '@meridian/protocol/worker';
import { createLogger } from '@meridian/telemetry';
import { writeTinyModel } from '@meridian/world-model/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { readConfig } from './config.ts';
import { startWorker, type RunningWorker } from './worker.ts';

// Real sockets and a real model, perhaps on a busy machine.
jest.setTimeout(30_000);

const SECRET = 's'.repeat(32);

let modelDir: string;
let mint: TokenMint;
let fleet: FakeFleet;
let worker: RunningWorker;
let client: WorkerServiceClient;
let calls: WorkerCalls;
/** Those of the test; the first one is everybody's. */
let workers: RunningWorker[] = [];
/** Streams of the test, and the sessions that they opened with their epochs. */
let streams: PlayStream[];
let opened: Map<string, number>;
let tests = 0;
/** The session of the test, unless it says otherwise. */
let own: string;

async function startTestWorker(id: string, controlPlane = fleet, drainMs = 700): Promise<RunningWorker> {
  const config = readConfig({
    REGION: 'us-east',
    WORKER_ID: id,
    CONTROL_PLANE_GRPC: controlPlane.address,
    FLEET_SECRET: SECRET,
    MODEL_DIR: modelDir,
    METRICS_PORT: '0',
    SLOTS: '2',
    DRAIN_MS: String(drainMs),
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
  calls = new WorkerCalls(client, SECRET);
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
  metadata,
  ...claims
}: Playing = {}): Promise<PlayStream> {
  const all = { sessionId: own, workerId: 'us-east-1', ...claims };
  const options = {
    token: token ?? (await mint.token(all)),
    ...(clientKey !== undefined && { clientKey }),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(nextFrame !== undefined && { nextFrame }),
    ...(metadata !== undefined && { metadata }),
  };
  const stream = new PlayStream(to, options);
  streams.push(stream);
  if (to === client) opened.set(all.sessionId, Math.max(all.epoch ?? 1, opened.get(all.sessionId) ?? 1));
  return stream;
}

/** Of the tiny model. */
const checkpoint = (rest: Partial<Checkpoint> = {}): Checkpoint =>
  Checkpoint.fromPartial({
    model: 'tiny',
    modelVersion: '1.0.0',
    epoch: 1,
    frameNumber: 500,
    lastActionSeq: 40,
    state: new Uint8Array(Float32Array.of(1, 2, 3).buffer),
    ...rest,
  });

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
        deadlineMs: 40,
        stateBytes: 12,
        codecs: [Codec.JPEG, Codec.WEBP, Codec.RAW_RGB],
      },
    });
    expect(fleet.registrations[0]?.describe?.sessionBytesMax).toBeGreaterThan(2 * 128 * 72 * 3);
    expect(await calls.describe()).toEqual({ kind: 'answer', value: fleet.registrations[0]?.describe });
    expect((await health('/readyz')).status).toBe(200);
    expect(await (await health('/metrics')).text()).toContain('meridian_step_ms_bucket');
    expect(fleet.heartbeats[0]).toMatchObject({ draining: false, sessions: [], slots: 2 });
    const { stepMsP50, stepMsP95, stepMsP99, encodeMsP50, encodeMsP95, lateShare } =
      fleet.heartbeats[0] ?? {};
    expect([stepMsP50, stepMsP95, stepMsP99].every((ms) => (ms ?? 0) > 0)).toBe(true);
    expect([encodeMsP50, encodeMsP95].every((ms) => (ms ?? 0) > 0)).toBe(true);
    expect(lateShare).toBe(0);
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
    ['a token of a paired device', () => play({ device: 1 }), 'PERMISSION_DENIED role_forbidden'],
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

  it.each<[string, (stream: PlayStream) => void, string]>([
    [
      'garbage',
      (stream) => stream.sendBytes(Buffer.from('no message')),
      'INVALID_ARGUMENT malformed_message',
    ],
    ['nothing', (stream) => stream.sendBytes(new Uint8Array(0)), 'INVALID_ARGUMENT malformed_message'],
    [
      'more than 64 KiB',
      (stream) => stream.act(1, {}, { text: 'x'.repeat(70_000) }),
      'RESOURCE_EXHAUSTED message_too_large',
    ],
    ['a format that is none', (stream) => stream.format({ width: 64 }), 'INVALID_ARGUMENT malformed_format'],
    [
      'a restore in the middle',
      (stream) => stream.send({ $case: 'restore', value: checkpoint() }),
      'INVALID_ARGUMENT malformed_restore',
    ],
    [
      'the removal of a device',
      (stream) => stream.send({ $case: 'removeDevice', value: { device: 1 } }),
      'INVALID_ARGUMENT malformed_message',
    ],
  ])('%s: the stream closes, the session is held for its client', async (_, sends, expected) => {
    const stream = await play();
    await stream.until(frames(1));
    sends(stream);
    expect(await refused(stream)).toBe(expected);
    const back = await play();
    await back.until(frames(1));
    expect(back.notices[0]?.kind).toBe(NoticeKind.RESUMED);
  });

  it('ending a session without the secret of the region, or at an older epoch', async () => {
    const stream = await play({ epoch: 2 });
    await stream.until(frames(1));
    expect(await end({ epoch: 2, secret: 'wrong' })).toEqual({ code: status.UNAUTHENTICATED });
    expect(await end({ epoch: 1 })).toEqual({ code: status.FAILED_PRECONDITION });
    await stream.until(frames(3));
  });
});

describe('how frames look', () => {
  it('is as the client asks, and stays so when it comes back', async () => {
    const stream = await play();
    await stream.until(frames(1));
    stream.format({ codec: Codec.WEBP, width: 64, height: 36 });
    await stream.until(({ frames: seen }) => seen.at(-1)?.codec === Codec.WEBP);
    expect(await sharp(stream.frames.at(-1)?.image).metadata()).toMatchObject({
      format: 'webp',
      width: 64,
      height: 36,
    });
    stream.format({ codec: Codec.RAW_RGB });
    await stream.until(({ frames: seen }) => seen.at(-1)?.codec === Codec.RAW_RGB);
    stream.call.cancel();
    const back = await play();
    await back.until(frames(2));
    expect(back.frames[0]).toMatchObject({ codec: Codec.RAW_RGB, width: 128, height: 72 });
    expect(back.frames[0]?.image).toHaveLength(128 * 72 * 3);
    expect(back.checkpoints[0]).toMatchObject({ format: { codec: Codec.RAW_RGB } });
  });
});

describe('a restore on open', () => {
  const ending = async (stream: PlayStream) => {
    const { code, meridianCode } = await stream.ended;
    return `${status[code]} ${meridianCode}`;
  };
  const raw = { codec: Codec.RAW_RGB, width: 0, height: 0, quality: 0 };

  it('goes on with the state, the numbers, the action and the format of the checkpoint', async () => {
    const action = { seq: 40, clientTimeUs: 0, buttons: [], axes: { forward: 1 }, text: '' };
    const stream = await play({ checkpoint: checkpoint({ format: raw, action }), nextFrame: 510 });
    await stream.until(frames(2));
    expect(stream.notices).toMatchObject([{ kind: NoticeKind.MIGRATED, nextFrameNumber: 510 }]);
    expect(stream.frames[0]).toMatchObject({ number: 510, lastActionSeq: 40, codec: Codec.RAW_RGB });
    expect(stream.checkpoints[0]).toMatchObject({ lastActionSeq: 40, action, format: raw });
  });

  it('gives way to the session itself, where it is still served', async () => {
    const stream = await play();
    await stream.until(frames(3));
    stream.call.cancel();
    const back = await play({ checkpoint: checkpoint() });
    await back.until(frames(1));
    back.act(1, { yaw: 1 });
    await back.until(({ frames: seen }) => seen.at(-1)?.lastActionSeq === 1);
    expect(back.notices[0]?.kind).toBe(NoticeKind.RESUMED);
    expect(back.numbers[0]).toBeLessThan(500);
  });

  it('leaves out a format that the worker cannot make', async () => {
    const format = { ...raw, codec: 77 as Codec };
    const stream = await play({ checkpoint: checkpoint({ format }) });
    await stream.until(frames(1));
    expect(stream.frames[0]?.codec).toBe(Codec.JPEG);
  });

  it.each<[string, Partial<Checkpoint>, string]>([
    ['another model', { model: 'other' }, 'checkpoint_mismatch'],
    ['a state of 100 kB', { state: new Uint8Array(100_000) }, 'checkpoint_mismatch'],
    ['a state with NaN', { state: new Uint8Array(12).fill(255) }, 'checkpoint_invalid'],
  ])('of %s is refused', async (_, wrong, code) => {
    expect(await ending(await play({ checkpoint: checkpoint(wrong) }))).toBe(`FAILED_PRECONDITION ${code}`);
  });

  it.each<[string, (stream: PlayStream) => void, string]>([
    ['an action', (stream) => stream.act(1), 'INVALID_ARGUMENT malformed_restore'],
    ['garbage', (stream) => stream.sendBytes(Buffer.from('none')), 'INVALID_ARGUMENT malformed_restore'],
    ['an end', (stream) => stream.call.end(), 'INVALID_ARGUMENT malformed_restore'],
    ['nothing for five seconds', () => undefined, 'INVALID_ARGUMENT malformed_restore'],
  ])('is refused when the first message is %s, and nothing is held', async (_, sends, expected) => {
    const stream = await play({ metadata: { 'meridian-restore': '1' } });
    sends(stream);
    expect(await ending(stream)).toBe(expected);
    const { sessions } = await fleet.heard(({ workerId }) => workerId === 'us-east-1');
    expect(sessions).toEqual([]);
  });
});

describe('calls on the world of a live session', () => {
  const said = (answer: Answer<unknown>): string =>
    answer.kind === 'answer' ? 'OK' : `${answer.status} ${answer.code}`;
  const fork = (forkSessionId: string, rest: Partial<{ epoch: number; claimMs: number }> = {}) =>
    calls.fork({ sessionId: own, epoch: 1, forkSessionId, claimMs: 0, ...rest });

  it('take it back to where it was, with bit-identical frames', async () => {
    const stream = await play();
    stream.format({ codec: Codec.RAW_RGB });
    await stream.until(({ frames: seen }) => seen.at(-1)?.codec === Codec.RAW_RGB);
    stream.act(1, { forward: 0.5, yaw: 0.25 });
    await stream.until(({ frames: seen }) => seen.at(-1)?.lastActionSeq === 1);
    const answer = await calls.checkpoint({ sessionId: own, epoch: 1 });
    const taken = answer.kind === 'answer' ? answer.value.checkpoint : undefined;
    expect(taken).toMatchObject({ model: 'tiny', lastActionSeq: 1, format: { codec: Codec.RAW_RGB } });
    const from = taken?.frameNumber ?? 0;
    await stream.until(({ numbers }) => (numbers.at(-1) ?? 0) > from + 10);
    const restored = await calls.restore({ sessionId: own, epoch: 1, checkpoint: taken });
    const next = restored.kind === 'answer' ? restored.value.nextFrameNumber : 0;
    expect(next).toBeGreaterThan(from + 10);
    await stream.until(({ numbers }) => (numbers.at(-1) ?? 0) > next + 10);
    const digests = new Map(stream.frames.map(({ number, digest }) => [number, digest]));
    const both = Array.from({ length: 10 }, (_, i) => [
      digests.get(from + 1 + i),
      digests.get(next + i),
    ]).filter(([first, again]) => first !== undefined && again !== undefined);
    expect(both.length).toBeGreaterThanOrEqual(8);
    for (const [first, again] of both) expect(again).toBe(first);
  });

  it('copy it for another session', async () => {
    const stream = await play();
    await stream.until(frames(5));
    const answer = await fork(`${own}_b`);
    const frameNumber = answer.kind === 'answer' ? answer.value.frameNumber : 0;
    expect(frameNumber).toBeGreaterThanOrEqual(5);
    const copy = await play({ sessionId: `${own}_b` });
    await copy.until(frames(2));
    expect(copy.notices).toMatchObject([{ kind: NoticeKind.STARTED, nextFrameNumber: frameNumber + 1 }]);
    expect(said(await fork(`${own}_b`))).toBe('ALREADY_EXISTS already_served');
  });

  it('are refused without the secret, at an older epoch, and for what is not there', async () => {
    const stream = await play({ epoch: 2 });
    await stream.until(frames(1));
    const at = (sessionId: string, epoch: number, secret?: string) =>
      Promise.all([
        calls.checkpoint({ sessionId, epoch }, secret),
        calls.restore({ sessionId, epoch, checkpoint: checkpoint() }, secret),
        calls.fork({ sessionId, epoch, forkSessionId: 'f', claimMs: 1 }, secret),
      ]).then((answers) => new Set(answers.map(said)));
    expect(await at(own, 2, 'wrong')).toEqual(new Set(['UNAUTHENTICATED wrong_secret']));
    expect(await at(own, 1)).toEqual(new Set(['FAILED_PRECONDITION epoch_fenced']));
    expect(await at('ses_nobody', 1)).toEqual(new Set(['NOT_FOUND unknown_session']));
  });

  it('are refused when they ask for what cannot be, naming the field', async () => {
    await (await play()).until(frames(1));
    const nan = checkpoint({ state: new Uint8Array(12).fill(255) });
    expect(said(await calls.restore({ sessionId: own, epoch: 1, checkpoint: nan }))).toBe(
      'FAILED_PRECONDITION checkpoint_invalid',
    );
    const wrong = await Promise.all([
      calls.restore({ sessionId: own, epoch: 1, checkpoint: undefined }),
      fork('f', { claimMs: 600_001 }),
      fork(''),
    ]);
    expect(wrong).toMatchObject([
      { status: 'INVALID_ARGUMENT', detail: expect.stringContaining('checkpoint: ') },
      { status: 'INVALID_ARGUMENT', detail: expect.stringContaining('claim_ms: ') },
      { status: 'INVALID_ARGUMENT', detail: expect.stringContaining('fork_session_id: ') },
    ]);
    expect([said(await fork('f1')), said(await fork('f2')), said(await fork('f3'))]).toEqual([
      'OK',
      'OK',
      'RESOURCE_EXHAUSTED forks_full',
    ]);
    await Promise.all(['f1', 'f2'].map((sessionId) => end({ sessionId })));
  });

  it('tell how the worker keeps pace, to anybody', async () => {
    const stream = await play();
    await stream.until(frames(10));
    const answer = await calls.health();
    const health = answer.kind === 'answer' ? answer.value : undefined;
    expect(health).toMatchObject({ sessions: 1, slots: 2, draining: false, quarantined: false });
    expect(health?.frames).toBeGreaterThanOrEqual(10);
    expect(health?.lateShare).toBeCloseTo((health?.lateFrames ?? 0) / (health?.frames ?? 1), 5);
    for (const times of [health?.stepMs, health?.encodeMs]) {
      const { p50 = 0, p95 = 0, p99 = 0 } = times ?? {};
      expect(p50).toBeGreaterThan(0);
      expect(p95).toBeGreaterThanOrEqual(p50);
      expect(p99).toBeGreaterThanOrEqual(p95);
    }
    expect(health?.memoryBytes).toBeGreaterThan(10_000_000);
    expect(health?.uptimeS).toBeGreaterThan(0);
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

describe('a client that does not keep up', () => {
  it('is sent less, and the worker says how many there are', async () => {
    const stream = await play();
    await stream.until(frames(3));
    const slowed = async () =>
      /^meridian_sessions_slowed\S* (\d+)/m.exec(await (await health('/metrics')).text())?.[1];
    expect(await slowed()).toBe('0');
    for (const dropped of [10, 20, 30]) stream.feedback(dropped);
    const steps = () => stream.numbers.slice(1).map((number, i) => number - (stream.numbers[i] ?? 0));
    await stream.until(() =>
      steps()
        .slice(-3)
        .every((step) => step === 2),
    );
    expect(await slowed()).toBe('1');
    stream.call.cancel();
    await reportOf(own, SessionActivity.HELD);
    expect(await slowed()).toBe('0');
  });
});

describe('the end of the process', () => {
  it('is as soon as the last stream was handed over, whatever is held', async () => {
    const leaving = await startTestWorker('leaving', fleet, 20_000);
    const to = workerClient(leaving.port);
    const held = await play({ workerId: 'leaving', to, sessionId: `${own}_b` });
    await held.until(frames(1));
    held.call.cancel();
    const stream = await play({ workerId: 'leaving', to });
    await stream.until(frames(5));
    const closed = leaving.close();
    await stream.until(({ drainings }) => drainings.length > 0);
    const sofar = stream.frames.length;
    await stream.until(frames(sofar + 5));
    stream.handOver();
    expect(await stream.ended).toMatchObject({ code: status.UNAVAILABLE, meridianCode: 'handed_over' });
    expect(stream.kinds.at(-1)).toBe('checkpoint');
    expect(stream.checkpoints.at(-1)?.frameNumber).toBeGreaterThanOrEqual(stream.numbers.at(-1) ?? Infinity);
    await closed;
    to.close();
  });

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
