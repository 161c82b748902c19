import { describe, expect, it } from '@jest/globals';
import { END_REASONS, MeridianError } from '@meridian/sdk';
import { endingSoonWords } from './ending-soon-words.ts';
import { END_WORDS } from './end-words.ts';
import { errorWords } from './error-words.ts';
import { HOPS } from './hop-words.ts';
import { joinedEndWords } from './joined-end-words.ts';
import { durationText, msText, ordinal, poundsText } from './format.ts';

describe('money', () => {
  it('is cut, never rounded up, and keeps its places', () => {
    expect(poundsText(0n, 6)).toBe('£0.000000');
    expect(poundsText(1_999_999_999n, 2)).toBe('£1.99');
    expect(poundsText(333_333n, 6)).toBe('£0.000333');
    expect(poundsText(12_345_678_901_234n, 6)).toBe('£12345.678901');
  });
});

describe('time and places', () => {
  it('are said as a person would', () => {
    expect(durationText(12_400)).toBe('12 s');
    expect(durationText(200_000)).toBe('3 min 20 s');
    expect(durationText(3_600_000)).toBe('60 min');
    expect(msText(undefined)).toBe('–');
    expect([1, 2, 3, 4, 11, 22].map(ordinal)).toEqual(['1st', '2nd', '3rd', '4th', '11th', '22nd']);
  });
});

describe('ends and errors', () => {
  it('has words of its own for every end reason', () => {
    const titles = END_REASONS.map((reason) => END_WORDS[reason].title);
    expect(new Set(titles).size).toBe(END_REASONS.length);
  });

  it('asks for another key when the key is refused', () => {
    expect(errorWords(new MeridianError('unauthorized', 'no', { status: 401 })).askForKey).toBe(true);
  });

  it('says what the server said when it has no words of its own', () => {
    const words = errorWords(new MeridianError('new_code', 'x', { detail: 'Say this.', traceId: 'abc' }));
    expect(words).toMatchObject({ advice: 'Say this.', reference: 'new_code · abc', askForKey: false });
    expect(errorWords(new TypeError('fetch failed')).title).toBe('Meridian did not answer');
  });

  it.each([
    'pairing_not_found',
    'too_many_attempts',
    'too_many_devices',
    'too_many_actions',
    'too_many_connections',
    'device_removed',
    'role_forbidden',
    'owner_away',
    'invalid_code',
  ])('has a sentence of its own for %s', (code) => {
    const { title, advice } = errorWords(new MeridianError(code, 'x', { detail: 'y' }), 'joining');
    expect(title).not.toBe('The walk could not be joined');
    expect(advice).not.toBe('y');
  });

  it('does not take a removed device for a bad key', () => {
    const removed = new MeridianError('device_removed', 'x', { status: 403 });
    expect(errorWords(removed)).toMatchObject({ askForKey: false, title: 'You were removed from this walk' });
    const unknown = new MeridianError('forbidden', 'x', { status: 403 });
    expect(errorWords(unknown, 'joining').askForKey).toBe(false);
  });

  it('tells a device that joined what happened, however it ended', () => {
    const error = new MeridianError('device_removed', 'The owner removed this device.');
    expect(joinedEndWords({ reason: 'removed', error }).title).toBe('You were removed from this walk');
    expect(joinedEndWords({ reason: 'lost' }).title).toBe('The walk is over for this device');
    expect(joinedEndWords({ reason: 'client_ended' }).title).not.toBe(END_WORDS.client_ended.title);
    expect(joinedEndWords({ reason: 'idle' })).toBe(END_WORDS.idle);
  });

  it('says how to stay where one can', () => {
    expect(endingSoonWords('idle')).toMatchObject({ canStay: true, adviceForKeys: 'Press any key to stay' });
    expect(endingSoonWords('duration_limit').canStay).toBe(false);
    expect(endingSoonWords('budget_exhausted').title).toMatch('budget');
    expect(errorWords(new MeridianError('budget_exhausted', 'nothing left')).title).toMatch('budget');
  });

  it('names every hop once', () => {
    expect(new Set(HOPS.map(({ short }) => short)).size).toBe(5);
  });
});
