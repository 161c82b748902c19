import type { SessionEvents } from '../session-events.ts';

interface Emits<Events> {
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void;
}

/** The next `event` of a session. */
export function once<E extends keyof SessionEvents>(
  from: Emits<Pick<SessionEvents, E>>,
  event: E,
): Promise<SessionEvents[E]> {
  return new Promise((resolve) => {
    const stop = from.on(event, (payload) => {
      stop();
      resolve(payload);
    });
  });
}
