import { STILL, type Intent } from './intent.ts';
import { withDeadZone } from './stick.ts';

/** How far the thumb goes from where it came down to full speed, CSS px. */
export const STICK_RADIUS_PX = 54;
/** Pulling farther than this share of the radius sprints. */
const SPRINT_AT = 1.45;
const DEAD_ZONE = 0.14;

/** The left thumb: a stick that is wherever the thumb came down. `dx` right, `dy` down, CSS px. */
export function thumbIntent(dx: number, dy: number): Intent {
  const walk = withDeadZone({ x: dx / STICK_RADIUS_PX, y: dy / STICK_RADIUS_PX }, DEAD_ZONE);
  if (walk.x === 0 && walk.y === 0) return STILL;
  return {
    forward: -walk.y,
    strafe: walk.x,
    yaw: 0,
    sprint: Math.hypot(dx, dy) > STICK_RADIUS_PX * SPRINT_AT,
  };
}

/** Where to draw the knob: with the thumb, but not out of the ring. */
export function knobAt(dx: number, dy: number): { readonly x: number; readonly y: number } {
  const length = Math.hypot(dx, dy);
  const scale = length > STICK_RADIUS_PX ? STICK_RADIUS_PX / length : 1;
  return { x: dx * scale, y: dy * scale };
}
