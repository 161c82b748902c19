import { describe, expect, it } from '@jest/globals';
import type { CapacitySnapshot, PoolId, RegionId, RegionSnapshot } from '@meridian/domain';
import {
  aLease,
  aWorker,
  EU_WEST,
  FakeRegions,
  NotedIncidents,
  sessionId,
  US_EAST,
  VirtualClock,
} from '@meridian/testkit';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { WorkerRegistry } from '../ports/worker-registry.ts';
import { makeCapacity } from './snapshot-cache.ts';

const REGIONS = [
  { region: US_EAST, jurisdiction: 'us' },
  { region: EU_WEST, jurisdiction: 'eu' },
];

/** A registry that counts how often it was asked, and answers as told. */
class CountedRegistry {
  asked = 0;
  answer: (region: RegionId) => Promise<RegionSnapshot> = async (region) => ({
    ...{ region, jurisdiction: 'us', reachable: true, pools: [] },
  });

  constructor(readonly clock = new VirtualClock()) {}

  over(rest: WorkerRegistry): WorkerRegistry {
    const snapshot = (region: RegionId) => {
      this.asked += 1;
      return this.answer(region);
    };
    return Object.assign(Object.create(rest) as WorkerRegistry, { snapshot });
  }
}

const given = () => {
  const counted = new CountedRegistry();
  const registry = counted.over(new FakeRegions(counted.clock).registry);
  const incidents = new NotedIncidents();
  return {
    counted,
    incidents,
    capacity: makeCapacity({ registry, regions: REGIONS, clock: counted.clock, incidents }),
  };
};

describe('capacity', () => {
  it('is asked for once in 250 ms, however many place sessions', async () => {
    const { counted, capacity } = given();
    await Promise.all(Array.from({ length: 50 }, () => capacity.read()));
    counted.clock.advance(250);
    await capacity.read();
    expect(counted.asked).toBe(2);
    counted.clock.advance(1);
    await capacity.read();
    expect(counted.asked).toBe(4);
  });

  it('is shown as it was, for a second at most, while it is asked for again', async () => {
    const { counted, capacity } = given();
    const kept = await capacity.read();
    const answers = counted.answer;
    const replies: (() => void)[] = [];
    counted.answer = (region) => new Promise((reply) => replies.push(() => reply(answers(region))));
    counted.clock.advance(251);
    expect((await capacity.read()).regions).toEqual(kept.regions);
    counted.clock.advance(750);
    let isAnswered = false;
    const late = capacity.read().then(() => (isAnswered = true));
    await new Promise(setImmediate);
    expect([isAnswered, counted.asked]).toEqual([false, 4]);
    for (const reply of replies) reply();
    await late;
  });

  it('is the newer one as soon as that has come', async () => {
    const { counted, capacity } = given();
    await capacity.read();
    counted.answer = async (region) => ({ region, jurisdiction: 'new', reachable: true, pools: [] });
    counted.clock.advance(251);
    await capacity.read();
    await new Promise(setImmediate);
    const { regions } = await capacity.read();
    expect([regions[0]?.jurisdiction, counted.asked]).toEqual(['new', 4]);
  });

  it('lets nobody see a region that has stopped to answer for longer than a second', async () => {
    const { counted, capacity } = given();
    const answers = counted.answer;
    await capacity.read();
    const never = new Promise<RegionSnapshot>(() => undefined);
    counted.answer = (region) => (region === US_EAST ? never : answers(region));
    counted.clock.advance(251);
    await capacity.read();
    counted.clock.advance(1_001);
    const { regions } = await capacity.read();
    expect(regions.map((r) => r.reachable)).toEqual([false, true]);
  });

  it('is asked for again when it must be fresh', async () => {
    const { counted, capacity } = given();
    await capacity.read();
    await capacity.read({ fresh: true });
    expect(counted.asked).toBe(4);
  });

  it('shows a region that does not answer as unreachable, and the others as they are', async () => {
    const { counted, capacity, incidents } = given();
    const answers = counted.answer;
    counted.answer = async (region) => {
      if (region === US_EAST) throw new StoreUnavailable('us-east');
      return answers(region);
    };
    const { regions } = await capacity.read();
    expect(regions.map((r) => r.reachable)).toEqual([false, true]);
    expect(incidents.notes).toHaveLength(1);
  });

  it('does not wait again for a region that has kept someone waiting', async () => {
    const { counted, capacity } = given();
    const answers = counted.answer;
    const never = new Promise<RegionSnapshot>(() => undefined);
    counted.answer = (region) => (region === US_EAST ? never : answers(region));
    void capacity.read();
    await new Promise(setImmediate);
    counted.clock.advance(1_001);
    const { regions } = await capacity.read();
    expect(regions.map((r) => r.reachable)).toEqual([false, true]);
  });

  it('says where a region lies, and what is expected of its pools', async () => {
    const clock = new VirtualClock();
    const { registry } = new FakeRegions(clock);
    const location = { latitude: 38.9, longitude: -77 };
    const regions = [{ region: US_EAST, jurisdiction: 'us', location }];
    await registry.register(aWorker());
    const outlook = { expectedArrivals: (pool: PoolId) => (pool === aWorker().pool ? 3 : 0) };
    const ports = { registry, regions, clock, incidents: new NotedIncidents(), outlook };
    const [region] = (await makeCapacity(ports).read()).regions;
    expect(region).toMatchObject({ location, pools: [{ expectedArrivals: 3 }] });
  });

  it('counts what was just taken, and does not touch what was read before', async () => {
    const clock = new VirtualClock();
    const { registry } = new FakeRegions(clock);
    const regions = [{ region: US_EAST, jurisdiction: 'us' }];
    await registry.register(aWorker({ slots: 4 }));
    const capacity = makeCapacity({ registry, regions, clock, incidents: new NotedIncidents() });
    const usedOf = ({ regions: [region] }: CapacitySnapshot) => region?.pools[0]?.workers[0]?.usedSlots;
    const before = await capacity.read();
    capacity.took({ ...aLease(), sessionId: sessionId(1), expiresAtMs: 0, width: 3 });
    expect([usedOf(before), usedOf(await capacity.read())]).toEqual([0, 3]);
    expect(usedOf(await capacity.read({ fresh: true }))).toBe(0);
  });

  it('does not hide a bug', async () => {
    const { counted, capacity } = given();
    counted.answer = () => Promise.reject(new TypeError('bug'));
    await expect(capacity.read()).rejects.toThrow('bug');
  });

  it('throws a bug met in the background at who waits for the reply', async () => {
    const { counted, capacity } = given();
    await capacity.read();
    counted.answer = () => Promise.reject(new TypeError('bug'));
    counted.clock.advance(251);
    await capacity.read();
    await new Promise(setImmediate);
    counted.clock.advance(750);
    await expect(capacity.read()).rejects.toThrow('bug');
  });
});
