import { useEffect, useState } from 'react';
import type { SessionView } from '../play/session-view.ts';
import { durationText } from '../words/format.ts';

/** While the stream is away: what is done about it, and for how long the place is kept. */
export function Interruption({ view }: { view: SessionView }) {
  if (view.state === 'migrating') {
    return (
      <p className="toast" role="status">
        The worker was lost. Your walk goes on at another one in a moment.
      </p>
    );
  }
  return view.state === 'held' ? <Held heldUntilMs={view.reconnecting?.heldUntilMs} /> : null;
}

function Held({ heldUntilMs }: { heldUntilMs: number | undefined }) {
  const leftMs = useTimeLeftMs(heldUntilMs);
  return (
    <p className="toast" role="status">
      Connection lost. Trying again
      {leftMs === undefined ? '.' : `; your place is kept for another ${durationText(leftMs)}.`}
    </p>
  );
}

function useTimeLeftMs(untilMs: number | undefined): number | undefined {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return untilMs === undefined ? undefined : Math.max(0, untilMs - nowMs);
}
