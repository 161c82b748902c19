// What a worker or a wire can do wrong, and what a client sees of it: nothing, or a pause.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { Notice, NoticeKind, PlayResponse } from '@meridian/protocol';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { frames, isAt, until, type TestClient } from './testing/clients.ts';
import { Scene } from './testing/scene.ts';
import { tcpProxy, type TcpProxy } from './testing/tcp-proxy.ts';
import { SESSION, kinds, metric, numbers, plan, rises } from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

const MOVED = [NoticeKind.STARTED, NoticeKind.MIGRATING, NoticeKind.MIGRATED];
const MIB = 1024 * 1024;

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.start();
});
afterEach(() => scene.end());

const goesOn = async (client: TestClient) => {
  const from = frames(client).length;
  await until(() => frames(client).length > from + 5);
};

describe('a worker', () => {
  it.each([
    ['malformed protobuf', randomBytes(200).fill(0xff)],
    ['a message of nothing known', Buffer.from([0x78, 0x01])],
    ['an empty message', Buffer.alloc(0)],
  ])('that sends %s is not listened to, and goes on', async (_what, message) => {
    const worker = await scene.worker();
    const client = await scene.join(worker);
    await until(() => frames(client).length > 0);
    worker.send(SESSION, message);
    await goesOn(client);
    expect(kinds(client)).toEqual([NoticeKind.STARTED]);
    expect(await metric(scene.gateway, 'frames_dropped_total', 'malformed')).toBe(1);
  });

  it('that sends a frame above 4 MiB has it passed over and counted, and goes on', async () => {
    const worker = await scene.worker();
    const client = await scene.join(worker);
    await until(() => frames(client).length > 0);
    worker.send(SESSION, Buffer.alloc(5 * MIB));
    await goesOn(client);
    expect(rises(numbers(client))).toBe(true);
    expect(await metric(scene.gateway, 'worker_messages_too_large_total')).toBe(1);
  });

  it('that dies with its last word said has ended the session', async () => {
    const worker = await scene.worker();
    const client = await scene.join(worker);
    await until(() => frames(client).length > 0);
    const value = Notice.fromPartial({ kind: NoticeKind.ENDED, endReason: 'idle', epoch: 1 });
    worker.send(
      SESSION,
      PlayResponse.encode({ message: { $case: 'notice', value }, gatewaySentUs: 0 }).finish(),
    );
    await until(() => kinds(client).includes(NoticeKind.ENDED));
    worker.kill();
    expect(await client.ended).toEqual([1000, '']);
    expect(scene.plane.replaceRequests).toEqual([]);
  });

  it('that greets and then sends no frame is lost, whatever else it answers', async () => {
    const [stuck, next] = [await scene.worker(), await scene.worker()];
    stuck.isStuck = true;
    scene.offer(next);
    const client = await scene.join(stuck);
    await until(() => isAt(client, 2));
    expect(kinds(client)).toEqual(MOVED);
  });
});

describe('a worker that stands still (SIGSTOP)', () => {
  let proxy: TcpProxy;
  afterEach(() => proxy.close());

  it('is lost, and what it has to say when it goes on again is for nobody (L2)', async () => {
    const [zombie, next] = [await scene.worker(), await scene.worker()];
    proxy = await tcpProxy(zombie.address);
    scene.offer(next);
    const client = await scene.join(zombie, { workerAddress: proxy.address });
    await until(() => frames(client).length > 12);
    proxy.freeze();
    await until(() => isAt(client, 2));
    proxy.thaw();
    await goesOn(client);
    expect(kinds(client)).toEqual(MOVED);
    expect(rises(numbers(client))).toBe(true);
    const epochs = frames(client).map(({ epoch }) => epoch);
    expect(rises(epochs.filter((epoch, at) => epoch !== epochs[at - 1]))).toBe(true);
  });

  it('and that a gateway which knows no better dials again gives its session up when it hears of the move', async () => {
    const [zombie, next] = [await scene.worker(), await scene.worker()];
    proxy = await tcpProxy(zombie.address);
    scene.offer(next);
    const token = await scene.plane.token(plan(zombie, { workerAddress: proxy.address }));
    const client = await scene.join(zombie, { token });
    await until(() => frames(client).length > 12);
    proxy.freeze();
    await until(() => isAt(client, 2));
    client.leave();
    const other = await scene.addGateway();
    proxy.thaw();
    const again = await scene.join(zombie, { token, gateway: other });
    await until(() => frames(again).length > 0);
    // The answer to its next heartbeat.
    zombie.handOver(SESSION);
    await until(() => isAt(again, 2));
    expect(frames(again).findLast(({ epoch }) => epoch === 1)).toBeDefined();
    const atNext = frames(again).findIndex(({ epoch }) => epoch === 2);
    expect(
      frames(again)
        .slice(atNext)
        .every(({ epoch }) => epoch === 2),
    ).toBe(true);
    expect(rises(numbers(again))).toBe(true);
    expect(scene.plane.placed.get(SESSION)?.epoch).toBe(2);
  });

  it('keeps its session when it is back before the control plane is', async () => {
    const worker = await scene.worker();
    proxy = await tcpProxy(worker.address);
    const client = await scene.join(worker, { workerAddress: proxy.address });
    await until(() => frames(client).length > 12);
    scene.plane.goAway();
    proxy.freeze();
    await until(() => kinds(client).includes(NoticeKind.MIGRATING));
    proxy.thaw();
    await until(() => kinds(client).includes(NoticeKind.MIGRATED));
    await goesOn(client);
    expect(frames(client).every(({ epoch }) => epoch === 1)).toBe(true);
    expect(rises(numbers(client))).toBe(true);
  });
});

describe('a token', () => {
  it('may expire in mid-stream; coming back needs a fresh one', async () => {
    const worker = await scene.worker();
    // Clocks may differ by five seconds.
    const old = await scene.plane.token(plan(worker, { expiresInS: -4 }));
    const client = await scene.join(worker, { token: old });
    await until(() => frames(client).length > 0);
    await delay(2_100);
    await goesOn(client);
    client.leave();
    await until(() => worker.session(SESSION).call === undefined);
    expect(await (await scene.join(worker, { token: old })).ended).toEqual([401, 'token_expired']);
    const again = await scene.join(worker);
    await until(() => frames(again).length > 0);
    expect(kinds(again)).toEqual([NoticeKind.RESUMED]);
    expect(worker.tokens.at(-1)).not.toBe(old);
  });

  it('of another session leads to that one, and not in with the key of this one', async () => {
    const worker = await scene.worker();
    const client = await scene.join(worker);
    const neighbour = await scene.join(worker, { sessionId: 'ses_2', clientKey: 'the-key-of-a-neighbour' });
    await until(() => [client, neighbour].every((each) => frames(each).length > 0));
    const stranger = await scene.join(worker, { sessionId: 'ses_2' });
    expect(await stranger.ended).toEqual([4_000 + status.PERMISSION_DENIED, 'token_reused']);
    await goesOn(neighbour);
  });
});
