import { beforeEach, describe, expect, it } from '@jest/globals';
import type { SessionId } from '@meridian/domain';
import {
  aTenant,
  EU_WEST,
  makeWorld,
  ScriptedFates,
  tenantId,
  US_EAST,
  workerId,
  type World,
} from '@meridian/testkit';
import type { OpenSessionOutcome } from './open-session.ts';

let world: World;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker({ workerId: workerId('us-1') });
  await world.addWorker({ workerId: workerId('eu-1'), region: EU_WEST });
});

const sessionOf = (outcome: OpenSessionOutcome) => {
  if (outcome.kind !== 'opened') throw new Error(`not opened: ${outcome.kind}`);
  return outcome.session;
};
const opened = async (...args: Parameters<World['open']>) => sessionOf(await world.open(...args));
const usedSlots = (region = US_EAST) => world.store(region).leases.size;

describe('opening a session', () => {
  it('reserves the best place and says why', async () => {
    const session = await opened();
    expect(session).toMatchObject({
      state: 'reserved',
      epoch: 1,
      lease: { region: US_EAST, workerId: 'us-1', slot: 0 },
    });
    expect(session.claimByMs).toBe(world.clock.nowMs() + 60_000);
    expect(session.considered.map((v) => [v.region, v.outcome])).toEqual([
      [US_EAST, 'chosen'],
      [EU_WEST, 'feasible'],
    ]);
    expect(await world.sessions.find(session.request.sessionId)).toEqual(session);
  });

  it('goes elsewhere when the best place is taken in the same moment', async () => {
    await world.capacity.read();
    for (const name of ['a', 'b']) {
      await world.leases.reserve({ ...(await slotFor(name)) });
    }
    const session = await opened();
    expect(session.lease?.region).toBe(EU_WEST);
    expect(session.considered[0]).toMatchObject({
      region: US_EAST,
      outcome: 'rejected',
      code: 'no_free_slot',
    });
  });

  it('goes elsewhere when a region does not answer (L4)', async () => {
    world.store(US_EAST).away = true;
    const session = await opened();
    expect(session.lease?.region).toBe(EU_WEST);
    expect(session.considered[0]).toMatchObject({ region: US_EAST, code: 'region_unreachable' });
  });

  it('goes elsewhere when a region stops answering after the snapshot was taken', async () => {
    await world.capacity.read();
    world.fates.leases.next('reserve', 'refused');
    const session = await opened();
    expect(session.lease?.region).toBe(EU_WEST);
    expect(session.considered[0]).toMatchObject({ region: US_EAST, code: 'region_unreachable' });
  });

  it('waits when everything is full, or nothing answers', async () => {
    for (let i = 0; i < 4; i += 1) await opened();
    expect((await opened()).state).toBe('queued');
    for (const region of [US_EAST, EU_WEST]) world.store(region).away = true;
    expect((await opened()).state).toBe('queued');
  });

  it('takes a slot that became free since the snapshot', async () => {
    const sessions = await Promise.all([1, 2, 3, 4].map(() => opened()));
    await world.capacity.read({ fresh: true });
    const { sessionId } = sessions[0]?.request ?? {};
    if (sessionId) await world.endSession({ sessionId, reason: 'client_ended' });
    expect((await opened()).state).toBe('reserved');
  });

  it('does not overtake those who wait for the same slots', async () => {
    for (let i = 0; i < 4; i += 1) await opened();
    const waiting = await opened();
    world.clock.advance(1);
    await world.addWorker({ workerId: workerId('us-2'), slots: 1 });
    await world.capacity.read({ fresh: true });
    expect((await opened()).state).toBe('queued');
    const { dispatched } = await world.dispatchQueue();
    expect(dispatched.map((s) => s.request.sessionId)).toEqual([waiting.request.sessionId]);
  });

  it('takes a slot that nobody who waits could have', async () => {
    for (let i = 0; i < 2; i += 1) await opened();
    expect((await opened({ residency: 'us' })).state).toBe('queued');
    expect((await opened()).lease?.region).toBe(EU_WEST);
  });
});

describe('an open that cannot be met', () => {
  it('names the models there are', async () => {
    await world.registerWorker(description('dream', '2.0.0'));
    const outcome = await world.open({ model: 'nothing' });
    if (outcome.kind !== 'unknown_model') throw new Error(outcome.kind);
    expect(outcome.known.map((m) => `${m.model}@${m.modelVersion}`).toSorted()).toEqual([
      'dream@2.0.0',
      'gallery@1.0.0',
    ]);
    expect((await world.open({ model: 'gallery', modelVersion: '9' })).kind).toBe('unknown_model');
    expect(usedSlots()).toBe(0);
  });

  it('is refused with what was considered when no region could ever take it', async () => {
    for (const asked of [{ residency: 'mars' }, { maxRttMs: 1 }]) {
      const outcome = await world.open(asked);
      if (outcome.kind !== 'no_eligible_region') throw new Error(outcome.kind);
      expect(outcome.considered).toHaveLength(2);
      expect(outcome.considered.every((v) => v.outcome === 'rejected' && v.code !== undefined)).toBe(true);
    }
    expect(world.record.rows.size).toBe(0);
  });

  it('waits for a model that is known while its workers are away', async () => {
    world.store(US_EAST).flush();
    world.store(EU_WEST).flush();
    expect((await opened()).state).toBe('queued');
  });

  it('is refused when the tenant has all of its sessions open, and counts no other tenant', async () => {
    const small = aTenant({ tenantId: tenantId('small'), maxSessions: 1 });
    const first = await opened({ tenant: small });
    expect(await world.open({ tenant: small })).toEqual({ kind: 'session_quota_exceeded', maxSessions: 1 });
    expect((await world.open()).kind).toBe('opened');
    await world.endSession({ sessionId: first.request.sessionId, reason: 'client_ended' });
    expect((await world.open({ tenant: small })).kind).toBe('opened');
  });

  it('holds no slot for one that came too late for the last of its tenant’s sessions', async () => {
    const small = aTenant({ tenantId: tenantId('small'), maxSessions: 1 });
    const outcomes = await Promise.all([1, 2, 3].map(() => world.open({ tenant: small })));
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual([
      'opened',
      ...['session_quota_exceeded', 'session_quota_exceeded'],
    ]);
    expect(usedSlots() + usedSlots(EU_WEST)).toBe(1);
  });
});

describe('the record', () => {
  let asked: string[];
  const noted = (fates: ScriptedFates) => (operation: string) => {
    asked.push(operation);
    return fates.of(operation);
  };
  const [leases, sessions] = [new ScriptedFates(), new ScriptedFates()];
  const askedFor = async (...open: Parameters<World['open']>): Promise<readonly string[]> => {
    asked = [];
    await world.open(...open).catch(() => undefined);
    return asked;
  };
  beforeEach(async () => {
    asked = [];
    world = makeWorld({ leaseFates: noted(leases), sessionFates: noted(sessions) });
    await world.addWorker({ workerId: workerId('us-1') });
  });

  it('is asked before a slot is taken, once it could not be written', async () => {
    sessions.next('create', 'refused');
    expect(await askedFor()).toEqual(['reserve', 'create', 'find', 'release']);
    sessions.next('beforeOpen', 'refused');
    expect(await askedFor()).toEqual(['beforeOpen']);
    expect(await askedFor()).toEqual(['beforeOpen', 'reserve', 'create']);
    expect(await askedFor()).toEqual(['reserve', 'create']);
  });

  it('is asked first for a tenant that had no session left', async () => {
    const small = aTenant({ tenantId: tenantId('small'), maxSessions: 1 });
    const first = await opened({ tenant: small });
    expect(await askedFor({ tenant: small })).toEqual(['reserve', 'create', 'release']);
    expect(await askedFor({ tenant: small })).toEqual(['beforeOpen']);
    await world.endSession({ sessionId: first.request.sessionId, reason: 'client_ended' });
    expect((await opened({ tenant: small })).state).toBe('reserved');
  });
});

describe('an idempotency key (L3)', () => {
  it('of a session that waits keeps a slot that it finds for it', async () => {
    const held = await Promise.all([1, 2, 3, 4].map(() => opened()));
    const waits = await opened({ idempotencyKey: 'k' });
    expect(waits.state).toBe('queued');
    await world.endSession({ sessionId: held[0]?.request.sessionId as SessionId, reason: 'client_ended' });
    const again = await world.open({ idempotencyKey: 'k' });
    expect(again).toMatchObject({ kind: 'opened', replayed: true, session: { state: 'queued' } });
    await world.dispatchQueue();
    expect(await world.sessions.find(waits.request.sessionId)).toMatchObject({ state: 'reserved' });
    expect(usedSlots() + usedSlots(EU_WEST)).toBe(4);
  });

  it('gives the same session again, also when it has gone on', async () => {
    const first = await opened({ idempotencyKey: 'k' });
    await world.connect(first);
    await world.pass(1_000);
    const again = await world.open({ idempotencyKey: 'k', traceId: 'another trace' });
    expect(again).toMatchObject({ kind: 'opened', replayed: true, session: { state: 'active' } });
    expect(usedSlots()).toBe(1);
  });

  it('refuses another request under the same key, and holds nothing for it', async () => {
    await opened({ idempotencyKey: 'k', metadata: { a: '1', b: '2' } });
    expect(await world.open({ idempotencyKey: 'k', metadata: { a: '1' } })).toEqual({
      kind: 'idempotency_key_reused',
    });
    expect((await world.open({ idempotencyKey: 'k', metadata: { b: '2', a: '1' } })).kind).toBe('opened');
    expect(usedSlots()).toBe(1);
  });

  it('is its tenant’s own', async () => {
    const first = await opened({ idempotencyKey: 'k' });
    const other = await opened({ idempotencyKey: 'k', tenant: aTenant({ tenantId: tenantId('other') }) });
    expect(other.request.sessionId).not.toBe(first.request.sessionId);
  });

  it('gives one session and one slot to requests that come at once', async () => {
    const outcomes = await Promise.all([1, 2, 3, 4, 5].map(() => world.open({ idempotencyKey: 'k' })));
    expect(new Set(outcomes.map((o) => sessionOf(o).request.sessionId)).size).toBe(1);
    expect(usedSlots() + usedSlots(EU_WEST)).toBe(1);
  });

  it('finds the slot whose reservation’s reply was lost', async () => {
    await opened({ residency: 'us' });
    world.fates.leases.next('reserve', 'reply-lost');
    expect(await opened({ residency: 'us' })).toMatchObject({
      ...{
        state: 'reserved',
        lease: { slot: 1 },
        considered: [{ outcome: 'chosen' }, { code: 'residency' }],
      },
    });
    expect(usedSlots()).toBe(2);
  });

  it('gives a retried request the slot that the first attempt took and nobody heard of', async () => {
    await opened({ residency: 'us' });
    world.fates.leases.next('reserve', 'reply-lost');
    world.fates.leases.next('find', 'refused');
    world.fates.sessions.next('create', 'refused');
    await expect(world.open({ idempotencyKey: 'k', residency: 'us' })).rejects.toThrow('postgres');
    expect(usedSlots()).toBe(2);
    expect(await opened({ idempotencyKey: 'k', residency: 'us' })).toMatchObject({
      state: 'reserved',
      lease: { slot: 1 },
    });
    expect(usedSlots()).toBe(2);
  });
});

describe('a record that is away', () => {
  it('leaves no slot held', async () => {
    world.fates.sessions.next('create', 'refused');
    await expect(world.open()).rejects.toThrow('postgres does not answer');
    expect(usedSlots()).toBe(0);
    expect(world.record.rows.size).toBe(0);
  });

  it('that stored the session and lost the reply has opened it', async () => {
    world.fates.sessions.next('create', 'reply-lost');
    expect(await world.open({ idempotencyKey: 'k' })).toMatchObject({
      kind: 'opened',
      session: { state: 'reserved' },
    });
    expect(usedSlots()).toBe(1);
  });

  it.each(['refused', 'reply-lost'] as const)(
    'keeps the slot for a retry while nobody can say whether the session was stored (%s)',
    async (fate) => {
      world.fates.sessions.next('create', fate);
      world.fates.sessions.next('find', 'refused');
      await expect(world.open({ idempotencyKey: 'k' })).rejects.toThrow('postgres');
      expect(usedSlots()).toBe(1);
      expect(await opened({ idempotencyKey: 'k' })).toMatchObject({ state: 'reserved', lease: { slot: 0 } });
      expect(usedSlots()).toBe(1);
    },
  );
});

const slotFor = async (name: string) => {
  const [region] = (await world.capacity.read()).regions;
  const pool = region?.pools[0]?.pool;
  if (!pool) throw new Error('no pool');
  return { region: US_EAST, pool, sessionId: `ses_${name}` as never, epoch: 1 as never, ttlMs: 60_000 };
};

const description = (model: string, modelVersion: string) => {
  const parts = { region: US_EAST, gpuType: 'h100', model, modelVersion };
  return {
    ...{ frameWidth: 1, frameHeight: 1, actions: [] },
    worker: {
      ...{
        ...parts,
        workerId: workerId(model),
        incarnation: 'a' as never,
        ...{ stateBytes: 1, rebuildMs: 0, purchase: 'on_demand' as const, ageMs: 0 },
        framesPerSecond: 25,
        address: 'd:1',
        slots: 1,
        gpus: 1,
      },
      pool: `${US_EAST}/h100/${model}@${modelVersion}` as never,
    },
  };
};
