import { describe, expect, it } from '@jest/globals';
import type { WorkerId } from '../ids.ts';
import type { SessionRequest } from '../session/session.ts';
import { explain, whyOf } from './explain.ts';
import { DEFAULT_PLACEMENT_POLICY, type Refusal } from './placement.ts';
import { MOST_CANDIDATES, rankPools } from './rank-pools.ts';
import type { CapacitySnapshot } from './snapshot.ts';
import { pool, region, request, snapshot, worker } from './testing/fleet.ts';

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

  it('shuns a pool that is about to fill up', () => {
    const filling = snapshot(
      region('us-east', [pool('us-east', { slots: 16, expectedArrivals: 12 })]),
      region('eu-west', [pool('eu-west', { slots: 16 })]),
    );
    expect(order(rank({ rttMs: { 'us-east': 10, 'eu-west': 40 } }, filling))[0]).toBe('eu-west');
  });

  it('sends nobody who is beyond the target anyway much farther to spare others a slot', () => {
    const busy = snapshot(
      region('us-east', [pool('us-east', { slots: 100, used: 93 })]),
      region('eu-west', [pool('eu-west', { slots: 100 })]),
    );
    expect(order(rank({ rttMs: { 'us-east': 85, 'eu-west': 100 } }, busy))[0]).toBe('eu-west');
    expect(order(rank({ rttMs: { 'us-east': 85, 'eu-west': 130 } }, busy))[0]).toBe('us-east');
  });

  it('draws among equals, the same for the same draw', () => {
    const regions = ['a', 'b', 'c', 'd'].map((name) => region(name, [pool(name)]));
    const rttMs = { a: 20, b: 20, c: 20, d: 20 };
    const first = (draw: number) => order(rank({ rttMs }, snapshot(...regions), { draw }))[0];
    const firsts = Array.from({ length: 64 }, (_, i) => first(i / 64));
    expect(new Set(firsts).size).toBe(4);
    expect(first(0.3)).toBe(first(0.3));
  });

  it('keeps the best few in order, and the best of every region', () => {
    const many = Array.from({ length: 40 }, (_, i) => pool('us-east', { gpuType: `g${i}`, stepMs: 40 - i }));
    const { candidates } = rank({}, snapshot(region('us-east', many), region('eu-west', [pool('eu-west')])));
    expect(candidates).toHaveLength(MOST_CANDIDATES + 1);
    expect(candidates.map((c) => c.pool).slice(0, 2)).toEqual([many[39]?.pool, many[38]?.pool]);
    expect(candidates.at(-1)?.region).toBe('eu-west');
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
    [
      'a store that is away',
      {},
      snapshot(region('us-east', [], { reachable: false })),
      'region_unreachable',
      false,
    ],
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
    expect(finding?.refusal?.say().length).toBeGreaterThan(10);
  });

  it('the wait that its model asks before a farther region is taken', () => {
    const policy = {
      ...DEFAULT_PLACEMENT_POLICY,
      latencySteps: [
        { afterMs: 0, maxRttMs: 50 },
        { afterMs: 30_000, maxRttMs: 100 },
        { afterMs: 60_000, maxRttMs: null },
      ],
    };
    const rttMs = { 'us-east': 70, 'eu-west': 190 };
    const after = (waitedMs: number, maxRttMs?: number) =>
      order(rank({ rttMs, ...(maxRttMs && { maxRttMs }) }, both, { policy, waitedMs }));
    expect([0, 29_999, 30_000, 60_000].map((ms) => after(ms))).toEqual([
      [],
      [],
      ['us-east'],
      ['us-east', 'eu-west'],
    ]);
    expect(after(60_000, 60)).toEqual(['us-east']);
    expect(rank({ rttMs }, both, { policy }).kind).toBe('full');
    const strict = { ...policy, latencySteps: policy.latencySteps.slice(0, 1) };
    expect(rank({ rttMs }, both, { policy: strict }).kind).toBe('impossible');
  });

  it('an RTT that is only estimated, when it may be above the cap', () => {
    const eu = region('eu-west', [pool('eu-west')], { location: { latitude: 51.5, longitude: -0.1 } });
    const us = region('us-east', [], { location: { latitude: 38.9, longitude: -77 } });
    const ranking = rank({ rttMs: { 'us-east': 60 }, maxRttMs: 40 }, snapshot(us, eu));
    const [, refused] = explain(ranking);
    expect(refused).toMatchObject({ code: 'rtt_above_cap', rttEstimated: true, rttMs: 101 });
    expect(refused?.reason).toContain('measure it');
    // 101 ms is expected, and the cap is held against what it may be.
    const hopeful = rank({ rttMs: { 'us-east': 60 }, maxRttMs: 110 }, snapshot(us, eu));
    expect([hopeful.kind, codes(hopeful)['eu-west']]).toEqual(['full', 'rtt_above_cap']);
  });

  it('GPUs that none of its workers spans, or none has free', () => {
    const two = worker('w', { slots: 8, gpus: 2, usedSlots: 5 });
    const over = snapshot(region('us-east', [pool('us-east', { workers: [two] })]));
    expect(codes(rank({ gpus: 3 }, over))).toEqual({ 'us-east': 'too_few_gpus' });
    expect(rank({ gpus: 3 }, over).kind).toBe('impossible');
    expect(codes(rank({ gpus: 1 }, over))).toEqual({ 'us-east': 'no_free_slot' });
    expect(rank({ gpus: 0.75 }, over).candidates).toMatchObject([{ width: 3, freeSlots: 3 }]);
  });

  it('its last slots, kept from low priority and from those whom it serves beyond the target', () => {
    const busy = snapshot(region('us-east', [pool('us-east', { slots: 16, used: 15 })]));
    const far = { rttMs: { 'us-east': 120 } };
    expect(codes(rank(far, busy))).toEqual({ 'us-east': 'kept_for_others' });
    expect(rank({ ...far, priority: 'high' }, busy).kind).toBe('ranked');
    expect(rank({}, busy).kind).toBe('ranked');
    expect(rank({ priority: 'low' }, busy).kind).toBe('full');
    // Who measured nothing is not known to be far; after half of the longest wait nothing is kept.
    expect(rank({ rttMs: {} }, busy).kind).toBe('ranked');
    expect(rank(far, busy, { waitedMs: 300_000 }).kind).toBe('ranked');
    const room = snapshot(region('us-east', [pool('us-east', { slots: 16, used: 12 })]));
    expect([rank(far, room).kind, rank({ priority: 'low' }, room).kind]).toEqual(['ranked', 'ranked']);
    const rush = snapshot(region('us-east', [pool('us-east', { slots: 16, used: 12, expectedArrivals: 3 })]));
    expect([rank(far, rush).kind, rank({ priority: 'low' }, rush).kind]).toEqual(['full', 'full']);
  });

  it('but not its last slots when the next region is a detour', () => {
    const near = region('us-east', [pool('us-east', { slots: 16, used: 15 })]);
    const rttMs = (other: number) => ({ rttMs: { 'us-east': 85, 'eu-west': other } });
    const over = snapshot(near, region('eu-west', [pool('eu-west', { slots: 16 })]));
    expect(order(rank(rttMs(120), over))).toEqual(['eu-west']);
    expect(order(rank(rttMs(166), over))).toEqual(['us-east', 'eu-west']);
    expect(order(rank({ ...rttMs(166), priority: 'low' }, over))).toEqual(['eu-west']);
    // Within the target is never a detour; and where no region has room it waits.
    expect(order(rank({ rttMs: { 'us-east': 55, 'eu-west': 45 } }, over))).toEqual(['eu-west']);
    expect(rank(rttMs(166), snapshot(near, region('eu-west', [pool('eu-west', { used: 4 })]))).kind).toBe(
      'full',
    );
  });

  it('with the state of its workers, when none is ready', () => {
    const sick = worker('w-1', { health: 'quarantined', healthReason: '12 % of its frames are late' });
    const [verdict] = explain(rank({}, snapshot(region('us-east', [pool('us-east', { workers: [sick] })]))));
    expect(verdict?.reason).toContain('w-1 is quarantined (12 % of its frames are late)');
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
    expect(rank({ residency: 'us' }, snapshot(region('us-east', [], { reachable: false }))).kind).toBe(
      'full',
    );
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
    const taken: Refusal = { code: 'no_free_slot', forever: false, say: () => 'just taken' };
    const refused = new Map([[pool('us-east').pool, taken]]);
    const [first, second] = explain(rank({}), pool('eu-west').pool, refused);
    expect(first).toMatchObject({ outcome: 'rejected', code: 'no_free_slot' });
    expect(second).toMatchObject({ outcome: 'chosen' });
    expect(second?.reason).toContain('misses the target');
  });
});

describe('why a session is where it is', () => {
  it('is all that was decided on, the first few of each', () => {
    const full = pool('us-east', { gpuType: 'full', used: 4 });
    const many = Array.from({ length: 20 }, (_, i) => pool('us-east', { gpuType: `g${i}` }));
    const over = snapshot(region('us-east', [full, ...many]), region('eu-west', []));
    const why = whyOf(rank({}, { ...over, takenAtMs: 7 }, { waitedMs: 3, draw: 0.5, policySource: 'model' }));
    expect(why).toMatchObject({ decidedAtMs: 7, waitedMs: 3, draw: 0.5, policy: 'model', refusedMore: 0 });
    expect(why.candidates).toHaveLength(8);
    expect(why.candidates[0]).toEqual({
      ...{ pool: expect.any(String), region: 'us-east', rttMs: 10, rttEstimated: false, feasible: true },
      ...{ predictedActionToFrameMs: 40, congestionMs: 0, scoreMs: 40, freeSlots: 4 },
    });
    expect(why.refused.map(({ code, region: where, pool: id }) => [code, where, id])).toEqual([
      ['no_free_slot', 'us-east', full.pool],
      ['model_not_served', 'eu-west', undefined],
    ]);
  });

  it('begins with those that refused when they were asked, and counts what is not listed', () => {
    const many = Array.from({ length: 20 }, (_, i) => pool('us-east', { gpuType: `g${i}`, used: 4 }));
    const ranking = rank({}, snapshot(region('us-east', many), region('eu-west', [pool('eu-west')])));
    const taken: Refusal = { code: 'no_free_slot', forever: false, say: () => 'just taken' };
    const why = whyOf(ranking, new Map([[pool('eu-west').pool, taken]]));
    expect(why.refused[0]).toMatchObject({ region: 'eu-west', reason: 'just taken' });
    expect([why.refused.length, why.refusedMore]).toEqual([16, 5]);
  });
});
