import type { EndReason } from '@meridian/sdk';

export interface EndWords {
  readonly title: string;
  readonly detail: string;
}

/** What happened, and what to do now, for a player who has never read a log. */
export const END_WORDS: Readonly<Record<EndReason, EndWords>> = {
  client_ended: {
    title: 'You ended the walk',
    detail: 'The world is let go and its slot is free for the next walker. Nothing more is counted.',
  },
  client_lost: {
    title: 'The connection was gone for too long',
    detail: 'Your place was kept for half a minute, then given back. Check your network and walk again.',
  },
  idle: {
    title: 'Nobody moved for a while',
    detail: 'The walk was ended so that an empty room costs nothing. Walk again whenever you like.',
  },
  duration_limit: {
    title: 'The walk reached its time limit',
    detail: 'Every walk has one, so that places come free. A new walk starts its own.',
  },
  claim_expired: {
    title: 'Your place was not taken up in time',
    detail: 'It was held for a minute and then went to someone else. Walk again to get another.',
  },
  queue_expired: {
    title: 'No place came free in time',
    detail: 'Every slot stayed busy while you waited. Nothing was counted. Try again in a few minutes.',
  },
  budget_exhausted: {
    title: 'The budget is used up',
    detail: 'Whoever owns this key has set a limit, and it is reached. Ask them to raise it.',
  },
  operator_ended: {
    title: 'An operator ended the walk',
    detail:
      'Someone who looks after Meridian stopped it, most likely for maintenance. Walk again in a moment.',
  },
  worker_lost: {
    title: 'The worker behind your world stopped',
    detail: 'No other had a free slot to carry on from the last checkpoint. Walk again to start anew.',
  },
  region_lost: {
    title: 'The whole region went away',
    detail: 'A new walk is placed in another region that works.',
  },
  model_failed: {
    title: 'The model stopped with an error',
    detail: 'It could not draw the next frame. Walk again; if it happens twice, tell an operator.',
  },
};
