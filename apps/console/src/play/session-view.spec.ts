import { describe, expect, it } from '@jest/globals';
import type { MeridianSession } from '@meridian/sdk';
import { watchSession } from './session-view.ts';

/** A session as far as the view reads it, with its events in the test's hand. */
function fakeSession(): { session: MeridianSession; emit: (event: string, payload: unknown) => void } {
  const listeners = new Map<string, ((payload: unknown) => void)[]>();
  const facts = {
    state: 'queued',
    info: { queue: { position: 2, etaMs: 8_000 } },
    region: undefined,
    epoch: 0,
  };
  const on = (event: string, listener: (payload: unknown) => void): (() => void) => {
    listeners.set(event, [...(listeners.get(event) ?? []), listener]);
    return () =>
      listeners.set(
        event,
        (listeners.get(event) ?? []).filter((one) => one !== listener),
      );
  };
  const emit = (event: string, payload: unknown): void => {
    if (event === 'state') Object.assign(facts, payload);
    for (const listener of listeners.get(event) ?? []) listener(payload);
  };
  return { session: Object.assign(facts, { on, usage: undefined }) as unknown as MeridianSession, emit };
}

describe('watchSession', () => {
  it('is a new value at every change and tells whoever listens', () => {
    const { session, emit } = fakeSession();
    const store = watchSession(session, () => 5);
    const first = store.view();
    expect(first.queue).toEqual({ position: 2, etaMs: 8_000 });
    let changes = 0;
    const stop = store.subscribe(() => (changes += 1));
    emit('queue', { position: 1, etaMs: 900 });
    emit('state', { state: 'active', region: 'eu-west', epoch: 1 });
    expect(store.view()).toMatchObject({
      state: 'active',
      region: 'eu-west',
      epoch: 1,
      queue: { position: 1 },
    });
    expect(store.view()).not.toBe(first);
    stop();
    emit('usage', { costNano: '7' });
    expect(changes).toBe(2);
    expect(store.view()).toMatchObject({ usage: { costNano: '7' }, usageAtMs: 5 });
  });

  it('forgets the interruption once the stream is back', () => {
    const { session, emit } = fakeSession();
    const store = watchSession(session, () => 0);
    emit('reconnecting', { attempt: 1 });
    expect(store.view().reconnecting).toBeDefined();
    emit('notice', { kind: 'resumed' });
    expect(store.view().reconnecting).toBeUndefined();
  });
});
