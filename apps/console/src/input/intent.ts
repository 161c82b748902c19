// What a player wants, whatever device says it. Every device writes its own intent; they are added up and clamped.
import type { ActionInput } from '@meridian/sdk';

/** All in [-1, 1]: positive is forward, right, a turn to the right. */
export interface Intent {
  readonly forward: number;
  readonly strafe: number;
  readonly yaw: number;
  readonly sprint: boolean;
}

export const STILL: Intent = { forward: 0, strafe: 0, yaw: 0, sprint: false };

export function combine(intents: readonly Intent[]): Intent {
  const sum = (axis: 'forward' | 'strafe' | 'yaw'): number =>
    clamp(intents.reduce((total, intent) => total + intent[axis], 0));
  return {
    forward: sum('forward'),
    strafe: sum('strafe'),
    yaw: sum('yaw'),
    sprint: intents.some(({ sprint }) => sprint),
  };
}

/** Rounded to a thousandth, so that a resting stick's noise is not a new action every time. */
export function toAction({ forward, strafe, yaw, sprint }: Intent): ActionInput {
  return {
    axes: { forward: round(forward), strafe: round(strafe), yaw: round(yaw) },
    buttons: sprint ? ['sprint'] : [],
  };
}

export function isStill({ forward, strafe, yaw }: Intent): boolean {
  return forward === 0 && strafe === 0 && yaw === 0;
}

export function sameIntent(a: Intent, b: Intent): boolean {
  return a.forward === b.forward && a.strafe === b.strafe && a.yaw === b.yaw && a.sprint === b.sprint;
}

export function clamp(value: number): number {
  return Math.max(-1, Math.min(1, value));
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
