// A worker drains: its sessions get another place first, and leave it then (make before break).
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { NoticeKind } from '@meridian/protocol';
import { setTimeout as delay } from 'node:timers/promises';
import { frames, isAt, notices, until, type TestClient } from './testing/clients.ts';
import type { FakeWorker, FakeWorkerOptions } from './testing/fake-worker.ts';
import { Scene } from './testing/scene.ts';
import { SESSION, action, actionMessage, kinds, metric, numbers, rises } from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.start();
});
afterEach(() => scene.end());

const isAtNext = (client: TestClient) => isAt(client, 2);
const MOVED = [NoticeKind.STARTED, NoticeKind.MIGRATING, NoticeKind.MIGRATED];

const playing = async (options: FakeWorkerOptions = {}, count = 12) => {
  const [old, next] = [await scene.worker(options), await scene.worker(options)];
  const client = await scene.join(old);
  await until(() => frames(client).length > count);
  return { old, next, client };
};

const afterDrain = async ({ old, next, client }: Awaited<ReturnType<typeof playing>>) => {
  scene.offer(next);
  old.startDraining();
  await until(() => isAtNext(client));
};

describe('a session of a draining worker', () => {
  it('goes on at another one from the very frame, and every frame is shown once', async () => {
    const scenery = await playing({ stateBytes: 110_000 });
    await afterDrain(scenery);
    const { old, next, client } = scenery;
    expect(kinds(client)).toEqual(MOVED);
    expect(rises(numbers(client))).toBe(true);
    const { restoredFrom } = next.session(SESSION);
    const lastOfOld = frames(client).findLast(({ epoch }) => epoch === 1)?.number ?? 0;
    expect(restoredFrom?.frameNumber).toBe(lastOfOld);
    expect(numbers(client)).toContain(lastOfOld + 1);
    expect(scene.plane.replaceRequests).toEqual([
      { sessionId: SESSION, lostEpoch: 1, lostWorkerId: 'us-east-1', planned: true },
    ]);
    expect(old.sessions.size).toBe(0);
  });

  it('pauses for less than half a second, and the gateway says for how long', async () => {
    await afterDrain(await playing());
    const buckets = 'migration_pause_seconds_bucket';
    expect(await metric(scene.gateway, buckets, 'cause="drain",?.*le="0.5"|le="0.5".*cause="drain"')).toBe(1);
    expect(await metric(scene.gateway, 'sessions_seeking_place')).toBe(0);
  });

  it('loses no action and has none applied twice', async () => {
    const scenery = await playing();
    const { old, next, client } = scenery;
    client.send(actionMessage(1));
    await until(() => old.session(SESSION).actions.length === 1);
    scene.plane.answerMs = 50;
    const moved = afterDrain(scenery);
    client.send(actionMessage(2));
    await moved;
    client.send(actionMessage(3));
    await until(() => frames(client).some(({ lastActionSeq }) => lastActionSeq === 3));
    expect(next.session(SESSION).restoredFrom?.deviceSeqs).toEqual([{ device: 0, seq: 2 }]);
    expect(next.session(SESSION).actions).toEqual([action(2), action(3)]);
    const shown = frames(client).map(({ lastActionSeq }) => lastActionSeq);
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
  });

  it('goes on where it is while there is no other place, and is told nothing', async () => {
    const { old, next, client } = await playing();
    scene.plane.replacement = 'no_slot';
    old.startDraining();
    await until(() => scene.plane.replaceRequests.length === 2);
    expect(kinds(client)).toEqual([NoticeKind.STARTED]);
    expect(await metric(scene.gateway, 'sessions_seeking_place')).toBe(1);
    const from = frames(client).length;
    await until(() => frames(client).length > from + 5);
    scene.offer(next);
    await until(() => isAtNext(client));
    expect(kinds(client)).toEqual(MOVED);
    expect(scene.plane.replaceRequests.every(({ planned }) => planned)).toBe(true);
  });

  it('goes on where it is when its state cannot be moved, and ends with the worker, which says why', async () => {
    const { old, client } = await playing();
    scene.plane.replacement = 'state_not_movable';
    old.startDraining();
    await until(() => scene.plane.replaceRequests.length === 1);
    const from = frames(client).length;
    await until(() => frames(client).length > from + 5);
    old.drain();
    expect(await client.ended).toEqual([1000, '']);
    expect(notices(client).at(-1)).toMatchObject({
      kind: NoticeKind.ENDED,
      endReason: 'worker_lost',
      detail: 'state_not_movable',
    });
  });

  it('is moved without the last checkpoint when the worker does not hand over in time', async () => {
    const scenery = await playing({}, 25);
    scenery.old.isDeaf = true;
    await afterDrain(scenery);
    const { next, client } = scenery;
    expect(kinds(client)).toEqual(MOVED);
    expect(next.session(SESSION).restoredFrom).toBeDefined();
    expect(rises(numbers(client))).toBe(true);
  });

  it('follows to where it is when the worker heard of the move first', async () => {
    const { old, next, client } = await playing();
    scene.offer(next);
    scene.plane.placed.set(SESSION, { workerId: 'us-east-2', workerAddress: next.address, epoch: 2 });
    old.handOver(SESSION);
    await until(() => isAtNext(client));
    expect(kinds(client)).toEqual(MOVED);
    const lastOfOld = frames(client).findLast(({ epoch }) => epoch === 1)?.number ?? 0;
    expect(next.session(SESSION).restoredFrom?.frameNumber).toBe(lastOfOld);
    expect(scene.plane.replaceRequests.map(({ planned }) => planned)).toEqual([false]);
  });

  it('is moved all the same when its client leaves in the middle of it', async () => {
    const { old, next, client } = await playing();
    scene.offer(next);
    old.isDeaf = true;
    old.startDraining();
    await until(() => old.handOversAsked === 1);
    const served = old.session(SESSION);
    client.leave();
    await delay(20);
    old.handOver(SESSION);
    const again = await scene.join(old);
    await until(() => isAtNext(again));
    expect(kinds(again)).toEqual([NoticeKind.STARTED]);
    expect(next.session(SESSION).restoredFrom?.frameNumber).toBe(served.nextFrame - 1);
    expect(rises([...numbers(client), ...numbers(again)])).toBe(true);
  });

  it('tells the owner the token of its new place', async () => {
    const scenery = await playing();
    await afterDrain(scenery);
    const { client, old } = scenery;
    const token = notices(client).find(({ kind }) => kind === NoticeKind.MIGRATED)?.sessionToken;
    scene.plane.goAway();
    const again = await scene.join(old, { gateway: scene.gateway, token: token ?? '' });
    await until(() => frames(again).length > 0);
    expect(frames(again)[0]?.epoch).toBe(2);
  });
});

const COUNT = 24;

/** As many clients, each with a session of its own on the same worker. */
const crowd = async () => {
  const [old, next] = [await scene.worker({ frameMs: 40 }), await scene.worker({ frameMs: 40 })];
  const ids = Array.from({ length: COUNT }, (_, at) => `ses_${String(at)}`);
  const clients = await Promise.all(ids.map((sessionId) => scene.join(old, { sessionId })));
  await until(() => clients.every(({ received }) => received.length > 3));
  scene.offer(next);
  scene.plane.answerMs = 30;
  return { old, next, clients };
};

describe('many sessions of one worker', () => {
  it.each([
    ['drains', (old: FakeWorker) => old.startDraining()],
    ['is lost', (old: FakeWorker) => old.kill()],
  ])(
    'move by turns when it %s',
    async (_what, happens) => {
      const { old, next, clients } = await crowd();
      happens(old);
      await until(() => clients.every(isAtNext));
      expect(scene.plane.callsAtOnce).toBe(16);
      expect(clients.every((client) => rises(numbers(client)))).toBe(true);
      expect(next.sessions.size).toBe(COUNT);
      expect(scene.plane.replaceRequests.length).toBe(COUNT);
    },
    20_000,
  );
});
