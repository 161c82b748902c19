import { describe, expect, it } from '@jest/globals';
import { Envelope } from '@meridian/worker-client';
import fc from 'fast-check';
import { withNext, type WaitingMessage } from './waiting-messages.ts';

const message = (kind: WaitingMessage['kind'], receivedAtMs: number): WaitingMessage => ({
  kind,
  receivedAtMs,
  frame: undefined,
  envelope: Envelope.of(Buffer.alloc(0)),
});

const afterAll = (kinds: readonly WaitingMessage['kind'][]) =>
  kinds.map(message).reduce<readonly WaitingMessage[]>(withNext, []);

const shown = (kinds: readonly WaitingMessage['kind'][]) =>
  afterAll(kinds).map(({ kind, receivedAtMs }) => `${kind} ${String(receivedAtMs)}`);

describe('what waits for a slow client', () => {
  it('is the newest keyframe', () => {
    expect(shown(['keyframe', 'keyframe', 'keyframe'])).toEqual(['keyframe 2']);
  });

  it('is the newest frame with the keyframe that it may refer to', () => {
    expect(shown(['keyframe', 'frame', 'frame'])).toEqual(['keyframe 0', 'frame 2']);
  });

  it('has no frame that refers to a keyframe which is gone', () => {
    expect(shown(['keyframe', 'frame', 'keyframe'])).toEqual(['keyframe 2']);
  });

  it('has every notice, in its place', () => {
    expect(shown(['notice', 'keyframe', 'notice', 'keyframe'])).toEqual([
      'notice 0',
      'notice 2',
      'keyframe 3',
    ]);
  });

  it('is never more than two frames, in order, and always the newest one', () => {
    const kinds = fc.array(fc.constantFrom('notice' as const, 'keyframe' as const, 'frame' as const), {
      minLength: 1,
    });
    fc.assert(
      fc.property(kinds, (sent) => {
        const waiting = afterAll(sent);
        const times = waiting.map(({ receivedAtMs }) => receivedAtMs);
        expect(waiting.filter(({ kind }) => kind !== 'notice').length).toBeLessThanOrEqual(2);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(times.at(-1)).toBe(sent.length - 1);
        const newestKey = sent.lastIndexOf('keyframe');
        if (newestKey >= 0) expect(times).toContain(newestKey);
      }),
    );
  });
});
