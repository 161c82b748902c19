/** A stick's or thumb's deflection, each axis in [-1, 1]: x to the right, y down. */
export interface Deflection {
  readonly x: number;
  readonly y: number;
}

/** Nothing inside the dead zone, then from 0 at its rim to 1 at full deflection, in the same direction. */
export function withDeadZone({ x, y }: Deflection, deadZone: number): Deflection {
  const length = Math.hypot(x, y);
  if (length <= deadZone) return { x: 0, y: 0 };
  const scale = (Math.min(1, length) - deadZone) / (1 - deadZone) / length;
  return { x: x * scale, y: y * scale };
}
