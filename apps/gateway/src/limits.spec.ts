// What one client may do, each limit with its own code; and what a gateway says of a client that is slow.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connectGrpcOver, frames, grpcClient, until } from './testing/clients.ts';
import { Scene } from './testing/scene.ts';
import { SESSION, actionMessage, metric } from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.start({ ACTIONS_PER_SECOND_MAX: '10', STREAMS_PER_TOKEN_MAX: '2' });
});
afterEach(() => scene.end());

const burst = Array.from({ length: 40 }, (_, at) => actionMessage(at + 1));

describe('a client', () => {
  it('that sends too many actions a second is sent away, and its session is held', async () => {
    const worker = await scene.worker();
    const client = await scene.join(worker);
    await until(() => frames(client).length > 0);
    for (const message of burst) client.send(message);
    expect(await client.ended).toEqual([4_000 + status.RESOURCE_EXHAUSTED, 'too_many_actions']);
    await until(() => worker.session(SESSION).call === undefined);
    const { length } = worker.session(SESSION).actions;
    expect(length).toBeGreaterThanOrEqual(20);
    expect(length).toBeLessThan(burst.length);
    const again = await scene.join(worker);
    await until(() => frames(again).length > 0);
  });

  it('has two seconds’ worth of actions at once', async () => {
    const worker = await scene.worker();
    const client = await scene.join(worker);
    for (const message of burst.slice(0, 20)) client.send(message);
    await until(() => worker.sessions.get(SESSION)?.actions.length === 20);
  });

  it('opens only so many streams with one token, over either transport; another device has its own', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const workerAddress = `127.0.0.1:${String((silent.address() as AddressInfo).port)}`;
    const grpc = grpcClient(scene.gateway);
    const worker = await scene.worker();
    await scene.join(worker, { workerAddress });
    await scene.join(worker, { workerAddress });
    while ((await metric(scene.gateway, 'streams_open')) < 2);
    const third = await scene.join(worker, { workerAddress });
    expect(await third.ended).toEqual([429, 'too_many_connections']);
    const fourth = await scene.join(worker, { workerAddress, connect: connectGrpcOver(grpc) });
    expect(await fourth.ended).toEqual([status.RESOURCE_EXHAUSTED, 'too_many_connections']);
    expect(await metric(scene.gateway, 'refusals_total', 'too_many_connections')).toBe(2);
    const device = await scene.join(worker, { workerAddress, device: 1, role: 'spectator' });
    expect(await device.ended).toEqual([4_000 + status.UNAVAILABLE, 'owner_away']);
    const other = await scene.join(worker, { sessionId: 'ses_2' });
    await until(() => frames(other).length > 0);
    grpc.close();
    silent.close();
  });
});

describe('a worker', () => {
  it('hears how many frames a slow client did without, and again when it keeps up', async () => {
    const worker = await scene.worker({ imageBytes: 200 * 1024, frameMs: 20 });
    const client = await scene.join(worker);
    await until(() => frames(client).length > 0);
    client.pause();
    const { feedback } = worker.session(SESSION);
    expect(feedback.every(({ framesDropped }) => framesDropped === 0)).toBe(true);
    feedback.length = 0;
    const pausedAtMs = performance.now();
    await until(() => feedback.length >= 3);
    // Four a second at most.
    expect(performance.now() - pausedAtMs).toBeGreaterThan(480);
    const told = feedback.map(({ framesDropped }) => framesDropped);
    expect(told.every((count, at) => count > (told[at - 1] ?? 0))).toBe(true);
    client.resume();
    await until(() => feedback.at(-1)?.waitMs === 0);
    const dropped = () => metric(scene.gateway, 'frames_dropped_total', 'slow_client');
    while (feedback.at(-1)?.framesDropped !== (await dropped()));
  });
});
