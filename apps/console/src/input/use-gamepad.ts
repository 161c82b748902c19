import { useEffect } from 'react';
import type { Controls } from './controls.ts';
import { gamepadIntent } from './gamepad.ts';

/** Gamepads have no events for their sticks, so they are read on every turn of the action loop. */
export function useGamepad(controls: Controls, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    return controls.poll('gamepad', () => {
      const pad = navigator.getGamepads().find((one) => one?.connected && one.mapping === 'standard');
      return pad ? gamepadIntent(pad) : undefined;
    });
  }, [controls, active]);
}
