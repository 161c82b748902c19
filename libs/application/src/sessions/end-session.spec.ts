import { beforeEach, describe, expect, it } from '@jest/globals';
import { makeWorld, sessionId, tenantId, US_EAST, type World } from '@meridian/testkit';
import type { Session } from '@meridian/domain';

let world: World;
let session: Session;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker();
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  session = outcome.session;
});
const id = () => session.request.sessionId;
const end = () => world.endSession({ sessionId: id(), reason: 'client_ended' });
const freeSlots = () => 2 - world.store(US_EAST).leases.size;

describe('ending a session', () => {
  it('stops it at its worker, records the final counters with the end, and frees the slot', async () => {
    await world.connect(session);
    await world.pass(5_000);
    expect(await end()).toMatchObject({
      kind: 'ended',
      session: { state: 'ended', endReason: 'client_ended' },
    });
    expect(world.workers.ended).toMatchObject([{ sessionId: id(), epoch: 1, reason: 'client_ended' }]);
    expect(await world.usage.sessionUsage(id())).toMatchObject({ activeMs: 5_000, frames: 125, final: true });
    expect(freeSlots()).toBe(2);
  });

  it('is idempotent: the first reason stays, and the worker is asked once', async () => {
    const first = await end();
    expect(await world.endSession({ sessionId: id(), reason: 'operator_ended' })).toEqual(first);
    expect(world.workers.ended).toHaveLength(1);
  });

  it('ends one that waits', async () => {
    for (let i = 0; i < 1; i += 1) await world.open();
    const waiting = await world.open();
    if (waiting.kind !== 'opened') throw new Error(waiting.kind);
    expect(waiting.session.state).toBe('queued');
    const ended = await world.endSession({
      sessionId: waiting.session.request.sessionId,
      reason: 'client_ended',
    });
    expect(ended).toMatchObject({ kind: 'ended' });
    expect(world.workers.ended).toEqual([]);
  });

  it('does not know another tenant’s session, nor one that is not there (S1)', async () => {
    const asked = { sessionId: id(), reason: 'client_ended', tenantId: tenantId('other') } as const;
    expect(await world.endSession(asked)).toEqual({ kind: 'not_found' });
    expect(await world.endSession({ ...asked, sessionId: sessionId('none') })).toEqual({ kind: 'not_found' });
    expect(world.workers.ended).toEqual([]);
    expect((await world.sessions.find(id()))?.state).toBe('reserved');
  });

  it('decides again when somebody else was faster', async () => {
    world.fates.sessions.next('append', 'works');
    const [a, b] = await Promise.all([
      end(),
      world.endSession({ sessionId: id(), reason: 'operator_ended' }),
    ]);
    expect(a.kind).toBe('ended');
    expect(a).toEqual(b);
    expect(await world.sessions.events(id(), 0)).toHaveLength(2);
  });

  it('does not need the worker, and counts what it reports afterwards', async () => {
    await world.connect(session);
    await world.pass(2_000);
    world.workers.vanish('us-east-1:1');
    expect(await end()).toMatchObject({ kind: 'ended' });
    await world.pass(10_000);
    expect(world.fleet[0]?.running).toEqual([]);
    expect(await world.usage.sessionUsage(id())).toMatchObject({ final: true });
    const worker = world.record.metersOf(id())[0];
    expect(worker?.last.activeMs).toBeGreaterThan(2_000);
    expect(freeSlots()).toBe(2);
  });

  it('loses nothing when the record is away: the worker reports the end until it is stored', async () => {
    await world.connect(session);
    await world.pass(2_000);
    world.fates.sessions.next('append', 'refused');
    await expect(end()).rejects.toThrow('postgres');
    world.record.away = true;
    await world.fleet[0]?.beat();
    world.record.away = false;
    await world.pass(1_000);
    expect(await world.usage.sessionUsage(id())).toMatchObject({ activeMs: 2_000, frames: 50, final: true });
    expect((await world.sessions.find(id()))?.endReason).toBe('client_ended');
  });

  it('leaves the slot to expiry when the region is away (L1, L4)', async () => {
    world.store(US_EAST).away = true;
    expect(await end()).toMatchObject({ kind: 'ended' });
    world.store(US_EAST).away = false;
    expect(freeSlots()).toBe(1);
    await world.pass(70_000);
    expect(freeSlots()).toBe(2);
  });

  it('keeps one that has moved on when it was asked for in one state only', async () => {
    await world.connect(session);
    await world.pass(1_000);
    const asked = { sessionId: id(), reason: 'claim_expired', inState: 'reserved' } as const;
    expect(await world.endSession(asked)).toMatchObject({ kind: 'kept', session: { state: 'active' } });
    expect(world.workers.ended).toEqual([]);
  });
});
