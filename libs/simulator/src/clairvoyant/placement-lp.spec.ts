import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { largest } from './highs.ts';
import { placementProgram, type LinearProgram, type Span, type Stay } from './placement-lp.ts';

const span = (pool: number, fromMs: number, toMs: number): Span => ({ pool, fromMs, toMs });
const optimum = async (stays: readonly Stay[], slots: readonly number[]): Promise<number> => {
  const { lp, certain } = placementProgram(stays, slots);
  return certain + (await largest(lp));
};

describe('the placement program, by hand', () => {
  it('places one of two that overlap on one slot, and both on two', async () => {
    const stays = [[span(0, 0, 10)], [span(0, 5, 15)]];
    expect(await optimum(stays, [1])).toBeCloseTo(1, 9);
    expect(await optimum(stays, [2])).toBeCloseTo(2, 9);
  });

  it('gives a slot on at the moment it comes free', async () => {
    expect(await optimum([[span(0, 0, 10)], [span(0, 10, 20)]], [1])).toBeCloseTo(2, 9);
  });

  it('refuses a long one for two short ones', async () => {
    const stays = [[span(0, 0, 100)], [span(0, 10, 20)], [span(0, 30, 40)]];
    expect(await optimum(stays, [1])).toBeCloseTo(2, 9);
  });

  it('sends who can go elsewhere out of the way of who cannot', async () => {
    const either = [span(0, 0, 10), span(1, 0, 10)];
    expect(await optimum([either, [span(0, 2, 8)]], [1, 1])).toBeCloseTo(2, 9);
    expect(await optimum([either, [span(0, 2, 8)], [span(1, 3, 9)]], [1, 1])).toBeCloseTo(2, 9);
  });

  it('has nowhere to place those without a pool, or at a pool without slots', async () => {
    expect(await optimum([[], [span(0, 0, 10)]], [0])).toBe(0);
  });

  it('leaves out whoever fits anyway, and does not ask HiGHS then', () => {
    const { lp, certain } = placementProgram([[span(0, 0, 10)], [span(0, 5, 15)], [span(0, 7, 7)]], [2]);
    expect({ certain, columns: lp.cost.length }).toEqual({ certain: 3, columns: 0 });
  });
});

const someSlots = fc.array(fc.nat(2), { minLength: 2, maxLength: 2 });
const stayIn = (pools: number): fc.Arbitrary<Stay> =>
  fc
    .subarray([...Array(pools).keys()])
    .chain((chosen) =>
      fc
        .tuple(...chosen.map(() => fc.tuple(fc.nat(12), fc.nat(8))))
        .map((times) => times.map(([from, length], i) => span(chosen[i] ?? 0, from, from + length))),
    );

// Eighty programs are solved twice: seconds, and more of them on a busy machine.
jest.setTimeout(60_000);

describe('the placement program, over drawn sessions', () => {
  it('is the optimum in one pool', () =>
    fc.assert(
      fc.asyncProperty(fc.array(stayIn(1), { maxLength: 8 }), fc.nat(2), async (stays, slots) => {
        expect(await optimum(stays, [slots])).toBeCloseTo(bruteForce(stays, [slots]), 6);
      }),
      { numRuns: 40 },
    ));

  it('is at least the optimum in two pools, and the same as the program without any short cut', () =>
    fc.assert(
      fc.asyncProperty(fc.array(stayIn(2), { maxLength: 7 }), someSlots, async (stays, slots) => {
        const found = await optimum(stays, slots);
        expect(found).toBeGreaterThanOrEqual(bruteForce(stays, slots) - 1e-6);
        expect(found).toBeCloseTo(await largest(plainProgram(stays, slots)), 6);
      }),
      { numRuns: 40 },
    ));
});

/** Every way to place every session. */
function bruteForce(stays: readonly Stay[], slots: readonly number[], placed: readonly Span[] = []): number {
  const [stay, ...others] = stays;
  if (!stay) return 0;
  const ways = stay
    .filter((each) => fits([...placed, each], slots))
    .map((each) => 1 + bruteForce(others, slots, [...placed, each]));
  return Math.max(bruteForce(others, slots, placed), ...ways);
}

const fits = (placed: readonly Span[], slots: readonly number[]): boolean =>
  placed.every(({ pool }) => (slots[pool] ?? 0) > 0) &&
  placed.every(({ fromMs, pool }) => presentAt(placed, pool, fromMs).length <= (slots[pool] ?? 0));

const presentAt = (spans: readonly Span[], pool: number, atMs: number): readonly Span[] =>
  spans.filter((each) => each.pool === pool && each.fromMs <= atMs && atMs < each.toMs);

/** One row for each pool and moment at which somebody comes, with all who are there; one for each session. */
function plainProgram(stays: readonly Stay[], slots: readonly number[]): LinearProgram {
  const spans = stays.flatMap((stay, of) =>
    stay.filter(({ pool }) => (slots[pool] ?? 0) > 0).map((each) => ({ each, of })),
  );
  const moments = spans.map(({ each }) => ({ pool: each.pool, atMs: each.fromMs }));
  const columns = spans.map(({ each, of }) => [
    ...moments.flatMap(({ pool, atMs }, row) => (presentAt([each], pool, atMs).length > 0 ? [row] : [])),
    moments.length + of,
  ]);
  const starts = columns.reduce((all, rows) => [...all, (all.at(-1) ?? 0) + rows.length], [0]);
  const rowUpper = [...moments.map(({ pool }) => slots[pool] ?? 0), ...stays.map(() => 1)];
  return {
    cost: new Float64Array(spans.length).fill(1),
    upper: new Float64Array(spans.length).fill(1),
    rowLower: new Float64Array(rowUpper.length).fill(-Infinity),
    rowUpper: Float64Array.from(rowUpper),
    starts: Int32Array.from(starts),
    indices: Int32Array.from(columns.flat()),
    values: new Float64Array(columns.flat().length).fill(1),
  };
}
