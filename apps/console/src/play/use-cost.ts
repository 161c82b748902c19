import { useEffect, useRef, useState } from 'react';
import { costNow } from './cost.ts';
import type { SessionView } from './session-view.ts';

const TICK_MS = 80;

/** The ticking cost, nano-pounds. It never runs backwards, except to the final figure. */
export function useCost({ usage, usageAtMs, state }: SessionView): bigint {
  const [shown, setShown] = useState(0n);
  const largest = useRef(0n);
  useEffect(() => {
    const running = state === 'active';
    const tick = (): void => {
      const cost = costNow(usage, performance.now() - usageAtMs, running);
      largest.current = usage?.final || cost > largest.current ? cost : largest.current;
      setShown(largest.current);
    };
    tick();
    if (!running) return;
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, [usage, usageAtMs, state]);
  return shown;
}
