// A whole gateway between real sockets: clients over both transports on one side, workers and a control plane that are
// small fakes on the other. No stores.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { status, type Client } from '@grpc/grpc-js';
import { NoticeKind } from '@meridian/protocol';
import { generateKeyPair } from 'jose';
import { randomBytes } from 'node:crypto';
import { tcpProxy } from './testing/tcp-proxy.ts';
import type { Gateway } from './gateway.ts';
import {
  connectGrpcOver,
  connectWs,
  frames,
  grpcClient,
  notices,
  until,
  type Connect,
  type TestClient,
} from './testing/clients.ts';
import { FakeControlPlane } from './testing/fake-control-plane.ts';
import { FakeWorker, type FakeWorkerOptions } from './testing/fake-worker.ts';
import {
  KEY,
  SESSION,
  action,
  actionMessage,
  kinds,
  metric,
  numbers,
  plan,
  rises,
  startTestGateway,
} from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

const STAMP_BYTES = 9;

let plane: FakeControlPlane;
let gateway: Gateway;
let grpc: Client;
let workers: FakeWorker[];
let clients: TestClient[];

const worker = async (options?: FakeWorkerOptions) => {
  const started = await FakeWorker.start(options);
  workers.push(started);
  return started;
};

const join = (connect: Connect, token: string | undefined, clientKey = KEY) => {
  const client = connect(gateway, token, clientKey);
  clients.push(client);
  return client;
};

beforeEach(async () => {
  workers = [];
  clients = [];
  plane = await FakeControlPlane.start();
  gateway = await startTestGateway(plane);
  grpc = grpcClient(gateway);
});

afterEach(async () => {
  for (const client of clients) client.leave();
  // Nothing leaks, whatever the test did: every stream that was opened is closed again.
  while ((await metric(gateway, 'streams_open')) > 0);
  grpc.close();
  await gateway.close();
  for (const started of workers) started.kill();
  plane.goAway();
});

const transports: readonly (readonly [string, Connect])[] = [
  ['WebSocket', (...args) => connectWs(...args)],
  ['gRPC', (...args) => connectGrpcOver(grpc)(...args)],
];

/** A close code of docs/protocol.md for a gRPC status, over this transport. */
const ends = (transport: string, code: status, meridianCode: string) => [
  transport === 'gRPC' ? code : 4_000 + code,
  meridianCode,
];

describe.each(transports)('a stream over %s', (transport, connect) => {
  it('carries frames byte for byte, with a timestamp behind, and actions up', async () => {
    const fake = await worker();
    const client = join(connect, await plane.token(plan(fake)));
    client.send(actionMessage(7));
    await until(() => frames(client).some(({ lastActionSeq }) => lastActionSeq === 7));
    const { sent, actions } = fake.session(SESSION);
    expect(actions).toEqual([action(7)]);
    for (const { bytes, response } of client.received.slice(1)) {
      const { message, gatewaySentUs } = response;
      if (message?.$case !== 'frame') throw new Error('a frame was expected');
      expect(bytes.subarray(0, -STAMP_BYTES).equals(sent.get(message.value.number) ?? Buffer.alloc(0))).toBe(
        true,
      );
      expect(Math.abs(gatewaySentUs / 1_000 - Date.now())).toBeLessThan(5_000);
    }
  });

  it('starts with the worker’s notice, shows no checkpoint, and ends with the session', async () => {
    const fake = await worker();
    const client = join(connect, await plane.token(plan(fake)));
    await until(() => frames(client).length > 25);
    fake.end(SESSION, 'idle');
    expect(await client.ended).toEqual([transport === 'gRPC' ? 0 : 1000, '']);
    expect(notices(client).map(({ kind, endReason }) => [kind, endReason])).toEqual([
      [NoticeKind.STARTED, ''],
      [NoticeKind.ENDED, 'idle'],
    ]);
    expect(client.received.some(({ response }) => response.message?.$case === 'checkpoint')).toBe(false);
  });

  it('goes on at the next frame when the same client comes back', async () => {
    const fake = await worker();
    const token = await plane.token(plan(fake));
    const first = join(connect, token);
    await until(() => frames(first).length > 3);
    first.leave();
    await until(() => fake.session(SESSION).call === undefined);
    const again = join(connect, token);
    await until(() => frames(again).length > 3);
    expect(kinds(again)).toEqual([NoticeKind.RESUMED]);
    expect(rises([...numbers(first), ...numbers(again)])).toBe(true);
  });

  it('passes on what the worker refuses, and tells an older stream that it was taken over', async () => {
    const fake = await worker();
    const token = await plane.token(plan(fake));
    const first = join(connect, token);
    await until(() => frames(first).length > 0);
    const thief = join(connect, token, 'the-key-of-another-one');
    expect(await thief.ended).toEqual(ends(transport, status.PERMISSION_DENIED, 'token_reused'));
    const second = join(connect, token);
    expect(await first.ended).toEqual(ends(transport, status.ABORTED, 'taken_over'));
    await until(() => frames(second).length > 0);
  });

  it('moves to another worker when the first is killed', async () => {
    const [lost, next] = [await worker(), await worker()];
    plane.replacement = { workerId: 'us-east-2', workerAddress: next.address };
    const client = join(connect, await plane.token(plan(lost)));
    client.send(actionMessage(3));
    await until(() => frames(client).length > 25);
    lost.kill();
    await until(() => frames(client).some(({ epoch }) => epoch === 2));
    expect(kinds(client)).toEqual([NoticeKind.STARTED, NoticeKind.MIGRATING, NoticeKind.MIGRATED]);
    expect(rises(numbers(client))).toBe(true);
    expect(plane.replaceRequests).toEqual([
      { sessionId: SESSION, lostEpoch: 1, lostWorkerId: 'us-east-1', planned: false },
    ]);
    const { restoredFrom, actions } = next.session(SESSION);
    expect(restoredFrom?.frameNumber).toBeGreaterThan(0);
    expect(actions).toEqual([action(3)]);
  });

  it('ends with worker_lost when there is no other worker', async () => {
    const fake = await worker();
    const client = join(connect, await plane.token(plan(fake)));
    await until(() => frames(client).length > 0);
    fake.kill();
    expect(await client.ended).toEqual([transport === 'gRPC' ? 0 : 1000, '']);
    expect(notices(client).at(-1)).toMatchObject({ kind: NoticeKind.ENDED, endReason: 'worker_lost' });
  });

  it.each([
    ['garbage', randomBytes(100).fill(0xff)],
    ['text', Buffer.from('walk forward please')],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s as an action, and the worker sees none of it', async (_what, garbage) => {
    const fake = await worker();
    const client = join(connect, await plane.token(plan(fake)));
    client.send(garbage);
    expect(await client.ended).toEqual(ends(transport, status.INVALID_ARGUMENT, 'malformed_message'));
    await until(() => fake.sessions.get(SESSION)?.call === undefined);
    expect(fake.sessions.get(SESSION)?.actions ?? []).toEqual([]);
  });

  it('refuses an action of 10 MB', async () => {
    const fake = await worker();
    const client = join(connect, await plane.token(plan(fake)));
    await until(() => frames(client).length > 0);
    client.send(randomBytes(10 * 1024 * 1024));
    const tooLarge = ends(transport, status.RESOURCE_EXHAUSTED, 'message_too_large');
    expect(await client.ended).toEqual(transport === 'gRPC' ? tooLarge : [1009, '']);
    expect(fake.session(SESSION).actions).toEqual([]);
    await until(() => fake.session(SESSION).call === undefined);
  });

  it('refuses a token that is missing, malformed, forged, expired or of another region', async () => {
    const fake = await worker();
    const forged = await plane.token(plan(fake), (await generateKeyPair('EdDSA')).privateKey);
    const outcomes = {
      token_missing: undefined,
      token_malformed: 'not.a.token',
      token_forged: forged,
      token_expired: await plane.token(plan(fake, { expiresInS: -60 })),
      wrong_region: await plane.token(plan(fake, { region: 'eu-west' })),
    };
    for (const [meridianCode, token] of Object.entries(outcomes)) {
      const isDenied = meridianCode === 'wrong_region';
      const [code, http] = isDenied ? [status.PERMISSION_DENIED, 403] : [status.UNAUTHENTICATED, 401];
      expect(await join(connect, token).ended).toEqual([transport === 'gRPC' ? code : http, meridianCode]);
    }
    expect(fake.sessions.size).toBe(0);
  });

  it('tells clients to connect again when the gateway stops', async () => {
    const fake = await worker();
    const client = join(connect, await plane.token(plan(fake)));
    await until(() => frames(client).length > 0);
    await gateway.close();
    const grpcEnd = [status.UNAVAILABLE, 'gateway_stopping'];
    expect(await client.ended).toEqual(transport === 'gRPC' ? grpcEnd : [1012, 'gateway_stopping']);
    await until(() => fake.session(SESSION).call === undefined);
    gateway = await startTestGateway(plane);
  });
});

describe('a slow client', () => {
  it.each(transports)(
    'over %s gets the newest frame, and each byte for byte',
    async (_transport, connect) => {
      const fake = await worker({ imageBytes: 200 * 1024, frameMs: 3 });
      const client = join(connect, await plane.token(plan(fake)));
      await until(() => frames(client).length > 0);
      client.pause();
      const from = fake.session(SESSION).nextFrame;
      await until(() => fake.session(SESSION).nextFrame > from + 60);
      const newest = fake.session(SESSION).nextFrame - 1;
      client.resume();
      await until(() => (numbers(client).at(-1) ?? 0) >= newest);
      expect(rises(numbers(client))).toBe(true);
      expect(numbers(client).length).toBeLessThan(newest);
      const { sent } = fake.session(SESSION);
      for (const { bytes, response } of client.received) {
        if (response.message?.$case !== 'frame') continue;
        expect(bytes.subarray(0, -STAMP_BYTES).equals(sent.get(response.message.value.number) ?? bytes)).toBe(
          true,
        );
      }
    },
  );
});

describe('two users on one HTTP/2 connection', () => {
  it('do not mix', async () => {
    const fake = await worker();
    const connect = connectGrpcOver(grpc);
    const users = await Promise.all(
      ['ses_a', 'ses_b'].map(async (sessionId) => ({
        sessionId,
        client: join(connect, await plane.token(plan(fake, { sessionId })), `key-of-${sessionId}-0123456789`),
      })),
    );
    users.forEach(({ client }, at) => client.send(actionMessage(at + 1)));
    await until(() => users.every(({ client }) => frames(client).length > 20));
    users.forEach(({ sessionId, client }, at) => {
      const { sent, actions } = fake.session(sessionId);
      expect(actions).toEqual([action(at + 1)]);
      for (const { bytes, response } of client.received) {
        if (response.message?.$case !== 'frame') continue;
        const { number } = response.message.value;
        expect(bytes.subarray(0, -STAMP_BYTES).equals(sent.get(number) ?? Buffer.alloc(0))).toBe(true);
      }
    });
  });
});

describe('a lost worker', () => {
  it('is one that goes quiet, too', async () => {
    const [lost, next] = [await worker(), await worker()];
    plane.replacement = { workerId: 'us-east-2', workerAddress: next.address };
    const client = join(connectWs, await plane.token(plan(lost)));
    await until(() => frames(client).length > 0);
    lost.isStuck = true;
    await until(() => frames(client).some(({ epoch }) => epoch === 2));
    expect(kinds(client)).toEqual([NoticeKind.STARTED, NoticeKind.MIGRATING, NoticeKind.MIGRATED]);
    // L2: what the old worker still has to say is for nobody.
    lost.isStuck = false;
    await until(() => frames(client).length > 60);
    expect(rises(frames(client).map(({ number, epoch }) => epoch * 1e6 + number))).toBe(true);
  });

  it('is replaced when the control plane is back', async () => {
    const [lost, next] = [await worker(), await worker()];
    plane.replacement = { workerId: 'us-east-2', workerAddress: next.address };
    const client = join(connectWs, await plane.token(plan(lost)));
    await until(() => frames(client).length > 0);
    plane.goAway();
    const from = frames(client).length;
    await until(() => frames(client).length > from + 20);
    lost.kill();
    await until(() => kinds(client).includes(NoticeKind.MIGRATING));
    await plane.comeBack();
    await until(() => frames(client).some(({ epoch }) => epoch === 2));
  });

  it('does not stop a client with its first token from coming back after the move', async () => {
    const [lost, next] = [await worker(), await worker()];
    plane.replacement = { workerId: 'us-east-2', workerAddress: next.address };
    const token = await plane.token(plan(lost));
    const client = join(connectWs, token);
    await until(() => frames(client).length > 0);
    lost.kill();
    await until(() => frames(client).some(({ epoch }) => epoch === 2));
    client.leave();
    await until(() => next.session(SESSION).call === undefined);
    const again = join(connectWs, token);
    await until(() => frames(again).length > 0);
    expect(plane.replaceRequests.length).toBe(1);
    expect(kinds(again)).toEqual([NoticeKind.RESUMED]);
    const thief = join(connectWs, token, 'the-key-of-another-one');
    expect(await thief.ended).toEqual([4_000 + status.PERMISSION_DENIED, 'token_reused']);
  });

  it('is not one whose connection broke: it is dialed again', async () => {
    const fake = await worker();
    const proxy = await tcpProxy(fake.address);
    const client = join(connectWs, await plane.token(plan(fake, { workerAddress: proxy.address })));
    await until(() => frames(client).length > 3);
    proxy.breakAll();
    await until(() => kinds(client).includes(NoticeKind.RESUMED));
    const from = frames(client).length;
    await until(() => frames(client).length > from);
    expect(kinds(client)).toEqual([NoticeKind.STARTED, NoticeKind.RESUMED]);
    expect(rises(numbers(client))).toBe(true);
    expect(plane.replaceRequests).toEqual([]);
    proxy.close();
  });

  it('is replaced for a client that comes back to a gateway that knows nothing', async () => {
    const [lost, next] = [await worker(), await worker()];
    plane.replacement = { workerId: 'us-east-2', workerAddress: next.address };
    lost.kill();
    const client = join(connectWs, await plane.token(plan(lost)));
    await until(() => frames(client).some(({ epoch }) => epoch === 2));
    expect(kinds(client)).toEqual([NoticeKind.MIGRATING, NoticeKind.MIGRATED]);
  });

  it('is passed on as such when the control plane will not re-place the session', async () => {
    const lost = await worker();
    plane.replacement = 'ended';
    const client = join(connectWs, await plane.token(plan(lost)));
    await until(() => frames(client).length > 0);
    lost.kill();
    expect(await client.ended).toEqual([4_000 + status.FAILED_PRECONDITION, 'session_ended']);
  });
});

it('relays no frame of another epoch (L2)', async () => {
  const fake = await worker();
  fake.wrongEpoch = 9;
  plane.replacement = 'no_slot';
  const client = join(connectWs, await plane.token(plan(fake)));
  expect(await client.ended).toEqual([1000, '']);
  expect(frames(client)).toEqual([]);
  expect(fake.session(SESSION).sent.size).toBeGreaterThan(0);
});

it('answers a ping for any origin', async () => {
  const response = await fetch(`http://127.0.0.1:${String(gateway.port)}/ping`);
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('timing-allow-origin')).toBe('*');
});
