// Health by cadence, from a worker's heartbeats to the slots that Redis offers.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeObserveHeartbeat, UNLIMITED } from '@meridian/application';
import { DEFAULT_CADENCE_POLICY as POLICY } from '@meridian/domain';
import { FakeRecord, NotedIncidents, VirtualClock } from '@meridian/testkit';
import { addWorker, beat, openRegion, REGION, report, reserveFor, session } from './testing/fixture.ts';
import type { RegionFixture } from './testing/fixture.ts';

const PACE = beat().pace;

describe('a worker that misses its deadlines', () => {
  let region: RegionFixture;
  let clock: VirtualClock;
  let seq: number;
  beforeEach(async () => {
    [clock, seq] = [new VirtualClock(), 1];
    region = await openRegion({ staleMs: 3_600_000 });
    await addWorker(region, { slots: 2 });
    await reserveFor(region, session('a'));
  });
  afterEach(() => region.redises.close());

  /** A process of the control plane; what it has judged lies in Redis, not here. */
  const replica = () => {
    const { sessions, usage } = new FakeRecord();
    const rest = { sessions, usage, clock, credit: UNLIMITED, incidents: new NotedIncidents() };
    return makeObserveHeartbeat({ ...rest, registry: region.registry, leases: region.leases });
  };
  /** Beats every second for so long, each time heard by another replica. */
  const beats = async (ms: number, lateShare: number, isPlaying = true) => {
    const sessions = isPlaying ? [report(session('a'))] : [];
    for (let left = ms; left > 0; left -= 1_000) {
      clock.advance(1_000);
      await replica()(beat({ seq: (seq += 1), pace: { ...PACE, lateShare }, sessions }));
    }
  };
  const listed = async () => (await region.registry.list(REGION))[0];

  it('takes no new session, keeps its own, and is offered again when it keeps pace', async () => {
    await beats(POLICY.lateForMs + 1_000, 0.052);
    expect(await listed()).toMatchObject({
      ...{ health: 'quarantined', usedSlots: 1 },
      healthReason: '5.2 % of frames late over 10 s, with one session on 2 slots',
    });
    expect(await reserveFor(region, session('b'))).toBeUndefined();
    expect(await region.leases.find(REGION, session('a'))).toBeDefined();
    await beats(POLICY.calmForMs + 1_000, 0);
    expect(await listed()).toMatchObject({ health: 'ready' });
    expect(await reserveFor(region, session('b'))).toMatchObject({ slot: 1 });
  });

  it('is given one session on trial when its own has left and it has cooled down', async () => {
    await beats(POLICY.lateForMs + 1_000, 0.5);
    await beats(POLICY.cooldownMs, 0, false);
    expect(await reserveFor(region, session('trial'))).toBeDefined();
    expect(await reserveFor(region, session('second'))).toBeUndefined();
  });

  it('is judged anew by its heartbeats when Redis has lost what was judged', async () => {
    await beats(POLICY.lateForMs + 1_000, 0.5);
    await region.redises.call(REGION, async (redis, root) => redis.del(...(await redis.keys(`${root}*`))));
    await addWorker(region, { slots: 2 });
    expect(await listed()).toMatchObject({ health: 'ready' });
    await beats(POLICY.lateForMs + 1_000, 0.5);
    expect(await listed()).toMatchObject({ health: 'quarantined' });
  });
});
