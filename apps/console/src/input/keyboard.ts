// Keys by their place on the board (`KeyboardEvent.code`), so that WASD is where it is on every layout.
import { clamp, type Intent } from './intent.ts';

type Push = Partial<Record<'forward' | 'strafe' | 'yaw', number>>;

const PUSHES: Readonly<Record<string, Push>> = {
  KeyW: { forward: 1 },
  ArrowUp: { forward: 1 },
  KeyS: { forward: -1 },
  ArrowDown: { forward: -1 },
  KeyD: { strafe: 1 },
  KeyA: { strafe: -1 },
  KeyE: { yaw: 1 },
  ArrowRight: { yaw: 1 },
  KeyQ: { yaw: -1 },
  ArrowLeft: { yaw: -1 },
};

const SPRINT = new Set(['ShiftLeft', 'ShiftRight']);

export function isWalkingKey(code: string): boolean {
  return code in PUSHES || SPRINT.has(code);
}

/** `held`: codes of the keys that are down; opposite keys cancel out, two keys for one thing are one. */
export function keyboardIntent(held: ReadonlySet<string>): Intent {
  const sum = { forward: 0, strafe: 0, yaw: 0 };
  for (const code of held) {
    const { forward = 0, strafe = 0, yaw = 0 } = PUSHES[code] ?? {};
    sum.forward += forward;
    sum.strafe += strafe;
    sum.yaw += yaw;
  }
  return {
    forward: clamp(sum.forward),
    strafe: clamp(sum.strafe),
    yaw: clamp(sum.yaw),
    sprint: [...held].some((code) => SPRINT.has(code)),
  };
}
