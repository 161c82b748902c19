import { MeridianError } from '@meridian/sdk';

export interface ErrorWords {
  readonly title: string;
  /** What to do about it. */
  readonly advice: string;
  /** The key itself was refused: ask for another. */
  readonly askForKey: boolean;
  /** For an operator: code and trace id. */
  readonly reference: string;
}

/** What was tried, for errors that have no words of their own. */
export type Attempt = 'walking' | 'pairing' | 'joining';

const TITLES: Readonly<Record<Attempt, string>> = {
  walking: 'The walk could not start',
  pairing: 'No device can be paired just now',
  joining: 'The walk could not be joined',
};

const WORDS: Readonly<Record<string, readonly [title: string, advice: string]>> = {
  network: ['Meridian did not answer', 'Check that it is running and that you are online, then try again.'],
  timeout: ['Meridian took too long to answer', 'It may be starting or busy. Try again in a moment.'],
  unknown_model: ['This world is not served here', 'Choose another one from the list.'],
  no_eligible_region: [
    'No region can take this walk',
    'None that is allowed serves this world. Ask an operator.',
  ],
  session_quota_exceeded: [
    'All walks of this key are in use',
    'End one that is still open, or wait until it ends.',
  ],
  budget_exhausted: [
    'The budget is used up',
    'Whoever owns this key has set a limit, and it is reached. Ask them to raise it.',
  ],
  queue_wait_too_long: [
    'Every place is taken',
    'The wait would be longer than is accepted here. Try again in a while.',
  ],
  token_reused: ['This walk is open somewhere else', 'Go back to the other tab, or start a new walk here.'],
  token_expired: ['This device was away for too long', 'Start again, or ask for a new code.'],
  stream_lost: ['The connection could not be had again', 'Check your network, then walk again.'],
  owner_away: [
    'The device that shares this walk is away',
    'It has to be connected for others to take part. Try again once it is.',
  ],
  session_ended: ['The walk is over', 'Ask for a new code when the next one begins.'],
  device_removed: [
    'You were removed from this walk',
    'Whoever opened it did that. Ask them for a new code to come back.',
  ],
  role_forbidden: ['This device may only look on', 'Ask for a code for a controller to walk.'],
  too_many_devices: [
    'This walk has as many devices as it may have',
    'A walk takes eight in all. Start a new walk to pair another.',
  ],
  too_many_actions: ['Too many actions at once', 'Something sends faster than a hand can. Walk again.'],
  too_many_connections: [
    'This walk is open too often',
    'Close other tabs that show it, then try again in a few seconds.',
  ],
  too_many_streams: ['This gateway is full', 'Another is tried by itself. Walk again in a moment.'],
  invalid_code: ['This is not a code', 'A code has eight letters and digits, such as K7QF-3MXN.'],
  pairing_not_found: [
    'This code does not open a walk',
    'It may be mistyped, used already, or older than five minutes. Ask for a new one on the other device.',
  ],
  too_many_attempts: ['Too many codes were tried', 'Wait a minute, then try again with a code you can see.'],
};

/** Refusals that share a status with a bad key and have nothing to do with it. */
const NOT_OF_THE_KEY = new Set(['device_removed', 'role_forbidden']);

export function errorWords(thrown: unknown, attempt: Attempt = 'walking'): ErrorWords {
  const error = MeridianError.from(thrown);
  const reference = [error.code, error.traceId].filter(Boolean).join(' · ');
  const isRefused = error.status === 401 || error.status === 403;
  if (isRefused && attempt !== 'joining' && !NOT_OF_THE_KEY.has(error.code)) {
    const advice = 'It may be mistyped or withdrawn. Enter another one.';
    return { title: 'This API key was not accepted', advice, askForKey: true, reference };
  }
  const [title, advice] = WORDS[error.code] ?? [TITLES[attempt], error.detail];
  return { title, advice, askForKey: false, reference };
}
