// Mouse and finger say how far to turn; a world turns at a rate. The angle still owed is paid off smoothly, so that
// it comes out right however often the world looks at the newest action.
import { clamp } from './intent.ts';

/** Degrees a second at a yaw of 1, in the gallery: 4.8 a frame at 25 fps. */
const TURN_DEG_PER_S = 120;
/** Most of a movement is paid off within this time. */
const SETTLE_S = 0.09;
/** More is not owed, so that the view stops soon after the hand does. */
const MOST_OWED_DEG = 75;
const NEGLIGIBLE_DEG = 0.15;

/** Adds a movement of `px` at `degPerPx` to what is owed, degrees. */
export function oweTurn(owedDeg: number, px: number, degPerPx: number): number {
  return Math.max(-MOST_OWED_DEG, Math.min(MOST_OWED_DEG, owedDeg + px * degPerPx));
}

/** The yaw to ask for during the next `dtMs`, and what is still owed after it. */
export function payTurn(owedDeg: number, dtMs: number): { readonly yaw: number; readonly owedDeg: number } {
  if (Math.abs(owedDeg) < NEGLIGIBLE_DEG) return { yaw: 0, owedDeg: 0 };
  const yaw = clamp(owedDeg / (TURN_DEG_PER_S * SETTLE_S));
  const paidDeg = yaw * TURN_DEG_PER_S * (dtMs / 1_000);
  const restDeg = owedDeg - paidDeg;
  return { yaw, owedDeg: Math.sign(restDeg) === Math.sign(owedDeg) ? restDeg : 0 };
}
