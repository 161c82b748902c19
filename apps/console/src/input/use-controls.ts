import type { MeridianSession } from '@meridian/sdk';
import { useEffect, useMemo, useState, type RefObject } from 'react';
import { BEAT_MS, Controls } from './controls.ts';
import { useGamepad } from './use-gamepad.ts';
import { useKeyboard } from './use-keyboard.ts';
import { useMouseLook } from './use-mouse-look.ts';
import { useTouch, type Thumb } from './use-touch.ts';

/** All devices, wired to one session while `active`. */
export function useControls(
  session: MeridianSession,
  surface: RefObject<HTMLElement | null>,
  active: boolean,
): { readonly thumb: Thumb | undefined; readonly used: boolean } {
  const [used, setUsed] = useState(false);
  const controls = useMemo(
    () =>
      new Controls(
        (action) => session.send(action),
        () => setUsed(true),
      ),
    [session],
  );
  useKeyboard(controls, active);
  useMouseLook(surface, controls, active);
  useGamepad(controls, active);
  const thumb = useTouch(surface, controls, active);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => controls.beat(), BEAT_MS);
    return () => clearInterval(timer);
  }, [controls, active]);
  return { thumb, used };
}
