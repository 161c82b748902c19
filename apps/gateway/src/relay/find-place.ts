import { status } from '@grpc/grpc-js';
import { OK, type Status } from '@meridian/worker-client';
import { setTimeout as delay } from 'node:timers/promises';
import type { Place } from '../token/admit.ts';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import type { Fleet } from './fleet.ts';

export type Found =
  | { readonly kind: 'placed'; readonly place: Place }
  /** The session has ended with `worker_lost`. */
  | { readonly kind: 'no_slot'; readonly status: Status }
  | { readonly kind: 'refused' | 'away'; readonly status: Status };

export interface Search {
  readonly fleet: Fleet;
  /** Checks a new token as one from a client is checked; throws `StatusError`. */
  readonly readToken: (token: string) => Promise<SessionTokenClaims>;
  /** Give up at this time, ms of the monotonic clock. */
  readonly giveUpAtMs: number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Asks for another worker until there is an answer; the control plane may be away for a while (L4). Asking again is
 * harmless: an answer is the same for a session and lost epoch. Throws when the signal aborts.
 */
export async function findPlace(
  lost: SessionTokenClaims,
  search: Search,
  signal: AbortSignal,
): Promise<Found> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const found = await ask(lost, search, signal);
    signal.throwIfAborted();
    if (found.kind !== 'away' || performance.now() + pauseMs > search.giveUpAtMs) return found;
    await delay(pauseMs, undefined, { signal });
  }
}

async function ask(
  lost: SessionTokenClaims,
  { fleet, readToken }: Search,
  signal: AbortSignal,
): Promise<Found> {
  const answer = await fleet.replace(lost, signal);
  switch (answer.kind) {
    case 'placed': {
      const claims = await readToken(answer.sessionToken);
      // Not yet seen as lost over there: the same place again is no place.
      if (claims.epoch <= lost.epoch) return away('The control plane still holds the lost worker for alive.');
      return { kind: 'placed', place: { sessionToken: answer.sessionToken, claims } };
    }
    case 'no_slot':
      return { kind: 'no_slot', status: OK };
    case 'refused':
      return answer;
    case 'away':
      return away(answer.message);
  }
}

const away = (why: string): Found => ({
  kind: 'away',
  status: {
    code: status.UNAVAILABLE,
    message: `The worker was lost and no other was found in time: ${why}`,
    meridianCode: 'worker_lost',
  },
});
