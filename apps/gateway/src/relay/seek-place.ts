import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import { setTimeout as delay } from 'node:timers/promises';
import type { Place } from '../token/admit.ts';
import { ask, type Search } from './find-place.ts';
import type { Turns } from './turns.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5_000;

export interface Sought {
  readonly place: Place;
  /** To be called when the session has moved: another one may then. */
  readonly endTurn: () => void;
}

/**
 * Asks for another place for a session whose worker drains and goes on serving it, until there is one. Moves take
 * turns, so that a session which moves pauses for its own move only. Throws when the signal aborts.
 */
export async function seekPlace(
  from: SessionTokenClaims,
  search: Search,
  turns: Turns,
  signal: AbortSignal,
): Promise<Sought> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const endTurn = await turns.take(signal);
    const place = await askOnce(from, search, signal, endTurn);
    if (place) return { place, endTurn };
    await delay(pauseMs, undefined, { signal });
  }
}

/** The turn goes on only with a place. */
async function askOnce(
  from: SessionTokenClaims,
  search: Search,
  signal: AbortSignal,
  endTurn: () => void,
): Promise<Place | undefined> {
  let place: Place | undefined;
  try {
    const found = await ask({ from, planned: true }, search, signal);
    if (found.kind === 'placed') place = found.place;
  } finally {
    if (!place) endTurn();
  }
  return place;
}
