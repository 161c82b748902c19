import type { Intent } from './intent.ts';
import { withDeadZone } from './stick.ts';

/** What is read of a gamepad with the standard mapping (https://w3c.github.io/gamepad/#remapping). */
export interface PadReading {
  readonly axes: readonly number[];
  readonly buttons: readonly { readonly pressed: boolean; readonly value: number }[];
}

const DEAD_ZONE = 0.16;
/** A, left stick pressed, right trigger. */
const SPRINT_BUTTONS = [0, 10, 7];
const [DPAD_UP, DPAD_DOWN, DPAD_LEFT, DPAD_RIGHT] = [12, 13, 14, 15];

/** Left stick or cross walks, right stick turns. Turning is squared, so that small corrections are easy. */
export function gamepadIntent({ axes, buttons }: PadReading): Intent {
  const walk = withDeadZone({ x: axes[0] ?? 0, y: axes[1] ?? 0 }, DEAD_ZONE);
  const turn = withDeadZone({ x: axes[2] ?? 0, y: 0 }, DEAD_ZONE).x;
  const down = (index: number): number => (buttons[index]?.pressed ? 1 : 0);
  return {
    forward: -walk.y + down(DPAD_UP) - down(DPAD_DOWN),
    strafe: walk.x + down(DPAD_RIGHT) - down(DPAD_LEFT),
    yaw: Math.sign(turn) * turn ** 2,
    sprint: SPRINT_BUTTONS.some((index) => (buttons[index]?.value ?? 0) > 0.5),
  };
}
