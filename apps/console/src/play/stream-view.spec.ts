import { describe, expect, it } from '@jest/globals';
import { UNSEEN, watchStream, type StreamSource, type StreamView } from './stream-view.ts';

/** A stream with its events in the test's hand, and what the page knows of it. */
function bench() {
  const listeners = new Map<string, ((payload: unknown) => void)[]>();
  const source = {
    on: (event: string, listener: (payload: unknown) => void) => {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      return () => undefined;
    },
  } as unknown as StreamSource;
  let view: StreamView = UNSEEN;
  let changes = 0;
  watchStream(source, (part) => {
    view = { ...view, ...part };
    changes += 1;
  });
  const emit = (event: string, payload: unknown = {}): void => {
    for (const listener of listeners.get(event) ?? []) listener(payload);
  };
  const frame = (lastActionSeq: number, lastActionDevice = 0): void =>
    emit('frame', { lastActionSeq, lastActionDevice });
  return { emit, frame, view: () => view, changes: () => changes };
}

describe('watchStream', () => {
  it('changes with the first frame, not with every one', () => {
    const { frame, view, changes } = bench();
    frame(0);
    frame(1);
    frame(2);
    expect(view().seen).toBe(true);
    expect(changes()).toBe(1);
  });

  it.each([
    ['of this device', 6, 0],
    ['of another one', 1, 2],
  ])('takes a warning of idleness back with an action %s', (_whose, seq, device) => {
    const { emit, frame, view } = bench();
    frame(5);
    emit('endingSoon', { reason: 'idle', endsInMs: 10_000 });
    frame(5);
    expect(view().endingSoon).toBeDefined();
    frame(seq, device);
    expect(view().endingSoon).toBeUndefined();
  });

  it('keeps a warning that nobody can help', () => {
    const { emit, frame, view } = bench();
    frame(5);
    emit('endingSoon', { reason: 'duration_limit', endsInMs: 10_000 });
    frame(6);
    expect(view().endingSoon).toMatchObject({ reason: 'duration_limit' });
  });

  it('knows who is there, and learns it anew with every stream', () => {
    const { emit, view } = bench();
    emit('deviceJoined', { device: 1, role: 'controller' });
    emit('deviceJoined', { device: 2, role: 'spectator' });
    emit('deviceLeft', { device: 1, role: 'controller' });
    expect([...view().connected]).toEqual([[2, 'spectator']]);
    emit('resumed');
    expect(view().connected.size).toBe(0);
    emit('deviceJoined', { device: 1, role: 'controller' });
    expect([...view().connected.keys()]).toEqual([1]);
  });
});
