import type { JoinedEnd } from '@meridian/sdk';
import { END_WORDS, type EndWords } from './end-words.ts';
import { errorWords } from './error-words.ts';

const OWN: Partial<Record<JoinedEnd['reason'], EndWords>> = {
  left: { title: 'You left the walk', detail: 'It goes on without you. To come back, ask for a new code.' },
  client_ended: { title: 'The walk was ended', detail: 'Whoever opened it is done for now.' },
  client_lost: {
    title: 'The walk was given up',
    detail: 'The device that opened it was away for too long, so that its place went back.',
  },
};

/** What happened, to somebody who took part in another one's walk. */
export function joinedEndWords({ reason, detail = '', error }: JoinedEnd): EndWords {
  const own = OWN[reason];
  if (own) return own;
  if (reason !== 'left' && reason !== 'removed' && reason !== 'lost') return END_WORDS[reason];
  const words = error && errorWords(error, 'joining');
  return { title: words?.title ?? 'The walk is over for this device', detail: words?.advice ?? detail };
}
