import { expect, it } from '@jest/globals';
import { CHECKPOINT_STATE_BYTES_MAX, whyNotMovable } from './movable.ts';

it.each([
  ['nothing described', {}, undefined],
  ['a small state', { stateBytes: 110_000, rebuildMs: 400 }, undefined],
  ['the largest that fits', { stateBytes: CHECKPOINT_STATE_BYTES_MAX, rebuildMs: 25_000 }, undefined],
  ['a byte more', { stateBytes: CHECKPOINT_STATE_BYTES_MAX + 1 }, 'its state of 4190209 bytes is larger'],
  ['a millisecond more', { stateBytes: 1, rebuildMs: 25_001 }, 'its state takes 25001 ms to build up again'],
])('a session with %s', (_what, shape, sentence) => {
  if (sentence === undefined) expect(whyNotMovable(shape)).toBeUndefined();
  else expect(whyNotMovable(shape)).toContain(sentence);
});
