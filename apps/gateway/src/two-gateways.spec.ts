// A session outlives its gateway: another one of the region, which has never seen it, takes its client on. What may have
// happened meanwhile: nothing, a move, or anything at the address that the client's first token names.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { NoticeKind } from '@meridian/protocol';
import type { Gateway } from './gateway.ts';
import {
  connectGrpcOver,
  connectWs,
  frames,
  grpcClient,
  notices,
  until,
  type TestClient,
} from './testing/clients.ts';
import type { FakeWorker } from './testing/fake-worker.ts';
import { Scene } from './testing/scene.ts';
import { SESSION, action, actionMessage, kinds, numbers, plan, rises } from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

let scene: Scene;
let other: Gateway;

beforeEach(async () => {
  scene = await Scene.start();
  other = await scene.addGateway();
});
afterEach(() => scene.end());

const play = async (client: TestClient, count = 15) => {
  await until(() => frames(client).length > count);
  return client;
};

/** A client with its first token, of a session that has moved to `next` since; its gateway is gone then. */
const afterMove = async (old: FakeWorker) => {
  const next = await scene.worker();
  scene.offer(next);
  const token = await scene.plane.token(plan(old, { claimByMs: Date.now() + 100 }));
  const client = await play(await scene.join(old, { token }));
  old.startDraining();
  await until(() => frames(client).some(({ epoch }) => epoch === 2));
  await scene.stopGateway(scene.gateway);
  await until(() => next.session(SESSION).call === undefined);
  return { next, client, token };
};

describe('another gateway', () => {
  it('goes on at the next frame, over either transport, also with the control plane down', async () => {
    const worker = await scene.worker();
    const token = await scene.plane.token(plan(worker));
    const first = await play(await scene.join(worker, { token }));
    first.send(actionMessage(4));
    await until(() => worker.session(SESSION).actions.length === 1);
    scene.plane.goAway();
    await scene.stopGateway(scene.gateway);
    const second = await play(await scene.join(worker, { token, gateway: other }));
    const grpc = grpcClient(other);
    second.leave();
    const third = await play(
      await scene.join(worker, { token, gateway: other, connect: connectGrpcOver(grpc) }),
    );
    expect(kinds(third)).toEqual([NoticeKind.RESUMED]);
    expect(rises([first, second, third].flatMap(numbers))).toBe(true);
    expect(worker.session(SESSION).actions).toEqual([action(4)]);
    expect(scene.plane.replaceRequests).toEqual([]);
    grpc.close();
    third.leave();
  });

  it('takes the client over from one that still holds its stream', async () => {
    const worker = await scene.worker();
    const token = await scene.plane.token(plan(worker));
    const first = await play(await scene.join(worker, { token }));
    await play(await scene.join(worker, { token, gateway: other }));
    expect(await first.ended).toEqual([4_000 + status.ABORTED, 'taken_over']);
  });

  it('asks for no lower frame number of the next worker than the one before it has shown', async () => {
    const [old, next] = [await scene.worker(), await scene.worker()];
    const token = await scene.plane.token(plan(old));
    const first = await play(await scene.join(old, { token }), 60);
    first.leave();
    await until(() => old.session(SESSION).call === undefined);
    old.isStuck = true;
    scene.offer(next);
    const second = await scene.join(old, { token, gateway: other });
    await until(() => frames(second).length > 0);
    expect(kinds(second)).toEqual([NoticeKind.RESUMED, NoticeKind.MIGRATING, NoticeKind.MIGRATED]);
    expect(rises([first, second].flatMap(numbers))).toBe(true);
  });
});

describe('a gateway and a worker lost together', () => {
  it.each(['WebSocket', 'gRPC'])(
    'repeat no frame number to a client that says over %s what it has seen',
    async (transport) => {
      const [old, next] = [await scene.worker(), await scene.worker()];
      const token = await scene.plane.token(plan(old));
      const first = await play(await scene.join(old, { token }), 30);
      old.kill();
      await scene.stopGateway(scene.gateway);
      scene.offer(next);
      const grpc = grpcClient(other);
      const connect = transport === 'gRPC' ? connectGrpcOver(grpc) : connectWs;
      const nextFrame = String((numbers(first).at(-1) ?? 0) + 1);
      const second = await play(await scene.join(old, { token, gateway: other, connect, nextFrame }));
      expect(rises([first, second].flatMap(numbers))).toBe(true);
      expect(next.session(SESSION).restoredFrom).toBeUndefined();
      second.leave();
      grpc.close();
    },
  );

  it('are no way for a thief to make the owner’s frames look old', async () => {
    const worker = await scene.worker();
    const owner = await play(await scene.join(worker));
    const nextFrame = '999999999999';
    const thieves = [
      await scene.join(worker, { nextFrame, clientKey: 'the-key-of-another-one' }),
      await scene.join(worker, { nextFrame, clientKey: 'the-key-of-another-one', gateway: other }),
    ];
    for (const thief of thieves) {
      expect(await thief.ended).toEqual([4_000 + status.PERMISSION_DENIED, 'token_reused']);
    }
    await play(owner, frames(owner).length + 5);
  });

  it.each(['-1', 'many', '1234567890123'])('and %s is no number of a frame', async (nextFrame) => {
    const client = await scene.join(await scene.worker(), { nextFrame });
    expect(await client.ended).toEqual([400, 'next_frame_malformed']);
  });
});

describe('with its first token after a move, a client is led to the newest worker', () => {
  it.each<readonly [string, (old: FakeWorker) => void]>([
    ['is fenced', () => undefined],
    ['is gone', (old) => old.kill()],
    ['was restarted, and the claim is long past', refuse(status.UNAUTHENTICATED, 'claim_expired')],
    ['gave its address to another', refuse(status.PERMISSION_DENIED, 'wrong_worker')],
    ['knows nothing', refuse(status.NOT_FOUND, 'session_not_found')],
  ])('when the old worker %s', async (_what, happens) => {
    const old = await scene.worker();
    const { next, client, token } = await afterMove(old);
    happens(old);
    const again = await play(await scene.join(old, { token, gateway: other }));
    expect(kinds(again)).toEqual([NoticeKind.MIGRATING, NoticeKind.MIGRATED]);
    expect(frames(again).every(({ epoch }) => epoch === 2)).toBe(true);
    expect(rises([client, again].flatMap(numbers))).toBe(true);
    expect(next.session(SESSION).streams).toBe(2);
    // It was placed once, by the move: asking again is answered with the same place.
    expect(scene.plane.placed.get(SESSION)?.epoch).toBe(2);
  });

  it('or comes with the token that the move gave it, and the control plane is not needed', async () => {
    const old = await scene.worker();
    const { client } = await afterMove(old);
    old.kill();
    scene.plane.goAway();
    const token = notices(client).find(({ kind }) => kind === NoticeKind.MIGRATED)?.sessionToken ?? '';
    const again = await play(await scene.join(old, { token, gateway: other }));
    expect(kinds(again)).toEqual([NoticeKind.RESUMED]);
    expect(rises([client, again].flatMap(numbers))).toBe(true);
  });

  it('as soon as the control plane is back', async () => {
    const old = await scene.worker();
    const { token } = await afterMove(old);
    old.kill();
    scene.plane.goAway();
    const again = await scene.join(old, { token, gateway: other });
    await until(() => kinds(again).includes(NoticeKind.MIGRATING));
    await scene.plane.comeBack();
    await play(again);
    expect(frames(again)[0]?.epoch).toBe(2);
  });
});

function refuse(code: status, meridianCode: string) {
  return (old: FakeWorker) => {
    old.forget();
    old.refusal = [code, meridianCode];
  };
}

it('a session that was never claimed ends as the control plane says', async () => {
  const worker = await scene.worker();
  worker.refusal = [status.UNAUTHENTICATED, 'claim_expired'];
  scene.plane.replacement = 'ended';
  const client = await scene.join(worker);
  expect(await client.ended).toEqual([4_000 + status.FAILED_PRECONDITION, 'session_ended']);
});

it('is given up in time when every place that is found has nobody who takes the session', async () => {
  const worker = await scene.worker();
  worker.refusal = [status.RESOURCE_EXHAUSTED, 'slots_full'];
  const patient = await scene.addGateway({ MIGRATE_MS: '1000' });
  const old = await scene.worker();
  const client = await play(await scene.join(old, { gateway: patient }));
  scene.offer(worker);
  old.kill();
  expect(await client.ended).toEqual([4_000 + status.UNAVAILABLE, 'worker_lost']);
  expect(scene.plane.replaceRequests.length).toBeLessThan(12);
});
