// What the page shows of a session, as one immutable value that changes with the session's events.
import type { MeridianSession, QueuePlace, Session, SessionEnd, SessionState, Usage } from '@meridian/sdk';
import { UNSEEN, watchStream, type StreamView } from './stream-view.ts';

export interface SessionView extends StreamView {
  readonly state: SessionState;
  readonly info: Session;
  readonly region: string | undefined;
  readonly epoch: number;
  readonly queue: QueuePlace | undefined;
  readonly usage: Usage | undefined;
  /** Page clock at which `usage` came, ms. */
  readonly usageAtMs: number;
  readonly end: SessionEnd | undefined;
}

export interface Store<View> {
  readonly subscribe: (onChange: () => void) => () => void;
  readonly view: () => View;
}

/** `nowMs`: the page's clock. The store listens while someone is subscribed. */
export function watchSession(session: MeridianSession, nowMs: () => number): Store<SessionView> {
  let view: SessionView = {
    ...{ state: session.state, info: session.info, region: session.region, epoch: session.epoch },
    ...{ queue: session.info.queue, usage: session.usage, usageAtMs: nowMs() },
    ...{ ...UNSEEN, end: undefined },
  };
  const listeners = new Set<() => void>();
  const change = (part: Partial<SessionView>): void => {
    const { state, info, region, epoch } = session;
    view = { ...view, state, info, region, epoch, ...part };
    for (const listener of listeners) listener();
  };
  session.on('state', () => change({}));
  session.on('queue', (queue) => change({ queue }));
  watchStream(session, change);
  session.on('usage', (usage) => change({ usage, usageAtMs: nowMs() }));
  session.on('ended', (end) => change({ end, reconnecting: undefined, endingSoon: undefined }));
  return {
    view: () => view,
    subscribe: (onChange) => {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
  };
}
