import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { poolIdOf, type RegionId, type SessionId, type TenantId, type WorkerId } from '../ids.ts';
import type { SessionRequest } from '../session/session.ts';
import { explain } from './explain.ts';
import { rankPools } from './rank-pools.ts';
import type { CapacitySnapshot, PoolSnapshot, RegionSnapshot, WorkerHealth } from './snapshot.ts';

const pool = (
  region: string,
  over: Partial<PoolSnapshot> & { used?: number; slots?: number; health?: WorkerHealth } = {},
): PoolSnapshot => {
  const { used = 0, slots = 4, health = 'ready', ...rest } = over;
  const parts = {
    region: region as RegionId,
    gpuType: 'h100',
    model: 'gallery',
    modelVersion: '1.0.0',
    ...rest,
  };
  const worker = { workerId: `${region}-1` as WorkerId, address: 'w:1', slots, usedSlots: used, health };
  return { pool: poolIdOf(parts), stepMs: 8, encodeMs: 2, framesPerSecond: 25, workers: [worker], ...parts };
};
const region = (name: string, pools: readonly PoolSnapshot[], reachable = true): RegionSnapshot => ({
  ...{ region: name as RegionId, jurisdiction: name.slice(0, 2), reachable, pools },
});
const snapshot = (...regions: readonly RegionSnapshot[]): CapacitySnapshot => ({ takenAtMs: 0, regions });
const request = (over: Partial<SessionRequest> = {}): SessionRequest => ({
  ...{ sessionId: 'ses_1' as SessionId, tenantId: 'ten_1' as TenantId, model: 'gallery', metadata: {} },
  ...{ rttMs: { 'us-east': 10, 'eu-west': 90 }, ...over },
});
const both = snapshot(region('us-east', [pool('us-east')]), region('eu-west', [pool('eu-west')]));
const rank = (
  asked: Partial<SessionRequest>,
  over: CapacitySnapshot = both,
  context: Partial<Parameters<typeof rankPools>[2]> = {},
) => rankPools(request(asked), over, { waitedMs: 0, ...context });
const order = (ranking: ReturnType<typeof rankPools>) => ranking.candidates.map((c) => c.region);
const codes = (ranking: ReturnType<typeof rankPools>) =>
  Object.fromEntries(explain(ranking).map((verdict) => [verdict.region, verdict.code]));

describe('ranking', () => {
  it('puts the shortest predicted action-to-frame time first', () => {
    expect(order(rank({}))).toEqual(['us-east', 'eu-west']);
    expect(order(rank({ rttMs: { 'us-east': 90, 'eu-west': 10 } }))).toEqual(['eu-west', 'us-east']);
    // RTT 10 + step 8 + encode 2 + half of 40 ms.
    expect(rank({}).candidates[0]?.predictedActionToFrameMs).toBe(40);
  });

  it('takes a slower pool nearby for a faster one far away only when it pays', () => {
    const slow = snapshot(
      region('us-east', [pool('us-east', { stepMs: 35 })]),
      region('eu-west', [pool('eu-west')]),
    );
    expect(order(rank({ rttMs: { 'us-east': 10, 'eu-west': 30 } }, slow))[0]).toBe('eu-west');
  });

  it('keeps the last near slots for those who need them', () => {
    const busy = snapshot(
      region('us-east', [pool('us-east', { used: 3 })]),
      region('eu-west', [pool('eu-west')]),
    );
    expect(order(rank({ rttMs: { 'us-east': 10, 'eu-west': 35 } }, busy))[0]).toBe('eu-west');
    expect(order(rank({ rttMs: { 'us-east': 10, 'eu-west': 140 } }, busy))[0]).toBe('us-east');
  });

  it('puts whatever meets the target before what does not, at any price', () => {
    const busy = snapshot(
      region('us-east', [pool('us-east', { used: 3 })]),
      region('eu-west', [pool('eu-west')]),
    );
    expect(order(rank({ rttMs: { 'us-east': 45, 'eu-west': 55 } }, busy))[0]).toBe('us-east');
  });

  it('takes a region that was not measured after those that were', () => {
    expect(order(rank({ rttMs: { 'eu-west': 120 } }))).toEqual(['eu-west', 'us-east']);
  });

  it('does not depend on the order of regions or pools', () => {
    const reversed = { ...both, regions: both.regions.toReversed() };
    expect(order(rank({ rttMs: {} }, reversed))).toEqual(order(rank({ rttMs: {} })));
  });

  it('takes the newest version that is ready, or the one asked for', () => {
    const versions = snapshot(
      region('us-east', [
        pool('us-east', { modelVersion: '1.9.0' }),
        pool('us-east', { modelVersion: '1.10.0' }),
        pool('us-east', { modelVersion: '2.0.0', health: 'quarantined' }),
      ]),
    );
    expect(rank({}, versions).candidates.map((c) => c.pool)).toEqual(['us-east/h100/gallery@1.10.0']);
    expect(rank({ modelVersion: '1.9.0' }, versions).candidates.map((c) => c.pool)).toEqual([
      'us-east/h100/gallery@1.9.0',
    ]);
  });

  it('does not count slots of a worker it is told to avoid', () => {
    const ranking = rank({}, both, { exclude: ['us-east-1' as WorkerId] });
    expect(order(ranking)).toEqual(['eu-west']);
    expect(codes(ranking)['us-east']).toBe('unhealthy');
  });

  it('leaves free slots to those who wait for them', () => {
    const spokenFor = new Map([[pool('us-east').pool, 4]]);
    expect(order(rank({}, both, { spokenFor }))).toEqual(['eu-west']);
    expect(order(rank({}, both, { spokenFor: new Map([[pool('us-east').pool, 3]]) }))).toHaveLength(2);
  });
});

describe('a region that cannot take the session says why', () => {
  const full = region('us-east', [pool('us-east', { used: 4 })]);
  const cases = [
    ['residency', { residency: 'eu' }, both, 'residency', true],
    ['an RTT that no wait makes good', { maxRttMs: 3 }, both, 'rtt_above_cap', true],
    ['an RTT that a wait makes good', { maxRttMs: 8 }, both, 'rtt_above_cap', false],
    ['a cap on an RTT nobody measured', { rttMs: {}, maxRttMs: 50 }, both, 'rtt_above_cap', true],
    ['a store that is away', {}, snapshot(region('us-east', [], false)), 'region_unreachable', false],
    ['no free slot', {}, snapshot(full), 'no_free_slot', false],
    [
      'no ready worker',
      {},
      snapshot(region('us-east', [pool('us-east', { health: 'lost' })])),
      'unhealthy',
      false,
    ],
    [
      'a drained pool',
      {},
      snapshot(region('us-east', [pool('us-east', { health: 'draining' })])),
      'unhealthy',
      false,
    ],
    [
      'a model it has not, and another region has',
      {},
      snapshot(region('us-east', []), region('eu-west', [pool('eu-west')])),
      'model_not_served',
      true,
    ],
    ['a model nobody has at the moment', {}, snapshot(region('us-east', [])), 'model_not_served', false],
    ['a version nobody has at the moment', { modelVersion: '9' }, both, 'model_version_not_served', false],
  ] as const;
  it.each(cases)('%s', (_name, asked, over, code, forever) => {
    const finding = rank(asked, over).findings.find((f) => f.region === 'us-east');
    expect(finding?.refusal).toMatchObject({ code, forever });
    expect(finding?.refusal?.reason.length).toBeGreaterThan(10);
  });

  it('a tenant that has all of its sessions', () => {
    const ranking = rank({}, both, { quota: { open: 5, max: 5 } });
    expect(codes(ranking)).toEqual({ 'us-east': 'tenant_quota', 'eu-west': 'tenant_quota' });
    expect(rank({}, both, { quota: { open: 4, max: 5 } }).kind).toBe('ranked');
  });
});

describe('when nothing is ranked', () => {
  it('it is impossible if no wait helps anywhere, else full', () => {
    expect(rank({ residency: 'mars' }).kind).toBe('impossible');
    expect(rank({ maxRttMs: 1 }).kind).toBe('impossible');
    expect(rank({}, snapshot(region('us-east', [pool('us-east', { used: 4 })]))).kind).toBe('full');
    const oneFull = snapshot(
      region('us-east', [pool('us-east', { used: 4 })]),
      region('eu-west', [pool('eu-west')]),
    );
    expect(rank({ residency: 'us' }, oneFull).kind).toBe('full');
    expect(rank({ residency: 'us' }, snapshot(region('us-east', [], false))).kind).toBe('full');
  });

  it('the RTT cap relaxes with the wait, up to three times, residency never', () => {
    expect(rank({ maxRttMs: 8 }).kind).toBe('full');
    expect(order(rank({ maxRttMs: 8 }, both, { waitedMs: 10_000 }))).toEqual(['us-east']);
    expect(order(rank({ maxRttMs: 40 }, both, { waitedMs: 3_600_000 }))).toEqual(['us-east', 'eu-west']);
    expect(order(rank({ maxRttMs: 20 }, both, { waitedMs: 3_600_000 }))).toEqual(['us-east']);
    expect(rank({ residency: 'mars' }, both, { waitedMs: 3_600_000 }).kind).toBe('impossible');
  });
});

describe('the explanation', () => {
  it('has a verdict and a sentence for every region', () => {
    const verdicts = explain(rank({}), pool('us-east').pool);
    expect(verdicts).toMatchObject([
      { region: 'us-east', outcome: 'chosen', rttMs: 10, predictedActionToFrameMs: 40, freeSlots: 4 },
      { region: 'eu-west', outcome: 'feasible', rttMs: 90, predictedActionToFrameMs: 120 },
    ]);
    expect(verdicts.map((v) => v.reason)).toEqual([
      'best of those with a free slot: 40 ms predicted from action to frame, 4 slots free',
      '120 ms predicted from action to frame, and us-east has 40 ms',
    ]);
  });

  it('says so when a nearer region was kept for others', () => {
    const busy = snapshot(
      region('us-east', [pool('us-east', { used: 3 })]),
      region('eu-west', [pool('eu-west')]),
    );
    const [near] = explain(rank({ rttMs: { 'us-east': 10, 'eu-west': 35 } }, busy), pool('eu-west').pool);
    expect(near?.reason).toContain('kept for users near to it');
  });

  it('says which candidate refused when it was asked', () => {
    const taken = {
      code: 'no_free_slot',
      reason: 'its last free slot was just taken',
      forever: false,
    } as const;
    const refused = new Map([[pool('us-east').pool, taken]]);
    const [first, second] = explain(rank({}), pool('eu-west').pool, refused);
    expect(first).toMatchObject({ outcome: 'rejected', code: 'no_free_slot' });
    expect(second).toMatchObject({ outcome: 'chosen' });
    expect(second?.reason).toContain('misses the target');
  });
});

describe('whatever the snapshot', () => {
  const health = fc.constantFrom<WorkerHealth>('ready', 'draining', 'quarantined', 'lost');
  const anyPool = (name: string) =>
    fc
      .record({
        used: fc.integer({ min: 0, max: 5 }),
        slots: fc.integer({ min: 0, max: 4 }),
        health,
        stepMs: fc.nat(60),
      })
      .map((over) => pool(name, over));
  const anySnapshot = fc
    .tuple(
      ...['us-east', 'us-west', 'eu-west'].map((name) =>
        fc
          .tuple(fc.array(anyPool(name), { maxLength: 1 }), fc.boolean())
          .map(([pools, up]) => region(name, pools, up)),
      ),
    )
    .map((regions) => snapshot(...regions));
  const rtt = fc.option(fc.nat(300), { nil: undefined });
  const anyRequest = fc.record({
    rttMs: fc.record({ 'us-east': rtt, 'us-west': rtt, 'eu-west': rtt }) as fc.Arbitrary<
      SessionRequest['rttMs']
    >,
    residency: fc.constantFrom('us', 'eu'),
  });

  it('only pools with a free slot on a ready worker in the right place are ranked, the feasible first', () => {
    fc.assert(
      fc.property(anySnapshot, anyRequest, (over, asked) => {
        const ranking = rank(asked, over);
        for (const candidate of ranking.candidates) {
          const where = over.regions.find((r) => r.region === candidate.region);
          expect(where).toMatchObject({ reachable: true, jurisdiction: asked.residency });
          const [worker] = where?.pools[0]?.workers ?? [];
          expect(worker?.health).toBe('ready');
          expect((worker?.usedSlots ?? 0) < (worker?.slots ?? 0)).toBe(true);
        }
        const feasible = ranking.candidates.map((c) => c.feasible);
        expect(feasible).toEqual(feasible.toSorted((a, b) => Number(b) - Number(a)));
        expect(explain(ranking, ranking.candidates[0]?.pool)).toHaveLength(over.regions.length);
      }),
    );
  });
});
