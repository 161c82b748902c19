// A session's state on its way to the next worker, as large as it may be; and that only a gateway can send one.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { Codec, NoticeKind, type FrameFormat } from '@meridian/protocol';
import type { Gateway } from './gateway.ts';
import { connectWs, frames, isAt, until, type TestClient } from './testing/clients.ts';
import { FakeControlPlane } from './testing/fake-control-plane.ts';
import { FakeWorker, type FakeWorkerOptions } from './testing/fake-worker.ts';
import { tcpProxy } from './testing/tcp-proxy.ts';
import {
  KEY,
  SESSION,
  action,
  actionMessage,
  encodeRequest,
  kinds,
  metric,
  numbers,
  plan,
  rises,
  startTestGateway,
} from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

const MIB = 1024 * 1024;
const WEBP: FrameFormat = { codec: Codec.WEBP, width: 256, height: 144, quality: 60 };

let plane: FakeControlPlane;
let gateway: Gateway;
let workers: FakeWorker[];
let clients: TestClient[];

beforeEach(async () => {
  workers = [];
  clients = [];
  plane = await FakeControlPlane.start();
  gateway = await startTestGateway(plane, { CHECKPOINT_MEMORY_MB: '5' });
});

afterEach(async () => {
  for (const client of clients) client.leave();
  while ((await metric(gateway, 'streams_open')) > 0);
  await gateway.close();
  for (const started of workers) started.kill();
  plane.goAway();
});

const worker = async (options?: FakeWorkerOptions) => {
  const started = await FakeWorker.start({ imageBytes: 2_000, ...options });
  workers.push(started);
  return started;
};

/** A worker with a client on it, and the next one that the control plane will name. */
const playing = async (options: FakeWorkerOptions) => {
  const [lost, next] = [await worker(options), await worker(options)];
  plane.replacement = { workerId: 'us-east-2', workerAddress: next.address };
  const client = await join(lost);
  return { lost, next, client };
};

const join = async (on: FakeWorker, sessionId = SESSION) => {
  const client = connectWs(gateway, await plane.token(plan(on, { sessionId })), KEY);
  clients.push(client);
  return client;
};

/** Frames that came after the second checkpoint was sent, so that one at least has arrived. */
const hasCheckpoint = (client: TestClient) => frames(client).length > 25;
const isAtNext = (client: TestClient) => isAt(client, 2);

describe('the state of a session', () => {
  it.each([1_000, 110_000, 1_000_000, 4 * MIB - 1_000])(
    'of %i bytes goes on at the next worker, to the byte',
    async (stateBytes) => {
      const { lost, next, client } = await playing({ stateBytes, frameMs: 20 });
      await until(() => hasCheckpoint(client));
      lost.kill();
      await until(() => isAtNext(client));
      const { restoredFrom } = next.session(SESSION);
      const sent = lost
        .session(SESSION)
        .checkpoints.find(({ state }) => restoredFrom && Buffer.compare(state, restoredFrom.state) === 0);
      expect(restoredFrom?.frameNumber).toBe(sent?.frameNumber);
      expect(sent).toBeDefined();
      expect(rises(numbers(client))).toBe(true);
      expect(kinds(client)).toEqual([NoticeKind.STARTED, NoticeKind.MIGRATING, NoticeKind.MIGRATED]);
    },
  );

  it('is the last one that a draining worker sent', async () => {
    const { lost, next, client } = await playing({ stateBytes: 110_000 });
    await until(() => frames(client).length > 12);
    lost.drain();
    await until(() => isAtNext(client));
    const last = lost.session(SESSION).checkpoints.at(-1);
    expect(next.session(SESSION).restoredFrom).toEqual(last);
    expect(numbers(client)).toContain((last?.frameNumber ?? 0) + 1);
    expect(await metric(gateway, 'replacements_total')).toBe(1);
  });

  it('is offered to a worker that still serves the session, and means nothing there', async () => {
    const served = await worker({ stateBytes: 110_000 });
    const proxy = await tcpProxy(served.address);
    const client = connectWs(gateway, await plane.token(plan(served, { workerAddress: proxy.address })), KEY);
    clients.push(client);
    await until(() => hasCheckpoint(client));
    proxy.breakAll();
    await until(() => kinds(client).includes(NoticeKind.RESUMED));
    expect(served.session(SESSION).restoredFrom).toBeUndefined();
    proxy.close();
  });

  it('above 4 MiB is passed over and counted; the stream goes on, and the next worker starts anew', async () => {
    const { lost, next, client } = await playing({ stateBytes: 4 * MIB, frameMs: 20 });
    await until(() => hasCheckpoint(client));
    expect(lost.session(SESSION).streams).toBe(1);
    expect(await metric(gateway, 'worker_messages_too_large_total')).toBeGreaterThan(0);
    lost.kill();
    await until(() => isAtNext(client));
    expect(next.session(SESSION).restoredFrom).toBeUndefined();
    expect(rises(numbers(client))).toBe(true);
  });

  it('that no memory is left for is counted, and takes none from the others', async () => {
    const { lost, next, client } = await playing({ stateBytes: 3 * MIB, frameMs: 20 });
    await until(() => hasCheckpoint(client));
    const other = await join(lost, 'ses_2');
    await until(() => hasCheckpoint(other));
    expect(await metric(gateway, 'checkpoints_not_kept_total')).toBeGreaterThan(0);
    lost.kill();
    await until(() => isAtNext(client) && isAtNext(other));
    expect(next.session(SESSION).restoredFrom?.state.length).toBe(3 * MIB);
    expect(next.session('ses_2').restoredFrom).toBeUndefined();
  });
});

describe('what a client asks for', () => {
  it('holds at the next worker though its checkpoint is older', async () => {
    const { lost, next, client } = await playing({ stateBytes: 110_000 });
    client.send(encodeRequest({ $case: 'format', value: { ...WEBP, quality: 90 } }));
    await until(() => hasCheckpoint(client));
    client.send(encodeRequest({ $case: 'format', value: WEBP }));
    client.send(actionMessage(3));
    await until(() => lost.session(SESSION).actions.length === 1);
    lost.kill();
    await until(() => isAtNext(client));
    expect(lost.session(SESSION).formats).toEqual([{ ...WEBP, quality: 90 }, WEBP]);
    expect(next.session(SESSION)).toMatchObject({ formats: [WEBP], actions: [action(3)] });
  });

  it('is never a restore: the stream ends, and the worker sees none of it', async () => {
    const served = await worker();
    const value = {
      ...{ model: 'm', modelVersion: '1', epoch: 1, frameNumber: 1, lastActionSeq: 0 },
      ...{ state: Buffer.alloc(10), action: undefined, format: undefined, deviceSeqs: [], actionDevice: 0 },
    };
    const restore = encodeRequest({ $case: 'restore', value });
    const forms = [
      restore,
      Buffer.concat([actionMessage(1), restore]),
      Buffer.concat([restore, actionMessage(1)]),
    ];
    for (const form of forms) {
      const client = await join(served);
      client.send(form);
      expect(await client.ended).toEqual([4_000 + status.INVALID_ARGUMENT, 'malformed_message']);
      await until(() => served.sessions.get(SESSION)?.call === undefined);
    }
    expect(served.sessions.get(SESSION)?.restoredFrom).toBeUndefined();
    expect(served.sessions.get(SESSION)?.actions ?? []).toEqual([]);
  });
});
