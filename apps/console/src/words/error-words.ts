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
  queue_wait_too_long: [
    'Every place is taken',
    'The wait would be longer than is accepted here. Try again in a while.',
  ],
  token_reused: ['This walk is open somewhere else', 'Go back to the other tab, or start a new walk here.'],
  stream_lost: ['The connection could not be had again', 'Check your network, then walk again.'],
};

export function errorWords(thrown: unknown): ErrorWords {
  const error = MeridianError.from(thrown);
  const reference = [error.code, error.traceId].filter(Boolean).join(' · ');
  if (error.status === 401 || error.status === 403) {
    const advice = 'It may be mistyped or withdrawn. Enter another one.';
    return { title: 'This API key was not accepted', advice, askForKey: true, reference };
  }
  const [title, advice] = WORDS[error.code] ?? ['The walk could not start', error.detail];
  return { title, advice, askForKey: false, reference };
}
