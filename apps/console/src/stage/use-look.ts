import { useCallback, useState } from 'react';
import type { Look } from './frame-painter.ts';

const STORE = 'meridian.look';

/** Smooth or hard pixels, remembered by this browser. */
export function useLook(): readonly [Look, () => void] {
  const [look, setLook] = useState<Look>(() =>
    localStorage.getItem(STORE) === 'pixels' ? 'pixels' : 'smooth',
  );
  const toggle = useCallback(() => {
    setLook((known) => {
      const next = known === 'pixels' ? 'smooth' : 'pixels';
      localStorage.setItem(STORE, next);
      return next;
    });
  }, []);
  return [look, toggle];
}
