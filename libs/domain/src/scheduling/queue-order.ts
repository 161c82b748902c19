// Q1. Fair across tenants: whoever holds the fewest slots for its weight is next, and a tenant that floods waits behind
//     its own requests. Slots that it holds already count: each turn is decided anew, and without that memory the tenant
//     with the oldest crowd would win every one.
// Q2. A class (high, normal, low) is worth four times the next one's weight: high goes before normal before low, within
//     a tenant always and across tenants unless they hold four times as many slots for their weight.
// Q3. Nobody starves: a session rises a class for every two minutes that it waits. After four at most it stands as one
//     of class high, where only sessions of tenants that hold fewer slots for their weight go before it, or older ones.
import type { SessionId, TenantId } from '../ids.ts';
import { PRIORITIES, type Priority } from '../session/session.ts';

export interface QueuePlace {
  /** 1 is next. */
  readonly position: number;
  readonly etaMs: number;
}

export interface Waiting {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly enqueuedAtMs: number;
  /** Undefined: normal. */
  readonly priority?: Priority;
  /** Slots that it will hold. Undefined: one. */
  readonly slots?: number;
}

/** What the order goes by besides those who wait; a tenant that is not named holds nothing and weighs one. */
export interface QueueShares {
  /** Slots of the model that each tenant holds. */
  readonly held: ReadonlyMap<TenantId, number>;
  /** 1 or more. */
  readonly weights: ReadonlyMap<TenantId, number>;
}

export interface InLine<W extends Waiting> {
  readonly entry: W;
  /** Lower is sooner: the slots the tenant would hold with this one, for its weight and class. */
  readonly turn: number;
}

/** A session rises a class for every this much of waiting, ms. */
export const CLASS_RISES_AFTER_MS = 120_000;
/** A class counts as so many times the weight of the next. */
const CLASS_WORTH = 4;

const HIGHEST = PRIORITIES.length - 1;

/** 0 low, 1 normal, 2 high: its own class, and one more for every two minutes of waiting. */
const classOf = ({ priority = 'normal', enqueuedAtMs }: Waiting, nowMs: number): number => {
  const risen = Math.floor(Math.max(0, nowMs - enqueuedAtMs) / CLASS_RISES_AFTER_MS);
  return Math.min(HIGHEST, PRIORITIES.indexOf(priority) + risen);
};

/**
 * The line of one model, in which sessions get slots. A session's turn is (slots the tenant holds + slots of it that
 * go before + its own) / (weight x 4^class), as the finish times of weighted fair queueing (Demers, Keshav and Shenker,
 * SIGCOMM 1989); the lowest is next, then the oldest, then by id, so that replicas agree. O(n log n).
 */
export function queueLine<W extends Waiting>(
  waiting: readonly W[],
  shares: QueueShares,
  nowMs: number,
): readonly InLine<W>[] {
  const before = new Map<TenantId, number>();
  return waiting
    .map((entry) => ({ entry, level: classOf(entry, nowMs) }))
    .sort((a, b) => b.level - a.level || olderFirst(a.entry, b.entry))
    .map(({ entry, level }) => {
      const taken = (before.get(entry.tenantId) ?? 0) + (entry.slots ?? 1);
      before.set(entry.tenantId, taken);
      return { entry, turn: fairTurn(entry.tenantId, taken, level, shares) };
    })
    .sort((a, b) => a.turn - b.turn || olderFirst(a.entry, b.entry));
}

function fairTurn(tenantId: TenantId, taken: number, level: number, { held, weights }: QueueShares): number {
  return ((held.get(tenantId) ?? 0) + taken) / ((weights.get(tenantId) ?? 1) * CLASS_WORTH ** level);
}

/** The turn of one who comes now. It goes after everyone whose turn is as low: they are older. */
export function newcomersTurn(
  line: readonly InLine<Waiting>[],
  newcomer: Waiting,
  shares: QueueShares,
  nowMs: number,
): number {
  const level = classOf(newcomer, nowMs);
  const taken = line
    .filter(({ entry }) => entry.tenantId === newcomer.tenantId && classOf(entry, nowMs) >= level)
    .reduce((sum, { entry }) => sum + (entry.slots ?? 1), newcomer.slots ?? 1);
  return fairTurn(newcomer.tenantId, taken, level, shares);
}

const olderFirst = (a: Waiting, b: Waiting): number =>
  a.enqueuedAtMs - b.enqueuedAtMs || (a.sessionId < b.sessionId ? -1 : a.sessionId > b.sessionId ? 1 : 0);
