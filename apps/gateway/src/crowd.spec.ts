// Streams that come in the same moment, as when another gateway of the region has died.
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { NoticeKind } from '@meridian/protocol';
import { Arrivals } from './relay/arrivals.ts';
import { frames, until } from './testing/clients.ts';
import { Scene } from './testing/scene.ts';
import { kinds, metric } from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

const FOR_EVER_MS = 600_000;

let scene: Scene;

beforeEach(async () => {
  const arrivals = new Arrivals({ atOnce: 1, turnMs: FOR_EVER_MS, tellEveryMs: 20 });
  scene = await Scene.start({ FIRST_MESSAGE_MS: String(FOR_EVER_MS) }, arrivals);
});
afterEach(() => scene.end());

it('a stream whose turn has not come hears so, and its worker hears of it when it has', async () => {
  const [mute, worker] = [await scene.worker(), await scene.worker()];
  mute.isMute = true;
  const first = await scene.join(mute, { sessionId: 'ses_of_mute' });
  await until(() => mute.tokens.length > 0);
  const second = await scene.join(worker);
  await until(() => second.received.length > 2);
  expect(new Set(kinds(second))).toEqual(new Set([NoticeKind.WAITING]));
  expect(worker.tokens).toEqual([]);
  expect(await metric(scene.gateway, 'streams_waiting')).toBe(1);
  first.leave();
  await until(() => frames(second).length > 0);
  expect(kinds(second).at(-1)).toBe(NoticeKind.STARTED);
  expect(await metric(scene.gateway, 'streams_waiting')).toBe(0);
});

it('who leaves before its turn is never heard of by its worker, and holds up nobody', async () => {
  const [mute, worker] = [await scene.worker(), await scene.worker()];
  mute.isMute = true;
  const first = await scene.join(mute, { sessionId: 'ses_of_mute' });
  await until(() => mute.tokens.length > 0);
  const impatient = await scene.join(mute, { sessionId: 'ses_of_impatient' });
  await until(() => impatient.received.length > 0);
  const patient = await scene.join(worker);
  await until(() => patient.received.length > 0);
  impatient.leave();
  while ((await metric(scene.gateway, 'streams_waiting')) > 1);
  first.leave();
  await until(() => frames(patient).length > 0);
  expect(mute.tokens).toHaveLength(1);
});
