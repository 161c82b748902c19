// What holds of every ranking, whatever the fleet and the request. A failing run prints its seed and path.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PoolId, SessionId } from '../ids.ts';
import type { SessionRequest } from '../session/session.ts';
import { explain, whyOf } from './explain.ts';
import { rttCapMs } from './latency-cap.ts';
import { DEFAULT_PLACEMENT_POLICY, type PlacementContext, type PlacementPolicy } from './placement.ts';
import { rankRegionsForGroup } from './rank-group.ts';
import { rankPools, type Ranking } from './rank-pools.ts';
import { rttsOf } from './region-rtt.ts';
import { slotsNeeded, type CapacitySnapshot, type PoolSnapshot, type WorkerHealth } from './snapshot.ts';
import { pool, region, request, snapshot, worker } from './testing/fleet.ts';

const REGIONS = ['us-east', 'us-west', 'eu-west', 'eu-north'];

const anyWorker = fc.record({
  slots: fc.integer({ min: 0, max: 24 }),
  usedSlots: fc.nat(24),
  gpus: fc.constantFrom(1, 1, 2, 8),
  health: fc.constantFrom<WorkerHealth>('ready', 'ready', 'ready', 'draining', 'quarantined', 'lost'),
});

const anyPool = (name: string) =>
  fc
    .record({
      gpuType: fc.constantFrom('h100', 'l40s'),
      model: fc.constantFrom('gallery', 'gallery', 'dream'),
      modelVersion: fc.constantFrom('1.0.0', '1.1.0'),
      stepMs: fc.nat(60),
      expectedArrivals: fc.integer({ min: -5, max: 20 }),
      workers: fc.array(anyWorker, { maxLength: 4 }),
    })
    .map(({ workers, ...over }) =>
      pool(name, { ...over, workers: named(`${name}-${over.gpuType}`, workers) }),
    );

const named = (prefix: string, workers: readonly Partial<PoolSnapshot['workers'][number]>[]) =>
  workers.map((over, i) => worker(`${prefix}-${i}`, over));

const anyRegion = (name: string) =>
  fc
    .record({
      pools: fc.uniqueArray(anyPool(name), { maxLength: 4, selector: ({ pool: id }) => id }),
      reachable: fc.constantFrom(true, true, true, false),
      location: fc.option(
        fc.record({
          latitude: fc.integer({ min: -60, max: 60 }),
          longitude: fc.integer({ min: -180, max: 180 }),
        }),
        { nil: undefined },
      ),
    })
    .map(({ pools, reachable, location }) =>
      region(name, pools, { reachable, ...(location && { location }) }),
    );

const anySnapshot: fc.Arbitrary<CapacitySnapshot> = fc
  .tuple(...REGIONS.map(anyRegion))
  .map((regions) => ({ ...snapshot(...regions), takenAtMs: 1_000_000 }));

const anyRequest: fc.Arbitrary<SessionRequest> = fc
  .record(
    {
      rttMs: fc.dictionary(fc.constantFrom(...REGIONS), fc.nat(250)),
      rttMeasuredAtMs: fc.constantFrom(0, 999_000),
      residency: fc.constantFrom('us', 'eu'),
      maxRttMs: fc.integer({ min: 1, max: 300 }),
      modelVersion: fc.constantFrom('1.0.0', '1.1.0', '2.0.0'),
      gpus: fc.constantFrom(0.25, 1, 2, 4),
      priority: fc.constantFrom('low', 'normal', 'high'),
    },
    { requiredKeys: ['rttMs'] },
  )
  .map((over) => request(over));

const anyPolicy: fc.Arbitrary<PlacementPolicy> = fc.record({
  targetActionToFrameMs: fc.integer({ min: 40, max: 200 }),
  latencySteps: fc.constantFrom(
    [],
    [{ afterMs: 0, maxRttMs: 80 }],
    [
      { afterMs: 0, maxRttMs: 50 },
      { afterMs: 30_000, maxRttMs: 100 },
      { afterMs: 60_000, maxRttMs: null },
    ],
  ),
  maxWaitMs: fc.constantFrom(0, 60_000, 600_000),
});

const anyContext: fc.Arbitrary<PlacementContext> = fc.record(
  {
    waitedMs: fc.constantFrom(0, 20_000, 45_000, 700_000),
    draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    policy: anyPolicy,
    quota: fc.constantFrom({ open: 3, max: 5 }, { open: 5, max: 5 }),
    exclude: fc.constant([worker('us-east-h100-0').workerId]),
  },
  { requiredKeys: ['waitedMs', 'draw', 'policy'] },
);

const anyCase = fc.tuple(anyRequest, anySnapshot, anyContext);

const poolsOf = ({ regions }: CapacitySnapshot) => regions.flatMap((r) => r.pools);
const byId = ({ candidates }: Ranking) => candidates.map(({ pool: id }) => id);

describe('every ranking', () => {
  it('is the same however the snapshot lists regions, pools and workers', () => {
    const shuffled = anyCase.chain(([asked, over, context]) =>
      fc
        .tuple(
          fc.shuffledSubarray([...over.regions], { minLength: over.regions.length }),
          fc.infiniteStream(fc.boolean()),
        )
        .map(([regions, flips]) => {
          const flip = <T>(list: readonly T[]) => (flips.next().value === true ? list.toReversed() : list);
          const other = regions.map((r) => ({
            ...r,
            pools: flip(r.pools).map((p) => ({ ...p, workers: flip(p.workers) })),
          }));
          return { asked, over, context, other: { ...over, regions: other } };
        }),
    );
    fc.assert(
      fc.property(shuffled, ({ asked, over, other, context }) => {
        const one = rankPools(asked, over, context);
        const two = rankPools(asked, other, context);
        expect(two.candidates).toEqual(one.candidates);
        expect(two.kind).toBe(one.kind);
        expect(new Set(two.findings.map(({ best }) => best?.pool))).toEqual(
          new Set(one.findings.map(({ best }) => best?.pool)),
        );
      }),
    );
  });

  it('has the feasible first, then the lower score, and no pool twice', () => {
    fc.assert(
      fc.property(anyCase, ([asked, over, context]) => {
        const ranking = rankPools(asked, over, context);
        const sorted = ranking.candidates.toSorted(
          (a, b) => Number(b.feasible) - Number(a.feasible) || a.scoreMs - b.scoreMs,
        );
        expect(ranking.candidates.map((c) => c.scoreMs)).toEqual(sorted.map((c) => c.scoreMs));
        expect(new Set(byId(ranking)).size).toBe(ranking.candidates.length);
      }),
    );
  });

  it('has no candidate that a rule forbids', () => {
    fc.assert(
      fc.property(anyCase, ([asked, over, context]) => {
        const { policy = DEFAULT_PLACEMENT_POLICY, waitedMs, quota, exclude = [] } = context;
        const { candidates } = rankPools(asked, over, context);
        if (quota && quota.open >= quota.max) expect(candidates).toEqual([]);
        for (const candidate of candidates) {
          const where = over.regions.find((r) => r.region === candidate.region);
          const chosen = where?.pools.find((p) => p.pool === candidate.pool);
          if (!where || !chosen) throw new Error('a pool that the snapshot has not');
          expect(where.reachable).toBe(true);
          expect(where.jurisdiction).toBe(asked.residency ?? where.jurisdiction);
          expect(chosen.model).toBe(asked.model);
          expect(chosen.modelVersion).toBe(asked.modelVersion ?? chosen.modelVersion);
          expect(rttsOf(asked, over)(where).atMostMs).toBeLessThanOrEqual(rttCapMs(asked, policy, waitedMs));
          const takes = chosen.workers.filter(
            (w) =>
              w.health === 'ready' &&
              !exclude.includes(w.workerId) &&
              w.slots - w.usedSlots >= (slotsNeeded(asked.gpus, w) ?? Infinity),
          );
          expect(takes.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('has a verdict with a sentence for every region, and a reason for every pool of the model', () => {
    fc.assert(
      fc.property(anyCase, ([asked, over, context]) => {
        const ranking = rankPools(asked, over, context);
        const verdicts = explain(ranking, ranking.candidates[0]?.pool);
        expect(verdicts.map((v) => v.region)).toEqual(over.regions.map((r) => r.region));
        for (const verdict of verdicts) expect(verdict.reason.length).toBeGreaterThan(10);
        expect(verdicts.filter((v) => v.outcome === 'chosen')).toHaveLength(
          ranking.kind === 'ranked' ? 1 : 0,
        );
        const why = whyOf(ranking);
        const judged = over.regions
          .filter((r) => !ranking.refused.some((refused) => refused.region === r.region && !refused.pool))
          .flatMap((r) => r.pools.filter((p) => p.model === asked.model).map((p) => p.pool));
        const heard = [...byId(ranking), ...ranking.refused.flatMap((r) => r.pool ?? [])];
        expect(new Set(heard)).toEqual(new Set(judged));
        expect(why.refused.length + why.refusedMore).toBe(ranking.refused.length);
      }),
    );
  });

  it('says impossible only of what no wait makes possible', () => {
    fc.assert(
      fc.property(anyCase, ([asked, over, context]) => {
        if (rankPools(asked, over, context).kind !== 'impossible') return;
        const emptied = withAll(over, (p) => ({
          ...p,
          workers: p.workers.map((w) => ({ ...w, usedSlots: 0, health: 'ready' as const })),
        }));
        const up = { ...emptied, regions: emptied.regions.map((r) => ({ ...r, reachable: true })) };
        const pinned = { ...asked, modelVersion: asked.modelVersion ?? newestOf(over) };
        const later = { ...context, waitedMs: 10_000_000, exclude: [] };
        expect(rankPools(pinned, up, later).kind).not.toBe('ranked');
      }),
    );
  });
});

const withAll = (over: CapacitySnapshot, change: (p: PoolSnapshot) => PoolSnapshot): CapacitySnapshot => ({
  ...over,
  regions: over.regions.map((r) => ({ ...r, pools: r.pools.map(change) })),
});

/** Of those with a ready worker, else of any; the versions drawn here order as text does. */
const newestOf = (over: CapacitySnapshot): string => {
  const pools = poolsOf(over).filter((p) => p.model === 'gallery');
  const ready = pools.filter((p) => p.workers.some((w) => w.health === 'ready'));
  const [newest = 'none'] = (ready.length > 0 ? ready : pools)
    .map((p) => p.modelVersion)
    .sort()
    .toReversed();
  return newest;
};

describe('more room', () => {
  it('in a pool never leaves a request without a place that it had', () => {
    const grown = fc.tuple(anyCase, fc.nat(15), fc.boolean(), fc.integer({ min: 1, max: 5 }));
    fc.assert(
      fc.property(grown, ([[asked, over, context], which, byWorker, more]) => {
        const before = rankPools(asked, over, context);
        const pools = poolsOf(over);
        const larger = pools[which % Math.max(1, pools.length)];
        fc.pre(before.kind === 'ranked' && larger !== undefined && larger.workers.length > 0);
        // A version that nobody could serve before would be the newest now, which is another matter.
        const pinned = { ...asked, modelVersion: asked.modelVersion ?? newestOf(over) };
        const after = withAll(over, (p) => (p === larger ? grow(p, byWorker, more) : p));
        expect(rankPools(pinned, after, context).kind).toBe('ranked');
      }),
    );
  });

  const grow = (p: PoolSnapshot, byWorker: boolean, more: number): PoolSnapshot =>
    byWorker
      ? { ...p, workers: [...p.workers, worker(`${p.pool}-new`, { slots: more })] }
      : { ...p, workers: p.workers.map((w) => ({ ...w, usedSlots: Math.max(0, w.usedSlots - more) })) };
});

describe('a higher priority', () => {
  it('has every candidate that a lower has', () => {
    fc.assert(
      fc.property(anyCase, ([asked, over, context]) => {
        const [low, normal, high] = (['low', 'normal', 'high'] as const).map((priority) =>
          allCandidates({ ...asked, priority }, over, context),
        );
        expect(normal).toEqual(expect.arrayContaining(low ?? []));
        expect(high).toEqual(expect.arrayContaining(normal ?? []));
      }),
    );
  });

  const allCandidates = (asked: SessionRequest, over: CapacitySnapshot, context: PlacementContext) => {
    const refused = rankPools(asked, over, context).refused;
    const isRefused = (p: PoolSnapshot) =>
      refused.some((r) => (r.pool ?? p.pool) === p.pool && r.region === p.region);
    return poolsOf(over).flatMap((p) => (p.model === asked.model && !isRefused(p) ? p.pool : []));
  };
});

describe('a group', () => {
  it('goes to one region with room for all of its members at once, or nowhere', () => {
    const anyGroup = fc.array(anyRequest, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(anyGroup, anySnapshot, anyContext, (asked, over, context) => {
        const members = asked.map((one, i) => ({ ...one, sessionId: `ses_${i}` as SessionId }));
        const { places, refusals, kind } = rankRegionsForGroup(members, over, context);
        expect(places.length + refusals.length).toBe(over.regions.length);
        expect(kind === 'ranked').toBe(places.length > 0);
        for (const place of places) {
          expect(place.members.map((m) => m.sessionId).sort()).toEqual(
            members.map((m) => m.sessionId).sort(),
          );
          for (const id of new Set(place.members.map((m) => m.pool))) {
            const taken = place.members
              .filter((m) => m.pool === id)
              .reduce((sum, m) => sum + (m.ranking.candidates[0]?.width ?? Infinity), 0);
            expect(taken).toBeLessThanOrEqual(freeSlotsOf(over, id));
          }
          const alone = members.map((one) => rankPools(one, over, context));
          for (const ranking of alone)
            expect(ranking.findings.map((f) => f.best?.region)).toContain(place.region);
        }
      }),
    );
  });

  const freeSlotsOf = (over: CapacitySnapshot, id: PoolId) =>
    poolsOf(over)
      .filter((p) => p.pool === id)
      .flatMap((p) => p.workers)
      .reduce((sum, w) => sum + (w.health === 'ready' ? Math.max(0, w.slots - w.usedSlots) : 0), 0);
});
