// Fair across tenants: a round robin in which a tenant's turn counts the slots it already holds. Without that memory
// the tenant with the oldest crowd would win every turn, since each turn is decided anew.
import type { SessionId, TenantId } from '../ids.ts';

export interface QueuePlace {
  /** 1 is next. */
  readonly position: number;
  readonly etaMs: number;
}

export interface Waiting {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly enqueuedAtMs: number;
  /** Only sessions of one model wait for the same slots. */
  readonly model: string;
}

/**
 * The order in which waiting sessions get slots: by turn (slots the tenant holds + sessions of it waiting longer),
 * then the oldest, then by id so that replicas agree.
 */
export function queueOrder<W extends Waiting>(
  waiting: readonly W[],
  heldSlots: ReadonlyMap<TenantId, number>,
): readonly W[] {
  const turns = new Map<TenantId, number>(heldSlots);
  const withTurn = [...waiting].sort(olderFirst).map((entry) => {
    const turn = turns.get(entry.tenantId) ?? 0;
    turns.set(entry.tenantId, turn + 1);
    return { entry, turn };
  });
  return withTurn.sort((a, b) => a.turn - b.turn || olderFirst(a.entry, b.entry)).map(({ entry }) => entry);
}

/** Place among those that wait for the same model; undefined: it does not wait. */
export function queuePosition(ordered: readonly Waiting[], sessionId: SessionId): number | undefined {
  const mine = ordered.find((entry) => entry.sessionId === sessionId);
  if (!mine) return undefined;
  return ordered.filter((entry) => entry.model === mine.model).indexOf(mine) + 1;
}

const olderFirst = (a: Waiting, b: Waiting): number =>
  a.enqueuedAtMs - b.enqueuedAtMs || (a.sessionId < b.sessionId ? -1 : a.sessionId > b.sessionId ? 1 : 0);
