import { beforeEach, expect, it } from '@jest/globals';
import { DEFAULT_PLACEMENT_POLICY, type Session } from '@meridian/domain';
import { FakeSessionTokens, makeWorld, type World } from '@meridian/testkit';
import { DEFAULT_POLICY } from '../policy.ts';

let world: World;
let session: Session;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker();
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  session = outcome.session;
});
const put = async (limits: object) => {
  const stored = { model: 'gallery', policy: DEFAULT_PLACEMENT_POLICY, limits };
  await world.modelPolicies.put({ ...stored, updatedAtMs: world.clock.nowMs() });
  world.clock.advance(6_000);
};
const claims = async () => FakeSessionTokens.read((await world.issueConnection(session))?.token ?? '');

it('tells the worker the limits of the deployment, where the model has none of its own', async () => {
  const { holdMs, idleMs, maxDurationMs } = DEFAULT_POLICY;
  expect(await claims()).toMatchObject({ holdMs, idleMs, maxDurationMs });
  await put({ idleMs: 9_000 });
  expect(await claims()).toMatchObject({ holdMs, idleMs: 9_000, maxDurationMs });
});

it('tells the limits of the model, the duration less what was played', async () => {
  await put({ holdMs: 5_000, idleMs: 7_000, maxDurationMs: 60_000 });
  expect(await claims()).toMatchObject({ holdMs: 5_000, idleMs: 7_000, maxDurationMs: 60_000 });
  await world.connect(session);
  await world.pass(10_000);
  session = (await world.sessions.find(session.request.sessionId)) ?? session;
  const { maxDurationMs } = await claims();
  expect(maxDurationMs).toBeLessThanOrEqual(51_000);
  expect(maxDurationMs).toBeGreaterThanOrEqual(50_000);
});

it.each([
  [{ holdMs: 5_000 }, 5_000],
  [{ holdMs: 60_000 }, 60_000],
  [{}, DEFAULT_POLICY.holdMs],
])('waits for a new worker for as long as the model’s sessions are held: %j', async (limits, holdMs) => {
  await put(limits);
  await world.connect(session);
  await world.pass(1_000);
  world.fleet[0]?.crash();
  const state = async () => (await world.sessions.find(session.request.sessionId))?.state;
  await world.pass(4_000);
  expect(await state()).toBe('migrating');
  await world.pass(holdMs - 3_000);
  expect(await state()).toBe('migrating');
  await world.pass(4_000);
  expect(await state()).toBe('ended');
});
