import type { EndReason } from '@meridian/sdk';

interface EndingSoonWords {
  readonly title: string;
  readonly adviceForKeys: string;
  readonly adviceForTouch: string;
  /** Anything that the player does keeps the walk. */
  readonly canStay: boolean;
}

const IDLE: EndingSoonWords = {
  title: 'Nobody has moved for a while. The walk ends soon.',
  adviceForKeys: 'Press any key to stay',
  adviceForTouch: 'Touch the screen to stay',
  canStay: true,
};

const BUDGET_ADVICE = 'It goes on if the owner of this key raises it now.';
const BUDGET: EndingSoonWords = {
  title: 'The budget for this walk is nearly used up.',
  adviceForKeys: BUDGET_ADVICE,
  adviceForTouch: BUDGET_ADVICE,
  canStay: false,
};

const LIMIT = 'A new walk can start right after it.';

export function endingSoonWords(reason: EndReason): EndingSoonWords {
  if (reason === 'idle') return IDLE;
  if (reason === 'budget_exhausted') return BUDGET;
  const title =
    reason === 'duration_limit' ? 'This walk soon reaches its time limit.' : 'This walk ends soon.';
  return { title, adviceForKeys: LIMIT, adviceForTouch: LIMIT, canStay: false };
}
