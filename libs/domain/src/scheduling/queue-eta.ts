// How long a session will wait, from what gives slots: sessions that end. Each region is a supply of its own, and
// everyone in line claims from those that it may use, so that a place behind twenty who may only use Europe is the next
// place for a player in America. Free slots count for those whose caps do not let them use the region yet. Who may use
// it would have had them: the line is run twice a second, so what is still free is kept from it.
import type { RegionId } from '../ids.ts';

/** How long a session is thought to last before any has ended, ms: the median of the traffic `simulate` generates. */
export const EXPECTED_SESSION_MS = 1_800_000;
/** How many sightings that first guess is worth. */
const GUESS_WEIGHT = 1;

/** The line is run twice a second, so nobody waits less, ms. */
export const LEAST_WAIT_MS = 500;
/** Nobody is told a longer wait, ms. */
export const MOST_WAIT_MS = 86_400_000;

export interface RegionHistory {
  readonly region: RegionId;
  /** Slots of ready workers of the model, taken or not. */
  readonly slots: number;
  readonly freeSlots: number;
  /** Slots given back within the window. */
  readonly releases: number;
}

/** What a region will give to those who wait. */
export interface RegionSupply {
  readonly region: RegionId;
  readonly releasesPerMs: number;
  readonly freeSlots: number;
}

/**
 * The rate of slot releases of each region: the mean of a Gamma posterior with Poisson releases (Gelman et al.,
 * Bayesian Data Analysis, 2.6), (releases + a) / (window + a x T / N), where N slots of sessions that last T would give
 * back a slots in a x T / N. So the first guess, a slot every T / N, counts as one sighting, shared among the regions by
 * their slots, and what is seen soon outweighs it.
 * @param windowMs how long releases were counted, ms
 */
export function supplyOf(history: readonly RegionHistory[], windowMs: number): readonly RegionSupply[] {
  const known = history.reduce((sum, { slots }) => sum + slots, 0);
  const perMs = 1 / (windowMs + (GUESS_WEIGHT * EXPECTED_SESSION_MS) / Math.max(1, known));
  return history.map(({ region, slots, freeSlots, releases }) => {
    const share = known === 0 ? 1 / history.length : slots / known;
    return { region, freeSlots, releasesPerMs: (releases + GUESS_WEIGHT * share) * perMs };
  });
}

/** One who waits, as the supply sees it; arrays go with the list of regions. */
export interface Claim {
  /** From how much waiting on it may use each region, ms; `Infinity`: never. */
  readonly usableAfterMs: readonly number[];
  readonly waitedMs: number;
  readonly slots: number;
}

/** Slots of each region that go to those in front. */
export type Backlog = readonly number[];

export const nobodyBefore = (supply: readonly RegionSupply[]): Backlog => supply.map(() => 0);

export interface Turn {
  /** Expected wait from now on, ms. */
  readonly waitMs: number;
  /** What is in front of the next in line. */
  readonly backlog: Backlog;
}

/**
 * The expected wait of one behind `backlog`: the time t at which the regions that it may use will have given enough,
 * that is the smallest t with sum over them of max(0, free + rate x t - taken by others) >= slots. With one region
 * and nothing free this is place / rate. It claims from each region what that one has left at t.
 */
export function turnOf(claim: Claim, backlog: Backlog, supply: readonly RegionSupply[]): Turn {
  const streams = supply.map((region, i) => streamOf(claim, backlog[i] ?? 0, region, i));
  const waitMs = firstMs(streams, claim.slots);
  const left = streams.map((stream) => leftAt(stream, waitMs));
  const sum = left.reduce((total, slots) => total + slots, 0);
  const next = sum === 0 ? backlog : backlog.map((slots, i) => slots + (claim.slots * (left[i] ?? 0)) / sum);
  return { waitMs, backlog: next };
}

/** What one region has left for a claim: nothing until `fromMs`, `atOnce` slots then, and a rate from there on. */
interface Stream {
  readonly fromMs: number;
  readonly atOnce: number;
  readonly perMs: number;
}

/** What is released before the claim may use the region is gone; what is free by then is not. */
function streamOf(
  { usableAfterMs, waitedMs }: Claim,
  taken: number,
  { releasesPerMs: perMs, freeSlots }: RegionSupply,
  i: number,
): Stream {
  const usableInMs = Math.max(0, (usableAfterMs[i] ?? Infinity) - waitedMs);
  if (usableInMs === Infinity) return { fromMs: Infinity, atOnce: 0, perMs: 0 };
  const free = usableInMs > 0 ? freeSlots : 0;
  const gone = Math.max(taken, perMs * usableInMs);
  const fromMs = Math.max(usableInMs, perMs > 0 ? (gone - free) / perMs : gone > free ? Infinity : 0);
  return { fromMs, atOnce: Math.max(0, free + perMs * usableInMs - gone), perMs };
}

const leftAt = ({ fromMs, atOnce, perMs }: Stream, inMs: number): number =>
  inMs < fromMs ? 0 : atOnce + perMs * (inMs - fromMs);

/** The first whole ms at which the streams together have given enough. */
function firstMs(streams: readonly Stream[], enough: number): number {
  let [atMs, given, perMs] = [0, 0, 0];
  for (const stream of streams.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const before = perMs > 0 ? given + perMs * (stream.fromMs - atMs) : given;
    if (before >= enough || stream.fromMs === Infinity) break;
    [atMs, given, perMs] = [stream.fromMs, before + stream.atOnce, perMs + stream.perMs];
    if (given >= enough) break;
  }
  const inMs = given >= enough ? atMs : perMs > 0 ? atMs + (enough - given) / perMs : Infinity;
  return Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, Math.ceil(inMs - ROUNDING)));
}

/** What adding up fractions of slots may be off by, ms. */
const ROUNDING = 1e-6;
