// Hundreds of streams in the same moment, as when another gateway of the region has died.
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { NoticeKind } from '@meridian/protocol';
import { frames, until } from './testing/clients.ts';
import { Scene } from './testing/scene.ts';
import { kinds, metric } from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(30_000);

/** A quarter of a second for each 64 of them: who comes behind waits for more than three. */
const CROWD = 64 * 14;

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.start();
});
afterEach(() => scene.end());

it('a stream in a crowd hears that it waits, and has its turn though the worker of all others says nothing', async () => {
  const mute = await scene.worker();
  mute.isMute = true;
  for (let at = 0; at < CROWD; at += 1) await scene.join(mute, { sessionId: `ses_of_mute_${String(at)}` });
  const worker = await scene.worker();
  const client = await scene.join(worker);
  await until(() => client.received.length > 0);
  expect(kinds(client)).toEqual([NoticeKind.WAITING]);
  expect(worker.sessions.size).toBe(0);
  expect(await metric(scene.gateway, 'streams_waiting')).toBeGreaterThan(0);
  await until(() => frames(client).length > 0);
  expect(kinds(client).at(-1)).toBe(NoticeKind.STARTED);
});
