// A group has a slot for every member, all in one region, or it has none.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { aTenant, EU_WEST, makeWorld, tenantId, US_EAST, workerId, type World } from '@meridian/testkit';
import type { OpenGroupCommand, OpenGroupOutcome } from './open-group.ts';

let world: World;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker({ workerId: workerId('us-1'), slots: 2 });
  await world.addWorker({ workerId: workerId('eu-1'), region: EU_WEST, slots: 4 });
});

const player = (name: string) => ({ rttMs: { [US_EAST]: 10, [EU_WEST]: 40 }, metadata: { name } });
const openGroup = (
  names: readonly string[],
  over: Partial<OpenGroupCommand> = {},
): Promise<OpenGroupOutcome> =>
  world.openGroup({ tenant: aTenant(), model: 'gallery', members: names.map(player), ...over });
const openedOf = (outcome: OpenGroupOutcome) => {
  if (outcome.kind !== 'opened') throw new Error(`not opened: ${outcome.kind}`);
  return outcome;
};
const namesOf = (outcome: OpenGroupOutcome) =>
  openedOf(outcome).sessions.map(({ request }) => request.metadata['name']);
const regionsOf = (outcome: OpenGroupOutcome) => [
  ...new Set(openedOf(outcome).sessions.map(({ lease }) => lease?.region)),
];
const usedSlots = (region = US_EAST) => world.store(region).leases.size;

describe('opening a group', () => {
  it('reserves for all in the region that serves the worst of them best, and says why', async () => {
    const outcome = await openGroup(['ann', 'ben']);
    expect(regionsOf(outcome)).toEqual([US_EAST]);
    const { groupId, sessions } = openedOf(outcome);
    expect(groupId).toMatch(/^grp_[a-z2-7]{24}$/);
    expect(namesOf(outcome)).toEqual(['ann', 'ben']);
    for (const session of sessions) {
      expect(session).toMatchObject({ state: 'reserved', epoch: 1, request: { groupId } });
      expect(session.considered[0]).toMatchObject({ region: US_EAST, outcome: 'chosen' });
      expect(session.why?.candidates.length).toBeGreaterThan(0);
    }
    expect(await world.sessions.findGroup(aTenant().tenantId, groupId)).toEqual(sessions);
  });

  it('goes where there is room for all, though some would fit nearer', async () => {
    expect(regionsOf(await openGroup(['ann', 'ben', 'cid']))).toEqual([EU_WEST]);
    expect(usedSlots()).toBe(0);
  });

  it('goes elsewhere when a slot that it counted on is taken in the same moment, or the region is away', async () => {
    await world.capacity.read();
    world.fates.leases.next('reserveGroup', 'refused');
    expect(regionsOf(await openGroup(['ann', 'ben']))).toEqual([EU_WEST]);
  });

  it('is refused, and never queued, when no region has room for all of them now', async () => {
    const outcome = await openGroup(['a', 'b', 'c', 'd', 'e']);
    if (outcome.kind !== 'no_room_for_group') throw new Error(outcome.kind);
    expect(outcome.considered.map(({ code }) => code)).toEqual(['group_too_large', 'group_too_large']);
    expect(usedSlots() + usedSlots(EU_WEST)).toBe(0);
    expect(world.record.rows.size).toBe(0);
  });

  it('is refused when it could never run, or its model is unknown', async () => {
    expect((await openGroup(['ann'], { residency: 'mars' })).kind).toBe('no_eligible_region');
    expect((await openGroup(['ann'], { model: 'nothing' })).kind).toBe('unknown_model');
  });

  it('is refused as a whole when the tenant may not have that many', async () => {
    const tenant = aTenant({ tenantId: tenantId('small'), maxSessions: 2 });
    expect(await openGroup(['a', 'b', 'c'], { tenant })).toEqual({
      kind: 'session_quota_exceeded',
      maxSessions: 2,
    });
    const both = await Promise.all([openGroup(['a', 'b'], { tenant }), openGroup(['c', 'd'], { tenant })]);
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(['opened', 'session_quota_exceeded']);
    expect(usedSlots() + usedSlots(EU_WEST)).toBe(2);
  });
});

describe('an idempotency key of a group (L3)', () => {
  const idempotencyKey = 'k';

  it('gives the same sessions again, in their order', async () => {
    const first = openedOf(await openGroup(['ann', 'ben'], { idempotencyKey }));
    const again = await openGroup(['ann', 'ben'], { idempotencyKey, traceId: 'another trace' });
    expect(again).toEqual({ ...first, replayed: true });
    expect(usedSlots()).toBe(2);
  });

  it('refuses another group, or a session, under the same key', async () => {
    await openGroup(['ann', 'ben'], { idempotencyKey });
    const reused = { kind: 'idempotency_key_reused' };
    expect(await openGroup(['ben', 'ann'], { idempotencyKey })).toEqual(reused);
    expect(await world.open({ idempotencyKey })).toEqual(reused);
    expect(usedSlots() + usedSlots(EU_WEST)).toBe(2);
  });

  it('gives one group to requests that come at once', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => openGroup(['ann', 'ben'], { idempotencyKey })));
    expect(new Set(outcomes.map((outcome) => openedOf(outcome).groupId)).size).toBe(1);
    expect(usedSlots() + usedSlots(EU_WEST)).toBe(2);
  });

  it('gives a retried group the slots that the first attempt took and nobody heard of', async () => {
    const residency = 'us';
    world.fates.leases.next('reserveGroup', 'reply-lost');
    world.fates.leases.next('findMany', 'refused');
    world.fates.leases.next('findMany', 'refused');
    expect((await openGroup(['ann', 'ben'], { idempotencyKey, residency })).kind).toBe('no_room_for_group');
    expect(usedSlots()).toBe(2);
    // By now the region is seen to be full: of the group's own slots.
    await world.capacity.read({ fresh: true });
    expect(regionsOf(await openGroup(['ann', 'ben'], { idempotencyKey, residency }))).toEqual([US_EAST]);
    expect(usedSlots()).toBe(2);
  });
});

describe('a record that is away', () => {
  it('leaves no slot held', async () => {
    world.fates.sessions.next('createGroup', 'refused');
    await expect(openGroup(['ann', 'ben'])).rejects.toThrow('postgres does not answer');
    expect(usedSlots()).toBe(0);
  });

  it('that stored the group and lost the reply has opened it', async () => {
    world.fates.sessions.next('createGroup', 'reply-lost');
    expect(await openGroup(['ann', 'ben'])).toMatchObject({ kind: 'opened', replayed: false });
    expect(usedSlots()).toBe(2);
  });

  it('keeps the slots for a retry while nobody can say whether the group was stored', async () => {
    world.fates.sessions.next('createGroup', 'reply-lost');
    world.fates.sessions.next('findGroup', 'refused');
    await expect(openGroup(['ann', 'ben'], { idempotencyKey: 'k' })).rejects.toThrow('postgres');
    expect(usedSlots()).toBe(2);
    expect(openedOf(await openGroup(['ann', 'ben'], { idempotencyKey: 'k' })).replayed).toBe(true);
    expect(usedSlots()).toBe(2);
  });
});
