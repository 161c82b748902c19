import type { SessionId, SetAsideReading, SetAsideReason } from '@meridian/domain';

export interface SetAsideQuery {
  readonly reason?: SetAsideReason;
  readonly sessionId?: SessionId;
  /** Also those that were applied after all. */
  readonly resolved?: boolean;
  readonly limit: number;
}

/** Readings that were news and could not be counted, for an operator to see. Throws `StoreUnavailable`. */
export interface SetAside {
  /** Newest reading first. */
  list(query: SetAsideQuery): Promise<readonly SetAsideReading[]>;
  /** How many of each reason were not applied. */
  counts(): Promise<Readonly<Record<SetAsideReason, number>>>;
  /** Applies those whose session or epoch was not known and is now; how many. Twice is harmless. */
  resolve(limit: number): Promise<number>;
}
