import { useEffect, useState } from 'react';

const REFRESH_MS = 250;

/** Time until `untilMs` (Unix ms), ms; never below 0. Undefined when there is no such time. */
export function useTimeLeftMs(untilMs: number | undefined): number | undefined {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return untilMs === undefined ? undefined : Math.max(0, untilMs - nowMs);
}
