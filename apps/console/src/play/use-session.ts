import type { MeridianSession, StatsSnapshot } from '@meridian/sdk';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { watchSession, type SessionView } from './session-view.ts';
import type { StreamSource } from './stream-view.ts';

const REFRESH_MS = 250;

export function useSession(session: MeridianSession): SessionView {
  const store = useMemo(() => watchSession(session, () => performance.now()), [session]);
  return useSyncExternalStore(store.subscribe, store.view);
}

/** The stream's figures, four times a second: often enough to follow, slow enough to read. */
export function useStats(session: StreamSource): StatsSnapshot {
  const [stats, setStats] = useState(() => session.stats);
  useEffect(() => {
    const timer = setInterval(() => setStats(session.stats), REFRESH_MS);
    return () => clearInterval(timer);
  }, [session]);
  return stats;
}
