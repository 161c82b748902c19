import type { MeterReading } from './usage.ts';

/** Why a reading was not applied, though it was news. A reading whose `seq` did not rise is none, and not kept. */
export const SET_ASIDE_REASONS = [
  /** No session of this id is on record; applied when there is one. */
  'unknown_session',
  /** The session never had this epoch; applied when it has. */
  'unknown_epoch',
  /** A counter fell although `seq` rose and the process is the same: its worker miscounts. */
  'went_backwards',
  /** It comes from later than now: the clock of a store is wrong. */
  'clock_ahead',
  /** More active time or frames than there was time for since the epoch began. */
  'impossible_rate',
  /** More active time than there was until the session ended, or moved on to another worker. */
  'after_close',
] as const;
export type SetAsideReason = (typeof SET_ASIDE_REASONS)[number];

export interface SetAsideReading {
  /** Made from session, epoch, start, seq and reason: the same reading is kept once, however often it comes. */
  readonly id: string;
  readonly reading: MeterReading;
  readonly reason: SetAsideReason;
  /** When it was applied after all, Unix ms; undefined: it was not. */
  readonly resolvedAtMs?: number;
}

export const setAsideIdOf = (
  { sessionId, epoch, startedUs, seq }: Pick<MeterReading, 'sessionId' | 'epoch' | 'startedUs' | 'seq'>,
  reason: SetAsideReason,
): string => `${sessionId}.${epoch}.${startedUs}.${seq}.${reason}`;
