import { useEffect, useState } from 'react';
import type { SessionState } from '@meridian/sdk';
import type { StreamView } from '../play/stream-view.ts';
import { durationText } from '../words/format.ts';
import { useTimeLeftMs } from './use-time-left.ts';

/** A move from a draining worker and a change of gateway are over before anybody could read about them. */
const NOTICEABLE_MS = 400;

/** While the stream is away: what is done about it, and for how long the place is kept. */
export function Interruption({
  view,
}: {
  view: Pick<StreamView, 'reconnecting'> & { readonly state: SessionState };
}) {
  const isAway = view.state === 'migrating' || view.state === 'held';
  const lasts = useLasts(isAway);
  if (!lasts) return null;
  if (view.state === 'migrating') {
    return (
      <p className="toast" role="status">
        Your world is moving to another worker. It goes on in a moment.
      </p>
    );
  }
  return <Held reconnecting={view.reconnecting} />;
}

function Held({ reconnecting }: Pick<StreamView, 'reconnecting'>) {
  const leftMs = useTimeLeftMs(reconnecting?.heldUntilMs);
  const what =
    reconnecting?.cause.code === 'owner_away'
      ? 'The device that shares this walk is away. Waiting for it'
      : 'Connection lost. Trying again';
  return (
    <p className="toast" role="status">
      {what}
      {leftMs === undefined ? '.' : `; your place is kept for another ${durationText(leftMs)}.`}
    </p>
  );
}

/** True once `on` has been so for a while. */
function useLasts(on: boolean): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    if (!on) return;
    const timer = setTimeout(() => setLasts(true), NOTICEABLE_MS);
    return () => {
      clearTimeout(timer);
      setLasts(false);
    };
  }, [on]);
  return on && lasts;
}
