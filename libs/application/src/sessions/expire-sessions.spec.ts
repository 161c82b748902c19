import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Session } from '@meridian/domain';
import { makeWorld, US_EAST, workerId, type World } from '@meridian/testkit';

let world: World;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker({ slots: 1 });
});
const open = async (): Promise<Session> => {
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  return outcome.session;
};
const now = (session: Session) => world.sessions.find(session.request.sessionId);

describe('what nobody calls us about', () => {
  it('a claim that is not taken up goes back, and to who waits', async () => {
    const [idle, waiting] = [await open(), await open()];
    await world.pass(59_000);
    expect((await now(idle))?.state).toBe('reserved');
    await world.pass(8_000);
    expect(await now(idle)).toMatchObject({ state: 'ended', endReason: 'claim_expired' });
    expect((await now(waiting))?.state).toBe('reserved');
  });

  it('a claim taken up in the last moment is kept', async () => {
    const late = await open();
    await world.pass(59_500);
    await world.connect(late);
    await world.pass(20_000);
    expect((await now(late))?.state).toBe('active');
  });

  it('a wait ends after its time', async () => {
    await world.connect(await open());
    const waiting = await open();
    await world.pass(599_000);
    expect((await now(waiting))?.state).toBe('queued');
    await world.pass(2_000);
    expect(await now(waiting)).toMatchObject({ state: 'ended', endReason: 'queue_expired' });
  });

  it('a session whose worker is lost waits for the gateway, and ends when none comes', async () => {
    const session = await open();
    await world.connect(session);
    await world.pass(3_000);
    world.fleet[0]?.crash();
    await world.pass(5_000);
    expect((await now(session))?.state).toBe('migrating');
    await world.pass(31_000);
    expect(await now(session)).toMatchObject({ state: 'ended', endReason: 'worker_lost' });
  });

  it('a session whose lease lapsed, though nobody was told of its worker, is found', async () => {
    const session = await open();
    await world.connect(session);
    await world.pass(3_000);
    world.fleet[0]?.crash();
    world.store(US_EAST).workers.clear();
    await world.pass(13_000);
    expect((await now(session))?.state).toBe('active');
    await world.pass(12_000);
    expect((await now(session))?.state).toBe('migrating');
  });

  it('a session whose slot went to another before anyone claimed it gets another slot', async () => {
    const session = await open();
    world.store(US_EAST).drop(session.request.sessionId);
    expect((await open()).state).toBe('reserved');
    await world.addWorker({ workerId: workerId('b') });
    await world.pass(8_000);
    expect((await now(session))?.epoch).toBe(1);
    await world.pass(6_000);
    expect(await now(session)).toMatchObject({ state: 'reserved', epoch: 2, lease: { workerId: 'b' } });
    expect(world.store(US_EAST).leases.size).toBe(2);
  });

  it('a store that forgot everything loses no session (L4)', async () => {
    const session = await open();
    await world.connect(session);
    await world.pass(10_000);
    world.store(US_EAST).flush();
    for (let look = 0; look < 3; look += 1) await world.expireSessions();
    await world.pass(20_000);
    expect((await now(session))?.state).toBe('active');
    const types = (await world.sessions.events(session.request.sessionId, 0)).map(({ event }) => event.type);
    expect(types).not.toContain('migrating');
    expect(world.store(US_EAST).leases.size).toBe(1);
  });

  it('a store that is away for minutes loses no session (L4)', async () => {
    const session = await open();
    await world.connect(session);
    await world.pass(2_000);
    world.store(US_EAST).away = true;
    await world.pass(420_000);
    world.store(US_EAST).away = false;
    await world.pass(30_000);
    expect(await now(session)).toMatchObject({ state: 'active', epoch: 1 });
    await world.addWorker({ workerId: workerId('b') });
    expect((await open()).state).toBe('reserved');
  });
});
