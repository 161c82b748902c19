// What the page shows of a session that it joined, as one immutable value that changes with its events.
import type { JoinedEnd, JoinedSession, JoinedState } from '@meridian/sdk';
import type { Store } from '../play/session-view.ts';
import { UNSEEN, watchStream, type StreamView } from '../play/stream-view.ts';

export interface JoinedView extends StreamView {
  readonly state: JoinedState;
  readonly end: JoinedEnd | undefined;
}

export function watchJoined(session: JoinedSession): Store<JoinedView> {
  let view: JoinedView = { ...UNSEEN, state: session.state, end: undefined };
  const listeners = new Set<() => void>();
  const change = (part: Partial<JoinedView>): void => {
    view = { ...view, state: session.state, ...part };
    for (const listener of listeners) listener();
  };
  session.on('state', () => change({}));
  session.on('ended', (end) => change({ end, reconnecting: undefined, endingSoon: undefined }));
  watchStream(session, change);
  return {
    view: () => view,
    subscribe: (onChange) => {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
  };
}
