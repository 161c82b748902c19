// Paired devices take part at the owner's gateway: they see its frames, and controllers act.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { DeviceRole, NoticeKind, PlayRequest } from '@meridian/protocol';
import { setTimeout as delay } from 'node:timers/promises';
import { connectGrpcOver, frames, grpcClient, notices, until, type TestClient } from './testing/clients.ts';
import type { FakeWorker } from './testing/fake-worker.ts';
import { Scene, type Join } from './testing/scene.ts';
import {
  SESSION,
  action,
  actionMessage,
  encodeRequest,
  kinds,
  metric,
  numbers,
  rises,
} from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

let scene: Scene;
let worker: FakeWorker;
let owner: TestClient;

const device = (number: number, how: Join = {}) =>
  scene.join(worker, {
    ...{ device: number, role: 'controller', clientKey: `the-key-of-device-${String(number)}` },
    ...how,
  });

/** A device that gets frames already. */
const attached = async (number: number, how: Join = {}) => {
  const client = await device(number, how);
  await until(() => frames(client).length > 0);
  return client;
};

const removal = (number: number) => encodeRequest({ $case: 'removeDevice', value: { device: number } });

const devicesSaid = (client: TestClient, said: NoticeKind) =>
  notices(client)
    .filter(({ kind }) => kind === said)
    .map(({ device: number, role }) => [number, role]);

beforeEach(async () => {
  scene = await Scene.start();
  worker = await scene.worker();
  owner = await scene.join(worker);
  await until(() => frames(owner).length > 0);
});
afterEach(() => scene.end());

describe('a paired device', () => {
  it('sees the very frames that the owner sees', async () => {
    const grpc = grpcClient(scene.gateway);
    const watchers = [
      await attached(1, { role: 'spectator' }),
      await attached(2, { connect: connectGrpcOver(grpc) }),
    ];
    const from = numbers(owner).at(-1) ?? 0;
    await until(() => watchers.every((watcher) => (numbers(watcher).at(-1) ?? 0) > from + 20));
    const byNumber = new Map(
      owner.received.flatMap(({ bytes, response: { message } }) =>
        message?.$case === 'frame' ? [[message.value.number, bytes] as const] : [],
      ),
    );
    for (const watcher of watchers) {
      for (const { bytes, response } of watcher.received) {
        if (response.message?.$case !== 'frame') continue;
        const shown = byNumber.get(response.message.value.number);
        if (shown) expect(bytes.equals(shown)).toBe(true);
      }
    }
    grpc.close();
  });

  it('starts with a notice and with a keyframe, and hears who is there', async () => {
    const slow = await scene.worker({ keyframeEvery: 40 });
    const sessionId = 'ses_2';
    const other = await scene.join(slow, { sessionId });
    await until(() => frames(other).length > 3);
    const first = await attached(1, { sessionId, role: 'spectator' });
    const second = await attached(2, { sessionId });
    expect(frames(first)[0]?.keyframe).toBe(true);
    expect(kinds(second)).toEqual([NoticeKind.STARTED, NoticeKind.DEVICE_JOINED]);
    expect(devicesSaid(second, NoticeKind.DEVICE_JOINED)).toEqual([[1, DeviceRole.SPECTATOR]]);
    expect(devicesSaid(first, NoticeKind.DEVICE_JOINED)).toEqual([[2, DeviceRole.CONTROLLER]]);
    expect(devicesSaid(other, NoticeKind.DEVICE_JOINED)).toEqual([
      [1, DeviceRole.SPECTATOR],
      [2, DeviceRole.CONTROLLER],
    ]);
    second.leave();
    await until(() => devicesSaid(first, NoticeKind.DEVICE_LEFT).length > 0);
    expect(devicesSaid(other, NoticeKind.DEVICE_LEFT)).toEqual([[2, DeviceRole.CONTROLLER]]);
    expect(await metric(scene.gateway, 'devices_open')).toBe(1);
  });

  it('acts, and its actions count with the owner’s in the order in which they come', async () => {
    const phone = await attached(3);
    owner.send(actionMessage(5));
    await until(() => worker.session(SESSION).actions.length === 1);
    phone.send(
      PlayRequest.encode(
        // What it says of itself is overridden.
        PlayRequest.fromPartial({ message: { $case: 'action', value: action(1) }, device: 7 }),
      ).finish(),
    );
    await until(() => frames(owner).some(({ lastActionDevice }) => lastActionDevice === 3));
    owner.send(actionMessage(6));
    await until(() => frames(phone).some(({ lastActionSeq }) => lastActionSeq === 6));
    const { actions, origins } = worker.session(SESSION);
    expect(actions.map(({ seq }, at) => [origins[at]?.device, seq])).toEqual([
      [0, 5],
      [3, 1],
      [0, 6],
    ]);
    for (const { gatewayReceivedUs } of origins) {
      expect(Math.abs(gatewayReceivedUs / 1_000 - Date.now())).toBeLessThan(10_000);
    }
  });

  it('goes with the session to another worker, where the newest action of every device is told', async () => {
    const phone = await attached(1);
    owner.send(actionMessage(4));
    await until(() => worker.session(SESSION).actions.length === 1);
    phone.send(actionMessage(9));
    await until(() => worker.session(SESSION).actions.length === 2);
    const next = await scene.worker();
    scene.offer(next);
    worker.kill();
    await until(() => [owner, phone].every((client) => frames(client).some(({ epoch }) => epoch === 2)));
    expect(kinds(phone)).toEqual([NoticeKind.STARTED, NoticeKind.MIGRATING, NoticeKind.MIGRATED]);
    expect(rises(numbers(phone))).toBe(true);
    const { actions, origins } = next.session(SESSION);
    expect(actions.map(({ seq }, at) => [origins[at]?.device, seq])).toEqual([
      [0, 4],
      [1, 9],
    ]);
    expect(notices(owner).at(-1)?.sessionToken).not.toBe('');
    expect(notices(phone).every(({ sessionToken }) => sessionToken === '')).toBe(true);
  });

  it('ends with the session, and hears how', async () => {
    const phone = await attached(1);
    worker.end(SESSION, 'idle');
    expect(await phone.ended).toEqual([1000, '']);
    expect(notices(phone).at(-1)).toMatchObject({ kind: NoticeKind.ENDED, endReason: 'idle' });
  });

  it('is let in with the key of its first stream only; a newer stream of its takes over', async () => {
    const phone = await attached(1);
    const thief = await device(1, { clientKey: 'the-key-of-another-one' });
    expect(await thief.ended).toEqual([4_000 + status.PERMISSION_DENIED, 'token_reused']);
    const again = await attached(1);
    expect(await phone.ended).toEqual([4_000 + status.ABORTED, 'taken_over']);
    expect(kinds(again)).toEqual([NoticeKind.RESUMED]);
    expect(devicesSaid(owner, NoticeKind.DEVICE_JOINED)).toEqual([[1, DeviceRole.CONTROLLER]]);
    expect(devicesSaid(owner, NoticeKind.DEVICE_LEFT)).toEqual([]);
  });

  it('is not slowed by another one that reads nothing, and neither is the owner', async () => {
    const big = await scene.worker({ imageBytes: 200 * 1024, frameMs: 20 });
    const sessionId = 'ses_2';
    const main = await scene.join(big, { sessionId });
    await until(() => frames(main).length > 0);
    const stalled = await attached(1, { sessionId });
    stalled.pause();
    while ((await metric(scene.gateway, 'frames_dropped_total', 'slow_client')) < 5);
    // A worker adapts to its owner's client alone, which went on.
    const shown = numbers(main);
    const missing = (shown.at(-1) ?? 0) - (shown[0] ?? 0) + 1 - shown.length;
    expect(shown.length).toBeGreaterThan(5);
    expect(missing).toBeLessThan(5);
    for (const { framesDropped } of big.session(sessionId).feedback)
      expect(framesDropped).toBeLessThanOrEqual(missing);
    const newest = shown.at(-1) ?? 0;
    stalled.resume();
    await until(() => (numbers(stalled).at(-1) ?? 0) > newest);
    expect(rises(numbers(stalled))).toBe(true);
  });

  it('is one of eight', async () => {
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((number) => attached(number, { role: 'spectator' })));
    const ninth = await device(9);
    expect(await ninth.ended).toEqual([4_000 + status.RESOURCE_EXHAUSTED, 'too_many_devices']);
    expect(frames(await attached(8)).length).toBeGreaterThan(0);
  });
});

describe('a role', () => {
  it.each([
    ['spectator', 'an action', actionMessage(1)],
    [
      'controller',
      'a format',
      encodeRequest({ $case: 'format', value: { codec: 1, width: 0, height: 0, quality: 1 } }),
    ],
    ['controller', 'a removal', removal(2)],
  ] as const)('forbids a %s %s', async (role, _what, message) => {
    const client = await attached(1, { role });
    client.send(message);
    expect(await client.ended).toEqual([4_000 + status.PERMISSION_DENIED, 'role_forbidden']);
    expect(worker.session(SESSION).actions).toEqual([]);
    expect(worker.session(SESSION).formats).toEqual([]);
  });

  it.each([
    [0, 'spectator'],
    [0, 'controller'],
    [1, 'owner'],
  ] as const)('is none that device %i cannot have: %s', async (number, role) => {
    const client = await device(number, { role });
    expect(await client.ended).toEqual([401, 'token_malformed']);
  });
});

describe('the owner', () => {
  it('removes a device, which stays out, also when the owner was away meanwhile', async () => {
    const phone = await attached(1);
    owner.send(removal(1));
    expect(await phone.ended).toEqual([4_000 + status.PERMISSION_DENIED, 'device_removed']);
    owner.leave();
    await until(() => worker.session(SESSION).call === undefined);
    owner = await scene.join(worker);
    await until(() => frames(owner).length > 0);
    expect(await (await device(1)).ended).toEqual([4_000 + status.PERMISSION_DENIED, 'device_removed']);
    expect(worker.session(SESSION).actions).toEqual([]);
  });

  it('removes a device as the first thing that it says on a stream', async () => {
    const phone = await attached(1);
    const again = await scene.join(worker);
    again.send(removal(1));
    expect(await phone.ended).toEqual([4_000 + status.PERMISSION_DENIED, 'device_removed']);
  });

  it('cannot be removed', async () => {
    owner.send(removal(0));
    expect(await owner.ended).toEqual([4_000 + status.INVALID_ARGUMENT, 'malformed_message']);
  });

  it('who is back within a second finds its devices as they were', async () => {
    const phone = await attached(1);
    owner.leave();
    await until(() => worker.session(SESSION).call === undefined);
    phone.send(actionMessage(1));
    await delay(50);
    owner = await scene.join(worker);
    const from = frames(phone).length;
    await until(() => frames(phone).length > from + 3);
    await until(() => worker.session(SESSION).actions.length === 1);
    expect(devicesSaid(owner, NoticeKind.DEVICE_JOINED)).toEqual([[1, DeviceRole.CONTROLLER]]);
    expect(rises(numbers(phone))).toBe(true);
  });

  it('who stays away leaves none behind', async () => {
    const phone = await attached(1);
    owner.leave();
    expect(await phone.ended).toEqual([4_000 + status.UNAVAILABLE, 'owner_away']);
    expect(await (await device(1)).ended).toEqual([4_000 + status.UNAVAILABLE, 'owner_away']);
  });

  it('is not to be found at another gateway', async () => {
    const other = await scene.addGateway();
    const phone = await device(1, { gateway: other });
    expect(await phone.ended).toEqual([4_000 + status.UNAVAILABLE, 'owner_away']);
  });

  it('is not who came with a copied token and another key', async () => {
    const phone = await attached(1);
    const thief = await scene.join(worker, { clientKey: 'the-key-of-another-one' });
    thief.send(removal(1));
    expect(await thief.ended).toEqual([4_000 + status.PERMISSION_DENIED, 'token_reused']);
    const from = frames(phone).length;
    await until(() => frames(phone).length > from + 3);
  });
});

it('a token of a device reaches no other session', async () => {
  const stranger = await attached(1);
  const other = await scene.join(worker, { sessionId: 'ses_2', clientKey: 'the-key-of-a-second-owner' });
  await until(() => frames(other).length > 0);
  stranger.send(actionMessage(1));
  await until(() => worker.session(SESSION).actions.length === 1);
  expect(worker.session('ses_2').actions).toEqual([]);
});
