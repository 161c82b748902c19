import type { SessionState } from '@meridian/sdk';

export const STATE_WORDS: Readonly<Record<SessionState, string>> = {
  queued: 'Waiting for a place',
  reserved: 'Place reserved',
  connecting: 'Opening the stream',
  active: 'Live',
  held: 'Reconnecting',
  migrating: 'Moving to another worker',
  ended: 'Ended',
};
