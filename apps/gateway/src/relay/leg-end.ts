import { status } from '@grpc/grpc-js';
import type { Status, StreamEnd } from '@meridian/worker-client';

export type LegEnd =
  /** The worker's last word on the session, to be passed on. */
  | { readonly kind: 'over'; readonly status: Status }
  /** As it was told to, the worker stopped; the session has another place already. */
  | { readonly kind: 'handed_over' }
  /** The worker is lost. `mayLive`: only the connection broke, so dialing it again may do. */
  | { readonly kind: 'lost'; readonly why: string; readonly mayLive: boolean };

export interface LegPast {
  readonly hadMessages: boolean;
  /** The session was on its way to this worker still. */
  readonly isMoving: boolean;
}

/** What the end of a worker's stream means for the session. */
export function judge({ status: said, by }: StreamEnd, { hadMessages, isMoving }: LegPast): LegEnd {
  if (by === 'connection') return { kind: 'lost', why: said.message, mayLive: hadMessages };
  if (said.code === status.UNAVAILABLE || isElsewhere(said) || (isMoving && isFull(said))) {
    return { kind: 'lost', why: said.message, mayLive: false };
  }
  return { kind: 'over', status: said };
}

/**
 * Somebody answers who does not have the session: it moved on to a higher epoch, another worker has this address now,
 * or the worker was restarted since. A gateway that has never seen the session cannot tell one that ran from one that
 * was never claimed; the control plane can, and knows where it is.
 */
const ELSEWHERE = ['epoch_fenced', 'wrong_worker', 'claim_expired'];
const isElsewhere = ({ code, meridianCode = '' }: Status): boolean =>
  code === status.NOT_FOUND || ELSEWHERE.includes(meridianCode);

/** The slot that was found for a moving session is gone again. To a new one that is the last word. */
const isFull = ({ meridianCode }: Status): boolean => meridianCode === 'slots_full';
