import type { MeridianSession } from '@meridian/sdk';
import { useEffect, useMemo, useState, type RefObject } from 'react';
import { BEAT_MS, Controls } from './controls.ts';
import { useGamepad } from './use-gamepad.ts';
import { useKeyboard } from './use-keyboard.ts';
import { useMouseLook } from './use-mouse-look.ts';
import { useTouch, type Thumb } from './use-touch.ts';

interface Wired {
  readonly controls: Controls;
  readonly thumb: Thumb | undefined;
  /** Something was moved. */
  readonly used: boolean;
}

/** All devices, wired to one session while `active`. */
export function useControls(
  session: Pick<MeridianSession, 'send'>,
  surface: RefObject<HTMLElement | null>,
  active: boolean,
): Wired {
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
  return { controls, thumb, used };
}
