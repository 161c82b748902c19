import { beforeEach, describe, expect, it } from '@jest/globals';
import { aTenant, EU_WEST, makeWorld, tenantId, US_EAST, workerId, type World } from '@meridian/testkit';
import type { Session } from '@meridian/domain';

let world: World;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker({ slots: 2 });
});
const open = async (tenant = 'acme', over: Parameters<World['open']>[0] = {}): Promise<Session> => {
  world.clock.advance(10);
  const outcome = await world.open({ tenant: aTenant({ tenantId: tenantId(tenant) }), ...over });
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  return outcome.session;
};
const end = (session: Session) =>
  world.endSession({ sessionId: session.request.sessionId, reason: 'client_ended' });
const dispatched = async () =>
  (await world.dispatchQueue()).dispatched.map((session) => session.request.sessionId);
const place = (session: Session) => world.readQueuePlace(session);

describe('the queue', () => {
  it('gives a slot that becomes free to who waits, with a claim of 60 s', async () => {
    const [first] = [await open(), await open()];
    const waiting = await open();
    expect(await world.dispatchQueue()).toEqual({ dispatched: [], waiting: 1 });
    await end(first);
    expect(await dispatched()).toEqual([waiting.request.sessionId]);
    const reserved = await world.sessions.find(waiting.request.sessionId);
    expect(reserved).toMatchObject({ state: 'reserved', epoch: 1, claimByMs: world.clock.nowMs() + 60_000 });
  });

  it('is fair across tenants: a crowd does not keep others from their turn', async () => {
    const [first, second] = [await open('crowd'), await open('crowd')];
    const crowd = [await open('crowd'), await open('crowd')];
    const alone = await open('alone');
    await end(first);
    expect(await dispatched()).toEqual([alone.request.sessionId]);
    await end(second);
    expect(await dispatched()).toEqual([crowd[0]?.request.sessionId]);
  });

  it('does not let one who cannot use the free slot hold up the next', async () => {
    const [first] = [await open(), await open()];
    await world.addWorker({ region: EU_WEST, slots: 1 });
    const [inEurope] = [await open('acme', { residency: 'eu' }), await open('acme', { residency: 'eu' })];
    const next = await open('acme', { residency: 'us' });
    expect(inEurope.state).toBe('reserved');
    await end(first);
    expect(await dispatched()).toEqual([next.request.sessionId]);
  });

  it('gives one slot once when two replicas run it at once', async () => {
    const [first] = [await open(), await open()];
    await open();
    await end(first);
    const runs = await Promise.all([world.dispatchQueue(), world.dispatchQueue()]);
    expect(runs.flatMap((run) => run.dispatched)).toHaveLength(1);
    expect(world.store(US_EAST).leases.size).toBe(2);
  });

  it('finds the slot whose reservation’s reply was lost', async () => {
    const [first] = [await open(), await open()];
    const waiting = await open();
    await end(first);
    world.fates.leases.next('reserve', 'reply-lost');
    expect(await dispatched()).toEqual([waiting.request.sessionId]);
    expect(world.store(US_EAST).leases.size).toBe(2);
  });

  it('holds no slot for a session that ended meanwhile', async () => {
    const [first] = [await open(), await open()];
    const waiting = await open();
    await end(first);
    await Promise.all([world.dispatchQueue(), end(waiting)]);
    await world.pass(1_000);
    expect((await world.sessions.find(waiting.request.sessionId))?.state).toBe('ended');
    expect(world.store(US_EAST).leases.size).toBe(1);
  });

  it('lets a latency cap relax with the wait', async () => {
    const session = await open('acme', { maxRttMs: 8 });
    expect(session).toMatchObject({ state: 'queued', considered: [{ code: 'rtt_above_cap' }, {}] });
    world.clock.advance(9_000);
    await world.fleet[0]?.beat();
    expect(await dispatched()).toEqual([]);
    world.clock.advance(1_500);
    await world.fleet[0]?.beat();
    expect(await dispatched()).toEqual([session.request.sessionId]);
  });

  it('shows place and wait, and neither to who does not wait', async () => {
    const first = await open();
    await open();
    const waiting = [await open(), await open()] as const;
    expect(await place(first)).toBeUndefined();
    // Two slots of sessions of about 5 min: one every 150 s, the guess; and none given back in 10 min of looking.
    expect(await place(waiting[0])).toEqual({ position: 1, etaMs: 450_000 });
    expect(await place(waiting[1])).toEqual({ position: 2, etaMs: 900_000 });
    await end(first);
    await world.dispatchQueue();
    world.clock.advance(1_000);
    expect(await place(waiting[1])).toEqual({ position: 1, etaMs: 300_000 });
  });

  it('goes on while a region is away, and when a worker joins', async () => {
    await open();
    await open();
    const waiting = await open();
    world.store(US_EAST).away = true;
    expect(await dispatched()).toEqual([]);
    await world.addWorker({ workerId: workerId('eu-1'), region: EU_WEST });
    expect(await dispatched()).toEqual([waiting.request.sessionId]);
  });
});
