import { status } from '@grpc/grpc-js';
import { OK, type Status } from '@meridian/worker-client';
import { setTimeout as delay } from 'node:timers/promises';
import type { Place } from '../token/admit.ts';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import type { Fleet, ReplaceCall } from './fleet.ts';

export type Found =
  | { readonly kind: 'placed'; readonly place: Place }
  /** The session has ended with `worker_lost`. */
  | { readonly kind: 'no_slot'; readonly status: Status; readonly why: string }
  | { readonly kind: 'refused' | 'away'; readonly status: Status };

export interface Search {
  readonly fleet: Fleet;
  /** Checks a new token as one from a client is checked; throws `StatusError`. */
  readonly readToken: (token: string) => Promise<SessionTokenClaims>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Asks for another worker until there is an answer, or until `giveUpAtMs` of the monotonic clock; the control plane may
 * be away for a while (L4). Asking again is harmless: an answer is the same for a session and lost epoch. Throws when
 * the signal aborts.
 */
export async function findPlace(
  lost: SessionTokenClaims,
  search: Search,
  giveUpAtMs: number,
  signal: AbortSignal,
): Promise<Found> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const found = await ask({ from: lost, planned: false }, search, signal);
    if (found.kind !== 'away' || performance.now() + pauseMs > giveUpAtMs) return found;
    await delay(pauseMs, undefined, { signal });
  }
}

/** Asks once. Throws when the signal aborts. */
export async function ask(
  call: ReplaceCall,
  { fleet, readToken }: Search,
  signal: AbortSignal,
): Promise<Found> {
  const answer = await fleet.replace(call, signal);
  signal.throwIfAborted();
  switch (answer.kind) {
    case 'placed': {
      const claims = await readToken(answer.sessionToken);
      // Not yet seen as lost over there: the same place again is no place.
      if (claims.epoch <= call.from.epoch)
        return away('The control plane still holds the lost worker for alive.');
      return { kind: 'placed', place: { sessionToken: answer.sessionToken, claims } };
    }
    case 'no_slot':
      return { kind: 'no_slot', status: OK, why: answer.why };
    case 'refused':
      return answer;
    case 'stays':
    case 'away':
      return away(answer.why);
  }
}

const away = (why: string): Found & { kind: 'away' } => ({
  kind: 'away',
  status: {
    code: status.UNAVAILABLE,
    message: `The worker was lost and no other was found in time: ${why}`,
    meridianCode: 'worker_lost',
  },
});

/** Places were found, and no worker there took the session. */
export const NOBODY_TOOK_IT: Status = away('those that were named did not take the session.').status;
