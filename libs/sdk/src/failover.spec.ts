import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { MeridianSession } from './meridian-session.ts';
import { Meridian } from './meridian.ts';
import { FakeMeridian } from './testing/fake-meridian.ts';
import { once } from './testing/once.ts';

let fake: FakeMeridian;
let session: MeridianSession;

beforeEach(async () => {
  fake = await FakeMeridian.start({ gateways: 3 });
  const meridian = new Meridian({ baseUrl: fake.url, apiKey: 'mk_test', random: () => 0.5 });
  session = await meridian.open({ model: 'gallery', rttMs: {} });
  await once(session, 'started');
});

afterEach(async () => {
  await session.end();
  await fake.stop();
});

const streams = (): number[] => fake.gateways.map((gateway) => gateway.streams);

it('goes on at another gateway when its own dies, with the control plane away', async () => {
  const world = fake.only;
  fake.problem = { status: 503, body: { code: 'unavailable' } };
  const numbers: number[] = [];
  session.on('frame', ({ number }) => numbers.push(number));
  session.send({ text: 'open the door', axes: { forward: 1 } });
  while (world.actions.length < 1) await new Promise(setImmediate);
  world.frame();
  await once(session, 'frame');
  const resumed = once(session, 'resumed');
  await fake.gateways[0]?.stop();
  await resumed;
  expect(streams()).toEqual([1, 1, 0]);
  expect(new Set(world.clientKeys).size).toBe(1);
  // The same action under the same number: whether it had arrived or not, it counts once.
  while (world.actions.length < 2) await new Promise(setImmediate);
  expect(world.actions[1]).toEqual(world.actions[0]);
  world.frameNumber = 0;
  world.frame(1);
  world.frame(1);
  await once(session, 'frame');
  expect(numbers).toEqual([1, 2]);
  fake.problem = undefined;
});

it('comes back with the token of its newest place, and says which frame it waits for', async () => {
  const world = fake.only;
  world.frameNumber = 41;
  world.frame();
  await once(session, 'frame');
  const migrated = once(session, 'migrated');
  world.move();
  await migrated;
  fake.problem = { status: 503, body: { code: 'unavailable' } };
  const resumed = once(session, 'resumed');
  await fake.gateways[0]?.stop();
  await resumed;
  expect(session.epoch).toBe(2);
  expect(world.nextFrames).toEqual([undefined, '43']);
  fake.problem = undefined;
});

it('goes round over dead gateways to the one that lives', async () => {
  await fake.gateways[1]?.stop();
  const resumed = once(session, 'resumed');
  await fake.gateways[0]?.stop();
  await resumed;
  expect(streams()).toEqual([1, 0, 1]);
  expect(session.state).toBe('active');
});

it('takes leave of a gateway that is stopping', async () => {
  const lost = once(session, 'reconnecting');
  const resumed = once(session, 'resumed');
  fake.only.close(1012, '');
  expect(await lost).toMatchObject({ delayMs: 125, streamUrl: fake.gateways[1]?.streamUrl });
  await resumed;
  expect(streams()).toEqual([1, 1, 0]);
});
